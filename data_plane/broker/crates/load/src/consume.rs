//! One connection that reads, one request after the other.

use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::LoadError;
use crate::frames;
use crate::job::{AtEnd, Consume};
use crate::measured::Tally;
use crate::run::{Phase, READ};

/// An answer may be longer than what was asked for by one batch and its head.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Reads the partitions in turn until the phase ends.
pub(crate) async fn run(
    mut stream: TcpStream,
    work: Consume,
    number: usize,
    phase: Rc<Phase>,
) -> Result<Tally, LoadError> {
    let mut offsets = vec![0_i64; work.partitions as usize];
    let mut partition = number % offsets.len();
    let mut answer = Vec::new();
    let mut tally = Tally::default();
    while !phase.is_ending() {
        let frame = frames::fetch(&work.topic, partition as i32, offsets[partition], work.fetch_bytes);
        let asked_at = phase.now();
        stream.write_all(&frame).await?;
        let length = stream.read_i32().await?;
        let length = usize::try_from(length).ok().filter(|length| *length <= ANSWER_BYTES_MAX);
        answer.resize(length.ok_or(LoadError::Answer("its length is impossible"))?, 0);
        stream.read_exact(&mut answer).await?;
        let fetched = frames::fetched(&answer)?;
        match fetched.next_offset {
            Some(next) => {
                offsets[partition] = next;
                let bytes = &phase.bytes[READ];
                bytes.set(bytes.get() + fetched.bytes);
                if phase.is_measuring() {
                    tally.latencies.record(phase.now().saturating_sub(asked_at));
                    tally.bytes += fetched.bytes;
                }
            }
            None if work.at_end == AtEnd::Rewind => offsets[partition] = 0,
            None => {}
        }
        partition = (partition + 1) % offsets.len();
    }
    Ok(tally)
}
