//! Who gets in at all, and how far: states of the cluster, ends of sessions, listeners, networks, places before a login.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod calls;
mod certificates;
mod client_certificates;
mod connecting;
mod issuers;
mod memory;
mod refusals;
mod rotation;
#[path = "../../../security/tests/support/mod.rs"]
mod sasl;
mod secure_calls;
mod sessions;
mod states;
#[path = "../support/mod.rs"]
mod support;
