//! What a log should hold, in the simplest way to say it.

use headrace_records::BatchBuilder;

/// A batch that was appended.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) base_offset: i64,
    pub(crate) end_offset: i64,
    /// As it was sent; the log changes its first 16 bytes alone.
    pub(crate) sent: Vec<u8>,
    pub(crate) producer: Option<usize>,
}

/// Batches in order. Below `acked` they were acknowledged, below `start` they are not wanted any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) batches: Vec<Batch>,
    pub(crate) acked: i64,
    pub(crate) start: i64,
    end: i64,
    next_sequence: [i32; PRODUCERS],
    payloads: u32,
}

pub(crate) const PRODUCERS: usize = 3;
/// Where what the producer sent begins to be kept as it was.
const KEPT_FROM: usize = 16;

impl Model {
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// The next batch of a producer, or of nobody.
    pub(crate) fn next_batch(&mut self, producer: Option<usize>, records: usize, bytes: usize) -> Vec<u8> {
        let mut builder = BatchBuilder::new();
        if let Some(producer) = producer {
            builder = builder.producer(producer as i64, 0, self.next_sequence[producer]);
        }
        for _ in 0..records {
            self.payloads += 1;
            let mut payload = self.payloads.to_be_bytes().to_vec();
            payload.resize(4 + bytes, 0xa5);
            builder = builder.value(&payload);
        }
        builder.build()
    }

    pub(crate) fn appended(&mut self, sent: Vec<u8>, producer: Option<usize>, records: usize) {
        let base_offset = self.end;
        self.end += records as i64;
        if let Some(producer) = producer {
            self.next_sequence[producer] += records as i32;
        }
        self.batches.push(Batch { base_offset, end_offset: self.end, sent, producer });
    }

    /// The log came back and ends at `end`: that keeps what was acknowledged, and cuts between batches.
    pub(crate) fn came_back(&mut self, end: i64) {
        assert!(end >= self.acked, "acknowledged up to {}, found {end}", self.acked);
        assert!(end <= self.end, "phantoms: appended up to {}, found {end}", self.end);
        while self.batches.last().is_some_and(|last| last.end_offset > end) {
            let lost = self.batches.pop().expect("it is there");
            if let Some(producer) = lost.producer {
                self.next_sequence[producer] -= (lost.end_offset - lost.base_offset) as i32;
            }
            self.end = lost.base_offset;
        }
        assert_eq!(self.end, end, "the log was cut inside a batch");
        self.acked = end;
    }

    /// Forgets what nobody wants any more; producers are remembered.
    pub(crate) fn forget_before(&mut self, offset: i64) {
        self.start = self.start.max(offset);
        self.batches.retain(|batch| batch.end_offset > self.start);
    }

    /// Judges bytes that were read from `from` on; the offset after them.
    pub(crate) fn judge(&self, from: i64, mut read: &[u8]) -> i64 {
        let mut next = from;
        let mut expected = self.batches.iter().skip_while(|batch| batch.end_offset <= from);
        while !read.is_empty() {
            let batch = expected.next().expect("more was read than there is");
            assert!(
                batch.end_offset <= self.acked,
                "offset {} was read and is not durable",
                batch.base_offset
            );
            let (got, rest) = read.split_at_checked(batch.sent.len()).expect("a batch was cut off");
            assert_eq!(got[..8], batch.base_offset.to_be_bytes(), "another offset");
            assert_eq!(got[8..12], batch.sent[8..12], "another length");
            assert_eq!(got[KEPT_FROM..], batch.sent[KEPT_FROM..], "another batch at {}", batch.base_offset);
            next = batch.end_offset;
            read = rest;
        }
        next
    }
}
