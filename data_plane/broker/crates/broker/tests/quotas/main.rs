//! Quotas and rates of plans, spoken byte by byte with the real process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod calls;
mod changes;
mod connecting;
mod plans;
#[path = "../support/mod.rs"]
mod support;
mod throttling;
