//! Reading whole batches below the high watermark, or below the last stable offset.

use crate::error::ReadError;
use crate::partition::PartitionLog;
use crate::scan::Residence;
use crate::segment::Closed;
use crate::segment_read::{Came, ColdBatches, ColdRead, ReadLimits, SegmentRead};

/// Whole batches in order, of one segment after the other.
#[derive(Debug, Default)]
pub struct Batches {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Offset after the last one.
    pub next: i64,
    /// Size of the first batch, if it alone is larger than may come.
    pub first_bytes: Option<usize>,
}

/// What came of reading without waiting.
#[derive(Debug)]
pub enum TryRead {
    /// What there is.
    Read(Batches),
    /// What comes first is not in memory: this is to be run where waiting harms nobody, and what it comes to be given to the next try.
    Cold(Box<ColdRead>),
}

impl PartitionLog {
    /// Appends to `out` whole batches from the one on that holds `offset` or follows a gap there, as many as fit into `bytes_max`.
    ///
    /// With `at_least_one` the first batch comes even if it is larger (KIP-74). Nothing comes at or beyond the high
    /// watermark; an offset outside the log is an error. May wait for the medium.
    pub fn read(
        &mut self,
        offset: i64,
        bytes_max: usize,
        at_least_one: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        self.read_below(i64::MAX, offset, bytes_max, at_least_one, out).map(|_| ())
    }

    /// As [`Self::read`], and nothing comes at or beyond `end` either, at which a batch begins or which is the high
    /// watermark. Returns the offset after the last batch that came.
    pub fn read_below(
        &mut self,
        end: i64,
        offset: i64,
        bytes_max: usize,
        at_least_one: bool,
        out: &mut Vec<u8>,
    ) -> Result<i64, ReadError> {
        self.check_range(offset)?;
        let first_bytes_max = if at_least_one { usize::MAX } else { 0 };
        let mut cursor = Cursor::new(offset, ReadLimits { bytes_max, first_bytes_max });
        while let Some(mut read) = self.next_read(&cursor, end) {
            if let Some(opened) = read.open()? {
                self.keep_open(opened);
            }
            let came = read.run(Residence::Anywhere)?;
            self.note_end(read.base_offset, &came);
            cursor.take(came);
        }
        out.extend_from_slice(&cursor.batches.bytes);
        Ok(cursor.batches.next)
    }

    /// As [`Self::read_below`], but never waits for the medium. `cold` is what the read came to that the try before asked for.
    pub fn try_read(
        &mut self,
        end: i64,
        offset: i64,
        limits: ReadLimits,
        cold: Option<ColdBatches>,
    ) -> Result<TryRead, ReadError> {
        self.check_range(offset)?;
        let mut cursor = Cursor::new(offset, limits);
        if let Some(ColdBatches { offset: from, base_offset, closed, came, opened }) = cold {
            if let Some(opened) = opened {
                self.keep_open(opened);
            }
            if self.is_unchanged(base_offset, closed) {
                self.note_end(base_offset, &came);
            }
            if from >= offset {
                cursor.take(came);
            }
        }
        while let Some(read) = self.next_read(&cursor, end) {
            match read.run(Residence::Memory) {
                Ok(came) => {
                    self.note_end(read.base_offset, &came);
                    cursor.take(came);
                }
                Err(error) if error.would_wait() => {
                    if cursor.batches.bytes.is_empty() {
                        return Ok(TryRead::Cold(Box::new(ColdRead(read))));
                    }
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(TryRead::Read(cursor.batches))
    }

    /// Whether a closed segment is there, as it was when it was read.
    #[must_use]
    pub fn has_segment(&self, closed: Closed) -> bool {
        self.closed.contains(&closed)
    }

    fn check_range(&self, offset: i64) -> Result<(), ReadError> {
        let (log_start, log_end) = (self.meta.log_start_offset, self.log_end);
        if offset < log_start || offset > log_end {
            return Err(ReadError::OutOfRange { offset, log_start, log_end });
        }
        Ok(())
    }

    fn next_read(&self, cursor: &Cursor, end: i64) -> Option<SegmentRead> {
        let (offset, end) = (cursor.batches.next, end.min(self.high_watermark().get()));
        if cursor.is_done || offset >= end {
            return None;
        }
        self.segment_read(offset, end, cursor.limits())
    }

    /// Notes where a read ended, for whoever goes on there.
    fn note_end(&mut self, base_offset: i64, came: &Came) {
        if !came.bytes.is_empty() {
            self.resumes.note(base_offset, came.next, came.position);
        }
    }

    /// Whether a segment is as it was when it was read: compaction may have written it anew.
    fn is_unchanged(&self, base_offset: i64, closed: Option<Closed>) -> bool {
        let is_active = self.active.as_ref().is_some_and(|active| active.base_offset == base_offset);
        is_active || closed.is_some_and(|closed| self.has_segment(closed))
    }
}

/// How far a read over several segments has come.
struct Cursor {
    batches: Batches,
    limits: ReadLimits,
    is_done: bool,
}

impl Cursor {
    fn new(offset: i64, limits: ReadLimits) -> Self {
        Self { batches: Batches { next: offset, ..Batches::default() }, limits, is_done: false }
    }

    /// What may still come.
    fn limits(&self) -> ReadLimits {
        let read = self.batches.bytes.len();
        let first_bytes_max = if read == 0 { self.limits.first_bytes_max } else { 0 };
        ReadLimits { bytes_max: self.limits.bytes_max.saturating_sub(read), first_bytes_max }
    }

    fn take(&mut self, came: Came) {
        if self.batches.bytes.is_empty() {
            self.batches.bytes = came.bytes;
            self.batches.first_bytes = came.first_bytes;
        } else {
            self.batches.bytes.extend_from_slice(&came.bytes);
        }
        self.batches.next = came.next;
        self.is_done = !came.is_at_end;
    }
}
