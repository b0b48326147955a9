//! The committer over a simulated disk.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod inspect;
mod model;
mod replay;
mod rounds;
mod support;
