//! The codec against itself, against the `kafka-protocol` crate and against malformed bytes.

#![allow(clippy::wildcard_imports, reason = "every message is visited")]

mod golden;
mod malformed;
mod oracle;
mod random;
mod round_trip;
#[path = "../generated/samples.rs"]
#[allow(clippy::all, clippy::pedantic, reason = "generated code is uniform rather than idiomatic")]
mod samples;
mod support;
#[path = "../../src/varint.rs"]
#[allow(unreachable_pub, reason = "the library's own file, for its tests")]
mod varint;
