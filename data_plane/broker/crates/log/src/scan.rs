//! Walking the batches of a segment from a known one on.

use std::io;

use headrace_io::DiskFile;
use headrace_records::BatchHeader;
use headrace_records::header::{HEADER_BYTES, MAGIC, crc_of};

use crate::limits::BATCH_BYTES_MAX;
use crate::museum::{Bug, is_out};

/// A batch that was met.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its header.
    pub header: BatchHeader,
    /// Where it begins.
    pub position: u64,
    /// Its size.
    pub bytes: usize,
}

/// What comes next in a segment.
#[derive(Debug)]
pub enum Step {
    /// A batch.
    Batch(Found),
    /// The end that was given.
    End,
    /// Something that is no sound batch.
    Bad(&'static str),
}

/// From where a read may take its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residence {
    /// From the medium, if they are not in memory.
    Anywhere,
    /// From memory alone; where they are not, the read fails with [`io::ErrorKind::WouldBlock`].
    Memory,
}

impl Residence {
    /// Reads from a file, as [`DiskFile::read_at`].
    pub(crate) fn read(self, file: &dyn DiskFile, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Anywhere => file.read_at(offset, out),
            Self::Memory => file.read_cached(offset, out),
        }
    }
}

/// Walks batches by their headers; bodies are read only where the CRC is to be checked.
#[derive(Debug)]
pub struct Scanner<'a> {
    file: &'a dyn DiskFile,
    position: u64,
    end: u64,
    next_offset: i64,
    check_from: i64,
    has_gaps: bool,
    residence: Residence,
    chunk_bytes: usize,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Scanner<'a> {
    /// A scanner from the batch with `next_offset` at `position` up to `end`.
    #[must_use]
    pub fn new(
        file: &'a dyn DiskFile,
        position: u64,
        next_offset: i64,
        end: u64,
        chunk_bytes: usize,
    ) -> Self {
        Self {
            file,
            position,
            end,
            next_offset,
            check_from: i64::MAX,
            has_gaps: false,
            residence: Residence::Anywhere,
            chunk_bytes,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// Checks the CRC of every batch that reaches to `offset` or beyond.
    #[must_use]
    pub fn checking_from(mut self, offset: i64) -> Self {
        self.check_from = offset;
        self
    }

    /// Takes batches that do not follow each other without a gap, as in a compacted segment.
    #[must_use]
    pub fn with_gaps(mut self, has_gaps: bool) -> Self {
        self.has_gaps = has_gaps;
        self
    }

    /// Says from where bytes may be taken.
    #[must_use]
    pub fn from(mut self, residence: Residence) -> Self {
        self.residence = residence;
        self
    }

    /// Where the next batch begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The offset that the next batch must have, or of which it must not lie before.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Moves past the next batch.
    pub fn step(&mut self) -> io::Result<Step> {
        if self.position >= self.end {
            return Ok(Step::End);
        }
        let head = self.bytes_at(self.position, HEADER_BYTES)?;
        let Some(header) = BatchHeader::parse(head) else {
            return Ok(Step::Bad("a batch header is cut off"));
        };
        let bytes = match self.plausible(&header) {
            Ok(bytes) => bytes,
            Err(detail) => return Ok(Step::Bad(detail)),
        };
        if header.next_offset().get() > self.check_from && !self.crc_matches(&header, bytes)? {
            return Ok(Step::Bad("a batch's CRC does not match"));
        }
        let found = Found { header, position: self.position, bytes };
        self.position += bytes as u64;
        self.next_offset = header.next_offset().get();
        Ok(Step::Batch(found))
    }

    fn plausible(&self, header: &BatchHeader) -> Result<usize, &'static str> {
        let bytes = header.batch_bytes().filter(|bytes| *bytes <= BATCH_BYTES_MAX);
        let bytes = bytes.ok_or("a batch length is impossible")?;
        if header.magic != MAGIC {
            return Err("a batch's magic is not 2");
        }
        let base_offset = header.base_offset.get();
        if base_offset < self.next_offset || (base_offset > self.next_offset && !self.has_gaps) {
            return Err("a batch's offset does not follow the one before");
        }
        if header.last_offset_delta < 0 {
            return Err("a batch's last offset delta is negative");
        }
        if self.position + bytes as u64 > self.end {
            return Err("a batch is cut off");
        }
        Ok(bytes)
    }

    fn crc_matches(&mut self, header: &BatchHeader, bytes: usize) -> io::Result<bool> {
        let batch = self.bytes_at(self.position, bytes)?;
        Ok(batch.len() == bytes && (crc_of(batch) == header.crc || is_out(Bug::SkippedCrc)))
    }

    /// The bytes of a batch that was met.
    fn body(&mut self, found: &Found) -> io::Result<&[u8]> {
        self.bytes_at(found.position, found.bytes)
    }

    /// Up to `count` bytes from `position` on; fewer at the end.
    fn bytes_at(&mut self, position: u64, count: usize) -> io::Result<&[u8]> {
        let count = count.min((self.end - position) as usize);
        let held = position.checked_sub(self.window_at).map(|at| at as usize);
        if let Some(at) = held.filter(|at| at + count <= self.window.len()) {
            return Ok(&self.window[at..at + count]);
        }
        let wanted = self.chunk_bytes.max(count).min((self.end - position) as usize);
        self.window.resize(wanted, 0);
        self.window_at = position;
        let read = self.residence.read(self.file, position, &mut self.window)?;
        self.window.truncate(read);
        Ok(&self.window[..count.min(read)])
    }
}

/// The bytes of a control batch, and none of any other, which nobody needs to look inside.
pub fn control_of<'s>(scanner: &'s mut Scanner<'_>, found: &Found) -> io::Result<&'s [u8]> {
    if found.header.attributes.is_control() { scanner.body(found) } else { Ok(&[]) }
}
