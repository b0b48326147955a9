//! Tests of the log over the simulated disk.

#![expect(clippy::unwrap_used, reason = "helpers of tests lie outside #[test] functions")]

mod cold;
mod compaction;
mod fork;
mod inspect;
mod model;
mod partition;
mod recovery;
mod support;
mod transactions;
mod unreadable;
