//! A job from its first connection to its figures.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use headrace_io::{Clock as _, SystemClock};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::consume;
use crate::error::LoadError;
use crate::job::Job;
use crate::measured::{Measured, Tally};
use crate::process::Snapshot;
use crate::produce;

/// How often it is looked whether a job that is bounded in bytes is done.
const CHECK_EVERY: Duration = Duration::from_millis(5);

/// What all connections of a job share.
#[derive(Debug)]
pub(crate) struct Phase {
    clock: SystemClock,
    measuring: Cell<bool>,
    ending: Cell<bool>,
    /// Bytes written and read so far, warm-up included.
    pub(crate) bytes: [Cell<u64>; 2],
}

impl Phase {
    pub(crate) fn now(&self) -> Duration {
        self.clock.mono()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    pub(crate) fn is_measuring(&self) -> bool {
        self.measuring.get()
    }

    /// Whether nothing more is to be asked.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get()
    }
}

/// The index of what is written in [`Phase::bytes`]; what is read comes next.
pub(crate) const WRITTEN: usize = 0;
/// The index of what is read in [`Phase::bytes`].
pub(crate) const READ: usize = 1;

/// Runs the job.
pub(crate) async fn run(job: &Job) -> Result<Measured, LoadError> {
    let phase = Rc::new(Phase {
        clock: SystemClock::new(),
        measuring: Cell::new(false),
        ending: Cell::new(false),
        bytes: [Cell::new(0), Cell::new(0)],
    });
    let mut producers = Vec::new();
    if let Some(work) = &job.produce {
        for number in 0..work.connections {
            let stream = connect(job).await?;
            producers.push(tokio::task::spawn_local(produce::run(
                stream,
                work.clone(),
                number,
                Rc::clone(&phase),
            )));
        }
    }
    let mut consumers = Vec::new();
    if let Some(work) = &job.consume {
        for number in 0..work.connections {
            let stream = connect(job).await?;
            consumers.push(tokio::task::spawn_local(consume::run(
                stream,
                work.clone(),
                number,
                Rc::clone(&phase),
            )));
        }
    }
    let all: Vec<&JoinHandle<_>> = producers.iter().chain(&consumers).collect();
    pass(job.warmup(), job, &phase, &all).await;
    let before = (Snapshot::take(Some(job.pid))?, Snapshot::take(None)?, phase.now());
    phase.measuring.set(true);
    pass(job.measured(), job, &phase, &all).await;
    phase.measuring.set(false);
    let seconds = phase.now().saturating_sub(before.2).as_secs_f64();
    let after = (Snapshot::take(Some(job.pid))?, Snapshot::take(None)?);
    phase.ending.set(true);
    let (written, read) = (joined(producers).await?, joined(consumers).await?);
    if written.latencies.count() + read.latencies.count() == 0 {
        return Err(LoadError::Nothing);
    }
    Ok(Measured {
        seconds,
        produce: job.produce.as_ref().map(|_| written.flow(seconds)),
        consume: job.consume.as_ref().map(|_| read.flow(seconds)),
        broker: after.0.since(&before.0),
        load: after.1.since(&before.1),
    })
}

async fn connect(job: &Job) -> Result<TcpStream, LoadError> {
    let stream = TcpStream::connect(job.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Lets time pass: all of it, or until the bytes that were asked for went, or until a connection failed.
async fn pass(
    span: Duration,
    job: &Job,
    phase: &Phase,
    connections: &[&JoinHandle<Result<Tally, LoadError>>],
) {
    let until = phase.now() + span;
    let wanted =
        [job.produce.as_ref().and_then(|work| work.bytes), job.consume.as_ref().and_then(|work| work.bytes)];
    let done = || wanted.iter().zip(&phase.bytes).any(|(most, bytes)| most.is_some_and(|m| bytes.get() >= m));
    while phase.now() < until && !done() && !connections.iter().any(|each| each.is_finished()) {
        tokio::time::sleep(CHECK_EVERY.min(until.saturating_sub(phase.now()))).await;
    }
}

async fn joined(tasks: Vec<JoinHandle<Result<Tally, LoadError>>>) -> Result<Tally, LoadError> {
    let mut total = Tally::default();
    for task in tasks {
        let tally = task.await.map_err(|error| LoadError::Io(std::io::Error::other(error)))??;
        total.add(&tally);
    }
    Ok(total)
}
