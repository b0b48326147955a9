//! Reading whole batches below the high watermark, or below the last stable offset.

use headrace_records::BatchHeader;
use headrace_records::header::{MAGIC, crc_of};

use crate::error::{LogError, ReadError};
use crate::lookup::View;
use crate::partition::PartitionLog;

impl PartitionLog {
    /// Appends to `out` whole batches from the one on that holds `offset` or follows a gap there, as many as fit into `bytes_max`.
    ///
    /// With `at_least_one` the first batch comes even if it is larger (KIP-74). Nothing comes at or beyond the high
    /// watermark; an offset outside the log is an error.
    pub fn read(
        &mut self,
        offset: i64,
        bytes_max: usize,
        at_least_one: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        self.read_below(self.readable.offset, offset, bytes_max, at_least_one, out).map(|_| ())
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
        let (log_start, log_end) = (self.meta.log_start_offset, self.log_end);
        if offset < log_start || offset > log_end {
            return Err(ReadError::OutOfRange { offset, log_start, log_end });
        }
        let mut next = offset;
        let start = out.len();
        let end = end.min(self.readable.offset);
        while next < end {
            let room = bytes_max.saturating_sub(out.len() - start);
            let force = at_least_one && out.len() == start;
            match self.read_segment(end, next, room, force, out)? {
                ReadOn::From(after) => next = after,
                ReadOn::Ended(after) => return Ok(after),
            }
        }
        Ok(next)
    }

    /// Size of the batch that holds `offset`, or of the next one if compaction took it; none at or beyond `end` or the high
    /// watermark.
    pub fn batch_bytes(&mut self, offset: i64, end: i64) -> Result<Option<usize>, LogError> {
        let end = end.min(self.readable.offset);
        if offset >= end {
            return Ok(None);
        }
        for number in self.segment_of(offset)..self.segments_count() {
            let Some(view) = self.view(number, |index| index.by_offset(offset))? else { continue };
            if let Some(found) = view.find(|found| found.header.next_offset().get() > offset)? {
                return Ok((found.header.base_offset.get() < end).then_some(found.bytes));
            }
        }
        Ok(None)
    }

    /// Reads from the segment that holds `offset`.
    fn read_segment(
        &mut self,
        end: i64,
        offset: i64,
        room: usize,
        force: bool,
        out: &mut Vec<u8>,
    ) -> Result<ReadOn, LogError> {
        let number = self.segment_of(offset);
        // Of a compacted segment there may be nothing left from the offset on: reading goes on behind it.
        let behind = self.closed.get(number).filter(|closed| closed.cleaned_to.is_some());
        let behind = behind.map(|closed| closed.end_offset);
        let Some(view) = self.view(number, |index| index.by_offset(offset))? else {
            return Ok(behind.map_or(ReadOn::Ended(offset), ReadOn::From));
        };
        let Some(first) = view.find(|found| found.header.next_offset().get() > offset)? else {
            let missing = || LogError::corrupt(&view.path, format!("offset {offset} is missing"));
            return behind.ok_or_else(missing).map(ReadOn::From);
        };
        if first.header.base_offset.get() >= end {
            return Ok(ReadOn::Ended(offset));
        }
        let available = (view.end - first.position) as usize;
        let wanted = if first.bytes <= room {
            room.min(available)
        } else if force {
            first.bytes
        } else {
            return Ok(ReadOn::Ended(offset));
        };
        let mut bytes = view.read(first.position, wanted)?;
        let first_offset = first.header.base_offset.get();
        let (whole, next) = sound_batches(&view, &bytes, (first_offset, end), behind.is_some())?;
        bytes.truncate(whole);
        if out.is_empty() {
            *out = bytes;
        } else {
            out.extend_from_slice(&bytes);
        }
        Ok(if whole == available { ReadOn::From(next) } else { ReadOn::Ended(next) })
    }
}

/// Where a read has come to.
enum ReadOn {
    /// The segment was read to its end; the next one may go on from this offset.
    From(i64),
    /// There is no more to read, or no room; the offset after the last batch that came.
    Ended(i64),
}

/// How many of `bytes` are whole and sound batches, the first of which has offset `next`, that begin before `end`, and the offset
/// after them. What lies before rot is given out, rot never: a reader that comes to it is told.
fn sound_batches(
    view: &View,
    bytes: &[u8],
    (mut next, end): (i64, i64),
    has_gaps: bool,
) -> Result<(usize, i64), LogError> {
    let mut sound = 0;
    while let Some(header) = BatchHeader::parse(&bytes[sound..]) {
        let Some(length) = header.batch_bytes() else {
            return told_first(view, sound, next, "a batch length is impossible");
        };
        if length > bytes.len() - sound || header.base_offset.get() >= end {
            break;
        }
        let base_offset = header.base_offset.get();
        let follows = base_offset == next || (has_gaps && base_offset > next);
        // Offset and magic are not under the CRC.
        if !follows || header.magic != MAGIC || crc_of(&bytes[sound..sound + length]) != header.crc {
            return told_first(view, sound, next, "a batch is damaged");
        }
        sound += length;
        next = header.next_offset().get();
    }
    Ok((sound, next))
}

fn told_first(view: &View, sound: usize, next: i64, detail: &str) -> Result<(usize, i64), LogError> {
    if sound > 0 {
        return Ok((sound, next));
    }
    Err(LogError::corrupt(&view.path, format!("{detail} at offset {next}")))
}
