//! The write-ahead log while a broker runs: the block that is being gathered, the files, and up to where they may be written over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile};
use headrace_log::museum::{Bug, is_out};
use headrace_types::TopicPartition;

use crate::block::{BlockHeader, HEADER_BYTES, block_bytes};
use crate::entry::{Entries, Place};
use crate::error::CommitError;
use crate::limits::{
    BLOCK_BYTES_MAX, BYPASS_BYTES_MIN, FIRST_SEGMENT_BYTES, NOTES_BYTES_MAX, ROUNDS_BETWEEN_ATTEMPTS,
    SEGMENT_BYTES, SEGMENTS_MAX,
};
use crate::prepare::{Prepare, Prepared};
use crate::segments::{Segment, Segments};

/// How large the write-ahead log may become, and what goes past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalConfig {
    /// Bytes of the first file.
    pub first_segment_bytes: u64,
    /// Bytes of every other file.
    pub segment_bytes: u64,
    /// Most files.
    pub segments_max: usize,
    /// Batches of this size or more go past it.
    pub bypass_bytes_min: usize,
}

impl Default for WalConfig {
    fn default() -> Self {
        Self {
            first_segment_bytes: FIRST_SEGMENT_BYTES,
            segment_bytes: SEGMENT_BYTES,
            segments_max: SEGMENTS_MAX,
            bypass_bytes_min: BYPASS_BYTES_MIN,
        }
    }
}

/// What can be seen of the write-ahead log from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalView {
    /// Files that there are.
    pub files: usize,
    /// Files that logs still need, the one that is written to included.
    pub files_in_use: usize,
    /// Blocks that a start would read again.
    pub blocks_unsettled: u64,
    /// Batches so far that were small enough and found no place, so that their segments are synced instead.
    pub batches_without_place: u64,
    /// Notes so far that were dropped: after a kill the usage of these appends counts on nobody's account.
    pub notes_dropped: u64,
    /// Files so far that were not made because the disk had no room to spare.
    pub files_refused: u64,
}

/// A block on its way to the disk.
#[derive(Debug)]
pub struct BlockWrite {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    position: u64,
    bytes: Vec<u8>,
    sequence: u64,
    settled_through: u64,
    is_synced: bool,
    /// A file that was left with blocks which no sync covers.
    before: Option<(PathBuf, Arc<dyn DiskFile>)>,
}

/// A block that was written.
#[derive(Debug)]
pub struct Written {
    sequence: u64,
    settled_through: u64,
    is_synced: bool,
    buffer: Vec<u8>,
}

impl BlockWrite {
    /// Writes the block and syncs it. After an error nothing may be acknowledged any more.
    pub fn run(self) -> Result<Written, CommitError> {
        self.file.write_at(self.position, &[&self.bytes]).map_err(CommitError::io(&self.path))?;
        if self.is_synced && !is_out(Bug::AckBeforeSync) {
            if let Some((path, file)) = &self.before {
                file.sync_data().map_err(CommitError::io(path))?;
            }
            self.file.sync_data().map_err(CommitError::io(&self.path))?;
        }
        Ok(Written {
            sequence: self.sequence,
            settled_through: self.settled_through,
            is_synced: self.is_synced,
            buffer: self.bytes,
        })
    }

    /// Bytes that it writes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it waits for the disk.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.is_synced
    }
}

/// The write-ahead log.
#[derive(Debug)]
pub(crate) struct Wal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    salt: u64,
    config: WalConfig,
    pub(crate) segments: Segments,
    next_sequence: u64,
    synced_through: u64,
    settled_through: u64,
    /// The last `settled_through` that a synced block tells.
    settled_synced: u64,
    entries: Entries,
    spare: Vec<u8>,
    uncovered: Option<(PathBuf, Arc<dyn DiskFile>)>,
    made: usize,
    is_preparing: bool,
    /// Rounds to go before a file is tried again on a disk that was nearly full.
    rounds_to_attempt: u32,
    batches_without_place: u64,
    notes_dropped: u64,
    files_refused: u64,
}

fn empty_entries(mut buffer: Vec<u8>) -> Entries {
    buffer.clear();
    buffer.resize(HEADER_BYTES, 0);
    Entries::into_buffer(buffer)
}

