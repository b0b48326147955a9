//! How much a log holds from an offset on, by the headers of its batches.

use headrace_types::Offset;

use crate::error::LogError;
use crate::limits::SCAN_CHUNK_BYTES;
use crate::partition::PartitionLog;

/// Batches that were met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Their bytes, headers included.
    pub bytes: u64,
    /// Their records.
    pub records: u64,
}

impl PartitionLog {
    /// Measures the batches that begin at `from` or later and before `to`, and lie below the high watermark. Markers are the broker's
    /// own and count nothing.
    pub fn measure(&mut self, from: Offset, to: Offset) -> Result<Measured, LogError> {
        let mut measured = Measured::default();
        let mut next = from.get().max(self.meta.log_start_offset);
        let end = to.get().min(self.readable.offset);
        if next >= end {
            return Ok(measured);
        }
        for number in self.segment_of(next)..self.segments_count() {
            let Some(view) = self.view(number, |index| index.by_offset(next))? else { continue };
            let mut scanner = view.scanner(SCAN_CHUNK_BYTES);
            while let Some(found) = view.next(&mut scanner)? {
                if found.header.base_offset.get() >= end {
                    return Ok(measured);
                }
                if found.header.base_offset.get() >= next {
                    if !found.header.attributes.is_control() {
                        measured.bytes += found.bytes as u64;
                        measured.records += u64::from(found.header.records_count.max(0).unsigned_abs());
                    }
                    next = found.header.next_offset().get();
                }
            }
        }
        Ok(measured)
    }
}
