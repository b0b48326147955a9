//! Topics, producing and fetching, spoken byte by byte with the real process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod administration;
mod calls;
mod compaction;
mod configurations;
mod deletion;
mod durability;
mod fetching;
mod formats;
mod idempotence;
mod inspection;
mod offsets;
mod one_broker;
mod producing;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod versions;
