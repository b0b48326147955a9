//! Reading whole, sound batches of one segment. Needs no log, so that what waits for the medium can run on another thread.

use std::io;
use std::path::Path;
use std::sync::Arc;

use headrace_records::BatchHeader;
use headrace_records::header::{MAGIC, crc_of};

use crate::error::LogError;
use crate::lookup::{LoadedSegment, Opening, View};
use crate::scan::Residence;
use crate::segment::Closed;

/// How much a read may bring.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// Bytes of all batches together.
    pub bytes_max: usize,
    /// A first batch comes though it is larger than `bytes_max`, up to this (KIP-74).
    pub first_bytes_max: usize,
}

/// Where the batches are.
#[derive(Debug)]
pub(crate) enum Source {
    /// In a segment that is open.
    Open(View),
    /// In a closed segment that is to be opened first, as far as the position.
    Closed(Opening, u64),
    /// There is nothing to read.
    Nothing,
}

/// A read of one segment from an offset on.
#[derive(Debug)]
pub(crate) struct SegmentRead {
    pub(crate) source: Source,
    /// Where the segment begins.
    pub(crate) base_offset: i64,
    /// What is known of a closed segment.
    pub(crate) closed: Option<Closed>,
    pub(crate) offset: i64,
    /// Nothing comes at or beyond this offset.
    pub(crate) end: i64,
    pub(crate) limits: ReadLimits,
}

/// What a read of one segment came to.
#[derive(Debug, Default)]
pub(crate) struct Came {
    /// Whole and sound batches.
    pub(crate) bytes: Vec<u8>,
    /// Offset after them.
    pub(crate) next: i64,
    /// Position after them in the segment, if there are any.
    pub(crate) position: u64,
    /// Whether the segment was read to its end: the next one may go on.
    pub(crate) is_at_end: bool,
    /// Size of the first batch, if it is larger than may come.
    pub(crate) first_bytes: Option<usize>,
}

/// A read that has to wait for the medium.
#[derive(Debug)]
pub struct ColdRead(pub(crate) SegmentRead);

/// What such a read came to, to be given to the log.
#[derive(Debug)]
pub struct ColdBatches {
    pub(crate) offset: i64,
    pub(crate) base_offset: i64,
    pub(crate) closed: Option<Closed>,
    pub(crate) came: Came,
    pub(crate) opened: Option<Arc<LoadedSegment>>,
}

impl ColdRead {
    /// The closed segment that is read; none of the active one.
    #[must_use]
    pub fn segment(&self) -> Option<Closed> {
        self.0.closed
    }

    /// Reads, and waits for the medium; then has up to `ahead_bytes` behind what was read brought into memory, without waiting. A
    /// failure means nothing if the log has not got the [segment](Self::segment) any more: it was removed or compacted meanwhile.
    pub fn run(self, ahead_bytes: u64) -> Result<ColdBatches, LogError> {
        let mut read = self.0;
        let opened = read.open()?;
        let came = read.run(Residence::Anywhere)?;
        read.ahead(&came, ahead_bytes);
        let SegmentRead { offset, base_offset, closed, .. } = read;
        Ok(ColdBatches { offset, base_offset, closed, came, opened })
    }
}

impl SegmentRead {
    /// Opens the segment if that is still to be done, which may wait for the medium.
    pub(crate) fn open(&mut self) -> Result<Option<Arc<LoadedSegment>>, LogError> {
        let (opening, end) = match std::mem::replace(&mut self.source, Source::Nothing) {
            Source::Closed(opening, end) => (opening, end),
            other => {
                self.source = other;
                return Ok(None);
            }
        };
        let loaded = Arc::new(opening.run()?);
        self.source = loaded.view(self.offset, end).map_or(Source::Nothing, Source::Open);
        Ok(Some(loaded))
    }

    /// Reads. A segment that is not open counts as one that is not in memory.
    pub(crate) fn run(&self, residence: Residence) -> Result<Came, LogError> {
        match &self.source {
            Source::Nothing => Ok(self.nothing()),
            Source::Closed(opening, _) => {
                Err(LogError::read(opening.path())(io::ErrorKind::WouldBlock.into()))
            }
            Source::Open(view) => self.read(view, residence),
        }
    }

    fn ahead(&self, came: &Came, bytes: u64) {
        if let Source::Open(view) = &self.source
            && !came.bytes.is_empty()
        {
            view.file.read_ahead(came.position, bytes.min(view.end - came.position));
        }
    }

    /// End of a compacted segment: of it there may be nothing left from the offset on, and reading goes on behind it.
    fn behind(&self) -> Option<i64> {
        self.closed.filter(|closed| closed.cleaned_to.is_some()).map(|closed| closed.end_offset)
    }

    /// Of a compacted segment there is nothing left from the offset on; any other is read to its end.
    fn nothing(&self) -> Came {
        let behind = self.behind();
        Came { next: behind.unwrap_or(self.offset), is_at_end: behind.is_some(), ..Came::default() }
    }

    fn ended(&self) -> Came {
        Came { next: self.offset, ..Came::default() }
    }

    fn read(&self, view: &View, residence: Residence) -> Result<Came, LogError> {
        let Some(first) = view.find(residence, |found| found.header.next_offset().get() > self.offset)?
        else {
            let missing = || LogError::corrupt(&view.path, format!("offset {} is missing", self.offset));
            return self.behind().map(|_| self.nothing()).ok_or_else(missing);
        };
        if first.header.base_offset.get() >= self.end {
            return Ok(self.ended());
        }
        let available = (view.end - first.position) as usize;
        let wanted = if first.bytes <= self.limits.bytes_max {
            self.limits.bytes_max.min(available)
        } else if first.bytes <= self.limits.first_bytes_max {
            first.bytes
        } else {
            return Ok(Came { first_bytes: Some(first.bytes), ..self.ended() });
        };
        let mut bytes = view.read(residence, first.position, wanted)?;
        let first_offset = first.header.base_offset.get();
        let (whole, next) =
            sound_batches(&view.path, &bytes, (first_offset, self.end), self.behind().is_some())?;
        bytes.truncate(whole);
        let position = first.position + whole as u64;
        Ok(Came { bytes, next, position, is_at_end: whole == available, first_bytes: None })
    }
}

/// How many of `bytes` are whole and sound batches, the first of which has offset `next`, that begin before `end`, and the offset
/// after them. What lies before rot is given out, rot never: a reader that comes to it is told.
fn sound_batches(
    path: &Path,
    bytes: &[u8],
    (mut next, end): (i64, i64),
    has_gaps: bool,
) -> Result<(usize, i64), LogError> {
    let mut sound = 0;
    while let Some(header) = BatchHeader::parse(&bytes[sound..]) {
        let Some(length) = header.batch_bytes() else {
            return told_first(path, sound, next, "a batch length is impossible");
        };
        if length > bytes.len() - sound || header.base_offset.get() >= end {
            break;
        }
        let base_offset = header.base_offset.get();
        let follows = base_offset == next || (has_gaps && base_offset > next);
        // Offset and magic are not under the CRC.
        if !follows || header.magic != MAGIC || crc_of(&bytes[sound..sound + length]) != header.crc {
            return told_first(path, sound, next, "a batch is damaged");
        }
        sound += length;
        next = header.next_offset().get();
    }
    Ok((sound, next))
}

fn told_first(path: &Path, sound: usize, next: i64, detail: &str) -> Result<(usize, i64), LogError> {
    if sound > 0 {
        return Ok((sound, next));
    }
    Err(LogError::corrupt(path, format!("{detail} at offset {next}")))
}
