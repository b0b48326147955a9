//! Access rules, spoken byte by byte with the real process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod administration;
mod effects;
mod matrix;
mod probes;
mod rules;
#[path = "../support/mod.rs"]
mod support;
