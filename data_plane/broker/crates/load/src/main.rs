//! Load over the raw Kafka protocol: takes one job as JSON, runs it, prints what it measured as JSON.
//!
//! One thread sends frames that were made beforehand, so that on a machine with few cores the load takes as little as it
//! can from the broker beside it. `bench/broker` says which jobs there are.

mod consume;
mod error;
mod frames;
mod histogram;
mod job;
mod measured;
mod process;
mod produce;
mod run;
mod wire;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::error::LoadError;
use crate::job::Job;

const USAGE: &str = "usage: headrace-load JOB, where JOB is a JSON document (crates/load/src/job.rs)";

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1) {
        Some(text) => measure(&text),
        None => Err(LoadError::Job(USAGE.to_owned())),
    };
    let (written, status) = match outcome {
        Ok(line) => (writeln!(io::stdout(), "{line}"), ExitCode::SUCCESS),
        Err(error) => (writeln!(io::stderr(), "headrace-load: {error}"), ExitCode::FAILURE),
    };
    if written.is_ok() { status } else { ExitCode::FAILURE }
}

fn measure(text: &str) -> Result<String, LoadError> {
    let job: Job = serde_json::from_str(text).map_err(|error| LoadError::Job(error.to_string()))?;
    job.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = tokio::task::LocalSet::new().block_on(&runtime, run::run(&job))?;
    serde_json::to_string(&measured).map_err(|error| LoadError::Job(error.to_string()))
}
