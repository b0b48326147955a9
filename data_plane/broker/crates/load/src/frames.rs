//! Requests made once and sent often, and their answers.
//!
//! Shapes: Produce version 7, Fetch version 4, record batch version 2 (Kafka's message definitions, KIP-98).

use headrace_records::{BatchBuilder, builder::NewRecord};

use crate::error::LoadError;
use crate::job::Produce;
use crate::wire::{Put as _, Take};

/// Where the correlation id stands in a frame, its length included.
const CORRELATION_AT: usize = 8;
const PRODUCE: i16 = 0;
const FETCH: i16 = 1;
const PRODUCE_VERSION: i16 = 7;
const FETCH_VERSION: i16 = 4;
const CLIENT_ID: &str = "headrace-load";
const TIMEOUT_MS: i32 = 30_000;
/// How long a consumer at the end waits for more.
const FETCH_WAIT_MS: i32 = 500;
/// Base offset and length of a batch.
const BATCH_PREFIX_BYTES: usize = 12;

/// Gives a frame another correlation id.
pub(crate) fn correlate(frame: &mut [u8], id: i32) {
    frame[CORRELATION_AT..CORRELATION_AT + 4].copy_from_slice(&id.to_be_bytes());
}

/// One produce request for each partition.
pub(crate) fn produce(work: &Produce, now_ms: i64) -> Vec<Vec<u8>> {
    let batch = batch(work, work.timestamp_ms.unwrap_or(now_ms));
    (0..work.partitions).map(|partition| produce_frame(&work.topic, partition, &batch)).collect()
}

fn batch(work: &Produce, timestamp: i64) -> Vec<u8> {
    // Bytes that no codec and no file system makes smaller.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut value = Vec::with_capacity(work.value_bytes);
    let mut builder = BatchBuilder::new();
    for _ in 0..work.records {
        value.clear();
        for _ in 0..work.value_bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            value.push(state as u8);
        }
        builder = builder.record(NewRecord { timestamp, key: None, value: Some(&value), headers: &[] });
    }
    builder.build()
}

fn produce_frame(topic: &str, partition: i32, batch: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(batch.len() + 100);
    body.put_i16(-1);
    body.put_i16(-1);
    body.put_i32(TIMEOUT_MS);
    body.put_i32(1);
    body.put_text(topic);
    body.put_i32(1);
    body.put_i32(partition);
    body.put_i32(batch.len() as i32);
    body.extend_from_slice(batch);
    frame(PRODUCE, PRODUCE_VERSION, &body)
}

/// Bytes of a produce frame that are not its batch.
pub(crate) fn produce_overhead(topic: &str) -> u64 {
    produce_frame(topic, 0, &[]).len() as u64
}

/// A fetch request of one partition.
pub(crate) fn fetch(topic: &str, partition: i32, offset: i64, bytes: i32) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_i32(-1);
    body.put_i32(FETCH_WAIT_MS);
    body.put_i32(1);
    body.put_i32(bytes);
    body.push(0);
    body.put_i32(1);
    body.put_text(topic);
    body.put_i32(1);
    body.put_i32(partition);
    body.put_i64(offset);
    body.put_i32(bytes);
    frame(FETCH, FETCH_VERSION, &body)
}

fn frame(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 64);
    frame.put_i32(0);
    frame.put_i16(key);
    frame.put_i16(version);
    frame.put_i32(0);
    frame.put_text(CLIENT_ID);
    frame.extend_from_slice(body);
    let length = (frame.len() - 4) as i32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

/// Checks the answer to a produce request, without its length; the correlation id.
pub(crate) fn produced(answer: &[u8]) -> Result<i32, LoadError> {
    let mut take = Take(answer);
    let correlation = take.i32()?;
    take.one()?;
    take.text()?;
    take.one()?;
    take.i32()?;
    match take.i16()? {
        0 => Ok(correlation),
        code => Err(LoadError::Refused { what: "Produce", code }),
    }
}

/// What a fetch brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Bytes of whole batches.
    pub(crate) bytes: u64,
    /// Offset after the last whole batch; none if there was none.
    pub(crate) next_offset: Option<i64>,
}

/// Reads the answer to a fetch request, without its length.
pub(crate) fn fetched(answer: &[u8]) -> Result<Fetched, LoadError> {
    let mut take = Take(answer);
    take.i32()?;
    take.i32()?;
    take.one()?;
    take.text()?;
    take.one()?;
    take.i32()?;
    let code = take.i16()?;
    if code != 0 {
        return Err(LoadError::Refused { what: "Fetch", code });
    }
    take.i64()?;
    take.i64()?;
    let aborted = take.i32()?;
    for _ in 0..aborted.max(0) {
        take.bytes(16)?;
    }
    let length = usize::try_from(take.i32()?).unwrap_or(0);
    whole_batches(take.bytes(length)?)
}

fn whole_batches(mut records: &[u8]) -> Result<Fetched, LoadError> {
    let mut fetched = Fetched { bytes: 0, next_offset: None };
    while let Some(prefix) = records.get(..BATCH_PREFIX_BYTES) {
        let mut take = Take(prefix);
        let base_offset = take.i64()?;
        let length = usize::try_from(take.i32()?).map_err(|_| LoadError::Answer("a negative length"))?;
        let Some(batch) = records.get(..BATCH_PREFIX_BYTES + length) else { break };
        let mut rest = Take(&batch[BATCH_PREFIX_BYTES..]);
        rest.bytes(11)?;
        fetched.next_offset = Some(base_offset + i64::from(rest.i32()?) + 1);
        fetched.bytes += batch.len() as u64;
        records = &records[batch.len()..];
    }
    Ok(fetched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_batches_are_counted_and_a_partial_one_is_not() {
        let first = BatchBuilder::new().base_offset(5).value(b"a").value(b"b").build();
        let second = BatchBuilder::new().base_offset(7).value(b"c").build();
        let bytes = (first.len() + second.len()) as u64;
        let mut records = [first, second].concat();
        assert_eq!(whole_batches(&records).unwrap(), Fetched { bytes, next_offset: Some(8) });
        records.truncate(records.len() - 1);
        assert_eq!(whole_batches(&records).unwrap().next_offset, Some(7));
        assert_eq!(whole_batches(&[]).unwrap(), Fetched { bytes: 0, next_offset: None });
    }

    #[test]
    fn an_error_in_an_answer_is_told() {
        let mut answer = Vec::new();
        answer.put_i32(9);
        answer.put_i32(1);
        answer.put_text("t");
        answer.put_i32(1);
        answer.put_i32(0);
        answer.put_i16(0);
        assert_eq!(produced(&answer).unwrap(), 9);
        let code = answer.len() - 2;
        answer[code..].copy_from_slice(&56_i16.to_be_bytes());
        assert!(matches!(produced(&answer), Err(LoadError::Refused { code: 56, .. })));
        assert!(matches!(produced(&answer[..code]), Err(LoadError::Answer(_))));
    }

    #[test]
    fn a_frame_says_its_length_and_takes_an_id() {
        let mut frame = fetch("topic", 3, 42, 1_000);
        assert_eq!(frame[..4], ((frame.len() - 4) as i32).to_be_bytes());
        correlate(&mut frame, 0x0102_0304);
        assert_eq!(frame[8..12], [1, 2, 3, 4]);
    }
}
