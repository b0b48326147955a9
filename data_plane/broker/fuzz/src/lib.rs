//! What a broker does with bytes that nobody meant.
//!
//! A [`Target`] takes bytes at one entrance and panics where the broker breaks a promise: it panics itself, it answers what is no
//! answer, or it takes more memory than what came in justifies. libFuzzer drives the targets with coverage (`make fuzz`); tests try the
//! kept corpora and ten seconds of their mutations without.

#![allow(clippy::panic, reason = "a target that breaks a promise panics: that is what a fuzzer looks for")]
#![allow(clippy::wildcard_imports, reason = "every message is visited")]

mod allowance;
mod clock;
pub mod corpus;
mod mutate;
pub mod runner;
pub mod seeds;
mod setting;
mod targets;

#[path = "../../crates/protocol/tests/codec/random.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use more of it")]
mod random;
#[path = "../../crates/protocol/tests/generated/samples.rs"]
#[allow(clippy::all, clippy::pedantic, reason = "generated code is uniform rather than idiomatic")]
mod samples;
#[path = "../../crates/security/tests/support/mod.rs"]
mod support;

pub use allowance::{Allowance, Figures};
pub use targets::{CONTROLS, TARGETS, Target, find};

/// Longest input that is tried, in bytes; `tools/fuzz.py` tells libFuzzer.
pub const INPUT_BYTES_MAX: usize = 4096;

/// Counts what the process has allocated; C code (zstd) allocates beside it, within its window.
#[global_allocator]
static ALLOCATED: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
