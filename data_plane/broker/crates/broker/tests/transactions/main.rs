//! Transactions, spoken byte by byte with the real process: both protocols, what consumers see, and kills between any two steps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod administration;
mod calls;
mod fencing;
mod kills;
mod offsets;
#[path = "../storage/calls.rs"]
#[allow(dead_code, reason = "shared with the tests of storage")]
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod visibility;
