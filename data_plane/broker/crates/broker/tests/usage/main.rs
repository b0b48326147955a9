//! Usage windows: what clients do, as the control plane is told of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

#[path = "../storage/calls.rs"]
#[allow(dead_code, reason = "shared with the tests of the storage")]
mod calls;
mod counting;
mod files;
mod kills;
mod meter;
mod requests;
#[path = "../support/mod.rs"]
mod support;
