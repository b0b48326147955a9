//! One connection that writes, with several requests unanswered at once.

use std::collections::VecDeque;
use std::future;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::LoadError;
use crate::frames;
use crate::job::Produce;
use crate::measured::Tally;
use crate::run::{Phase, WRITTEN};

/// Frames up to this size are put together before they are sent.
const TOGETHER_BYTES_MAX: usize = 16 << 10;

/// A connection and what it waits for.
struct Producer {
    stream: TcpStream,
    phase: Rc<Phase>,
    frames: Vec<Vec<u8>>,
    batch_bytes: u64,
    values_bytes: u64,
    window: usize,
    /// Requests that are unanswered, oldest first: id and when it was sent or due.
    waiting: VecDeque<(i32, Duration)>,
    sent: u64,
    started: Duration,
    /// Seconds from one request to the next, if there is a rate.
    interval: Option<f64>,
    partition: usize,
    outbox: Vec<u8>,
    inbox: Vec<u8>,
    tally: Tally,
}

/// Writes until the phase ends, then waits for the last answers.
pub(crate) async fn run(
    stream: TcpStream,
    work: Produce,
    number: usize,
    phase: Rc<Phase>,
) -> Result<Tally, LoadError> {
    let mut producer = Producer::new(stream, &work, number, phase);
    producer.drive().await?;
    Ok(producer.tally)
}

impl Producer {
    #[expect(clippy::cast_precision_loss, reason = "a few connections")]
    fn new(stream: TcpStream, work: &Produce, number: usize, phase: Rc<Phase>) -> Self {
        let frames = frames::produce(work, phase.now_ms());
        let extra = usize::from(number < work.in_flight % work.connections);
        let interval = work.rate.map(|rate| work.connections as f64 / rate);
        // Connections with a rate take their turns evenly.
        let lead = interval.map_or(0.0, |seconds| seconds * number as f64 / work.connections as f64);
        Self {
            stream,
            batch_bytes: frames[0].len() as u64 - frames::produce_overhead(&work.topic),
            values_bytes: (work.records * work.value_bytes) as u64,
            window: work.in_flight / work.connections + extra,
            waiting: VecDeque::new(),
            sent: 0,
            started: phase.now() + Duration::from_secs_f64(lead),
            interval,
            partition: number * frames.len() / work.connections,
            frames,
            outbox: Vec::new(),
            inbox: Vec::new(),
            tally: Tally::default(),
            phase,
        }
    }

    async fn drive(&mut self) -> Result<(), LoadError> {
        loop {
            let next = self.send().await?;
            if self.phase.is_ending() && self.waiting.is_empty() {
                return Ok(());
            }
            let wake = async {
                match next {
                    Some(due) => tokio::time::sleep(due.saturating_sub(self.phase.now())).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                biased;
                read = self.stream.read_buf(&mut self.inbox) => {
                    if read? == 0 {
                        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
                    }
                    self.take_answers()?;
                }
                () = wake => {}
            }
        }
    }

    /// Sends what may be sent now; when the next request is due if nothing else is waited for.
    async fn send(&mut self) -> Result<Option<Duration>, LoadError> {
        while self.waiting.len() < self.window && !self.phase.is_ending() {
            let now = self.phase.now();
            let due = self.due();
            if due.is_some_and(|due| due > now) {
                break;
            }
            self.put(due.unwrap_or(now)).await?;
        }
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            self.outbox.clear();
        }
        let has_room = self.waiting.len() < self.window && !self.phase.is_ending();
        Ok(if has_room { self.due() } else { None })
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement are far below 2^52")]
    fn due(&self) -> Option<Duration> {
        self.interval.map(|seconds| self.started + Duration::from_secs_f64(seconds * self.sent as f64))
    }

    async fn put(&mut self, at: Duration) -> Result<(), LoadError> {
        let id = self.sent as i32;
        let frame = &mut self.frames[self.partition];
        frames::correlate(frame, id);
        if frame.len() <= TOGETHER_BYTES_MAX {
            self.outbox.extend_from_slice(frame);
        } else {
            self.stream.write_all(frame).await?;
        }
        self.partition = (self.partition + 1) % self.frames.len();
        self.waiting.push_back((id, at));
        self.sent += 1;
        Ok(())
    }

    fn take_answers(&mut self) -> Result<(), LoadError> {
        let now = self.phase.now();
        let mut at = 0;
        while let Some((length, rest)) = self.inbox[at..].split_first_chunk::<4>() {
            let length = i32::from_be_bytes(*length) as usize;
            let Some(answer) = rest.get(..length) else { break };
            let (id, sent_at) = self.waiting.pop_front().ok_or(LoadError::Answer("nobody asked"))?;
            if frames::produced(answer)? != id {
                return Err(LoadError::Answer("it answers another request"));
            }
            at += 4 + length;
            let bytes = &self.phase.bytes[WRITTEN];
            bytes.set(bytes.get() + self.values_bytes);
            if self.phase.is_measuring() {
                self.tally.latencies.record(now.saturating_sub(sent_at));
                self.tally.bytes += self.batch_bytes;
            }
        }
        self.inbox.drain(..at);
        Ok(())
    }
}