impl Wal {
    /// A write-ahead log without files; `dir` has none. `salt` must not have been used before.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path, salt: u64, config: WalConfig) -> Self {
        Self {
            disk,
            dir: dir.to_path_buf(),
            salt,
            config,
            segments: Segments::default(),
            next_sequence: 1,
            synced_through: 0,
            settled_through: 0,
            settled_synced: 0,
            entries: empty_entries(Vec::new()),
            spare: Vec::new(),
            uncovered: None,
            made: 0,
            is_preparing: false,
            rounds_to_attempt: 0,
            batches_without_place: 0,
            notes_dropped: 0,
            files_refused: 0,
        }
    }

    /// Whether a batch of this size may go through it.
    pub(crate) fn takes(&self, batch_bytes: usize) -> bool {
        batch_bytes < self.config.bypass_bytes_min
    }

    fn payload_bytes(&self) -> usize {
        self.entries.bytes.len() - HEADER_BYTES
    }

    pub(crate) fn has_entries(&self) -> bool {
        self.payload_bytes() > 0
    }

    /// Whether the pending block with `bytes` more has a place.
    fn has_place(&self, bytes: usize) -> bool {
        let block = block_bytes(self.payload_bytes() + bytes);
        let mut places = self.segments.current.iter().chain(self.segments.free.front());
        block <= BLOCK_BYTES_MAX && places.any(|segment| segment.fits(block))
    }

    /// Takes a batch that was appended into the pending block, if it may be there and has a place; else notes it. Answers whether the
    /// block has it.
    pub(crate) fn take(
        &mut self,
        place: Place,
        principal: Option<&str>,
        parts: &[&[u8]],
        may_be_in_block: bool,
    ) -> bool {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        let place = Place { bytes: bytes as u32, ..place };
        let is_in_block = may_be_in_block && self.has_place(Entries::bytes_of(principal, bytes));
        if is_in_block {
            self.entries.add(&place, principal, Some(parts));
        } else {
            self.batches_without_place += u64::from(may_be_in_block);
            self.note(&place, principal);
        }
        is_in_block
    }

    /// Notes an append whose batch lies in its segment alone.
    fn note(&mut self, place: &Place, principal: Option<&str>) {
        let bytes = Entries::bytes_of(principal, 0);
        if !self.has_place(bytes) {
            if self.entries.has_batches {
                self.notes_dropped += 1;
                return;
            }
            if self.payload_bytes() + bytes > NOTES_BYTES_MAX {
                self.notes_dropped += self.entries.count;
                self.entries = empty_entries(std::mem::take(&mut self.entries.bytes));
            }
        }
        self.entries.add(place, principal, None);
    }

    /// The block that is to be written now; `None` if there is nothing to write, or no place.
    ///
    /// # Panics
    /// If a batch that was given a place has none: it would be acknowledged without being written.
    pub(crate) fn seal(&mut self) -> Option<BlockWrite> {
        self.rounds_to_attempt = self.rounds_to_attempt.saturating_sub(1);
        if self.has_entries() && self.make_place() {
            let is_synced = self.entries.has_batches;
            let buffer = std::mem::take(&mut self.spare);
            let entries = std::mem::replace(&mut self.entries, empty_entries(buffer));
            let segment = self.segments.current.take()?;
            let (segment, write) = self.write(segment, entries.bytes, is_synced);
            self.segments.current = Some(Segment { last_sequence: write.sequence, ..segment });
            return Some(write);
        }
        assert!(!self.entries.has_batches, "a batch has lost its place in the write-ahead log");
        if self.wants_mark() { self.mark() } else { None }
    }

    /// An empty block, on the last page of the file that was written to last: no file comes after it, so that page is unused.
    fn mark(&mut self) -> Option<BlockWrite> {
        let empty = vec![0; HEADER_BYTES];
        if let Some(segment) = self.segments.current.take() {
            let (segment, write) = self.write(segment, empty, true);
            self.segments.current = Some(Segment { last_sequence: write.sequence, ..segment });
            return Some(write);
        }
        if let Some(segment) = self.segments.full.pop_back() {
            let (segment, write) = self.write(segment, empty, true);
            self.segments.full.push_back(Segment { last_sequence: write.sequence, ..segment });
            return Some(write);
        }
        // The file may be written over although the mark lies in it: it says no more than the blocks that come next.
        let segment = self.segments.settled.pop_back()?;
        let (segment, write) = self.write(segment, empty, true);
        self.segments.settled.push_back(segment);
        Some(write)
    }

    fn make_place(&mut self) -> bool {
        let block = block_bytes(self.payload_bytes());
        let fits = |segments: &Segments| segments.current.as_ref().is_some_and(|current| current.fits(block));
        if !fits(&self.segments) && block <= BLOCK_BYTES_MAX {
            self.uncovered = self.segments.rotate().or(self.uncovered.take());
        }
        fits(&self.segments)
    }

    /// Files can be written over only once a synced block says so, and no other block will come: there is no free file.
    fn wants_mark(&self) -> bool {
        !self.segments.settled.is_empty()
            && self.settled_through > self.settled_synced
            && self.segments.free.is_empty()
    }

    fn write(&mut self, mut segment: Segment, mut bytes: Vec<u8>, is_synced: bool) -> (Segment, BlockWrite) {
        let payload = &bytes[HEADER_BYTES..];
        let header = BlockHeader {
            sequence: self.next_sequence,
            synced_through: self.synced_through,
            settled_through: self.settled_through,
            payload_bytes: payload.len() as u32,
            payload_crc: crc32c::crc32c(payload),
        };
        bytes[..HEADER_BYTES].copy_from_slice(&header.encode(self.salt));
        bytes.resize(header.block_bytes(), 0);
        let position = segment.position;
        assert!(position + bytes.len() as u64 <= segment.bytes, "a block reaches beyond its file");
        segment.position += bytes.len() as u64;
        segment.has_unsynced = !is_synced;
        self.next_sequence += 1;
        let write = BlockWrite {
            path: segment.path.clone(),
            file: Arc::clone(&segment.file),
            position,
            bytes,
            sequence: header.sequence,
            settled_through: header.settled_through,
            is_synced,
            before: if is_synced { self.uncovered.take() } else { None },
        };
        (segment, write)
    }

    /// Takes note that a log is durable up to `end_offset` thanks to the block that was just sealed.
    pub(crate) fn covers(&mut self, partition: TopicPartition, end_offset: i64) {
        if let Some(current) = &mut self.segments.current {
            current.logs.insert(partition, end_offset);
        }
    }

    /// Takes note that a block was written.
    pub(crate) fn written(&mut self, written: Written) {
        if written.is_synced {
            self.synced_through = written.sequence;
            self.settled_synced = self.settled_synced.max(written.settled_through);
            self.segments.release(self.settled_synced);
            if self.segments.current.is_none() && self.segments.full.is_empty() {
                // It was a mark, of which nobody needs anything.
                self.settled_through = self.settled_through.max(written.sequence);
            }
        }
        self.spare = written.buffer;
    }

    /// Takes note that nobody needs the oldest full file any more.
    pub(crate) fn settled(&mut self) {
        if let Some(segment) = self.segments.full.pop_front() {
            self.settled_through = self.settled_through.max(segment.last_sequence);
            self.segments.settled.push_back(segment);
        }
    }

    /// A file that is to be made, for there is, or soon will be, none to write to.
    pub(crate) fn wants_file(&mut self) -> Option<Prepare> {
        let is_half_full = |current: &Segment| current.position > current.bytes / 2;
        let runs_out = self.segments.current.as_ref().is_none_or(is_half_full);
        let is_used = self.segments.current.is_some() || self.has_entries();
        let is_wanted =
            is_used && runs_out && self.segments.free.is_empty() && self.segments.settled.is_empty();
        let may_be =
            !self.is_preparing && self.rounds_to_attempt == 0 && self.made < self.config.segments_max;
        if !is_wanted || !may_be {
            return None;
        }
        self.is_preparing = true;
        Some(Prepare {
            disk: Arc::clone(&self.disk),
            dir: self.dir.clone(),
            number: self.made,
            bytes: if self.made == 0 { self.config.first_segment_bytes } else { self.config.segment_bytes },
            salt: self.salt,
        })
    }

    /// Takes note of a file that was made, or not.
    pub(crate) fn prepared(&mut self, prepared: Prepared) {
        self.is_preparing = false;
        if let Some(segment) = prepared.segment {
            self.made += 1;
            self.segments.free.push_back(segment);
        } else {
            self.files_refused += 1;
            self.rounds_to_attempt = ROUNDS_BETWEEN_ATTEMPTS;
        }
    }

    pub(crate) fn is_preparing(&self) -> bool {
        self.is_preparing
    }

    pub(crate) fn view(&self) -> WalView {
        WalView {
            files: self.segments.count(),
            files_in_use: self.segments.full.len() + usize::from(self.segments.current.is_some()),
            blocks_unsettled: self.next_sequence - 1 - self.settled_through,
            batches_without_place: self.batches_without_place,
            notes_dropped: self.notes_dropped,
            files_refused: self.files_refused,
        }
    }
}

/// Removes a write-ahead log that nobody needs any more: all of it or nothing, whenever the power goes.
pub fn remove(disk: &dyn Disk, dir: &Path) -> Result<(), CommitError> {
    remove_leftover(disk, dir)?;
    if !disk.exists(dir).map_err(CommitError::io(dir))? {
        return Ok(());
    }
    let aside = aside(dir);
    disk.rename(dir, &aside).map_err(CommitError::io(dir))?;
    let parent = dir.parent().unwrap_or(Path::new(""));
    disk.sync_dir(parent).map_err(CommitError::io(parent))?;
    remove_leftover(disk, dir)
}

/// Removes what an earlier removal that was cut short has left.
pub(crate) fn remove_leftover(disk: &dyn Disk, dir: &Path) -> Result<(), CommitError> {
    let aside = aside(dir);
    if disk.exists(&aside).map_err(CommitError::io(&aside))? {
        disk.remove_dir_all(&aside).map_err(CommitError::io(&aside))?;
    }
    Ok(())
}

fn aside(dir: &Path) -> PathBuf {
    dir.with_extension("old")
}
