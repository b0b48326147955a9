//! The write-ahead log after a stop: which of its blocks count, and writing their batches to the segments that miss them.
//!
//! Blocks are numbered, and each tells up to which block everything had been synced, and up to which it is not needed any more. So the
//! blocks that count are those from there on, without a gap. A block that is missing or damaged was being written when the power
//! went, unless a later block says that it had been synced: then it is damage, and nothing is started on top of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_log::LogError;
use headrace_types::TopicPartition;

use crate::accounts::Accounts;
use crate::block::{BlockHeader, FILE_HEADER_BYTES, FileHeader, HEADER_BYTES, decode_file_header};
use crate::entry::{Entry, Reading};
use crate::error::CommitError;
use crate::inspect::FileView;
use crate::limits::{BLOCK_ALIGNMENT, BLOCK_BYTES_MAX};
use crate::logs::Logs;
use crate::prepare::SUFFIX;
use crate::{unreplayed, wal};

/// A block that counts.
#[derive(Clone, Copy, Debug)]
struct Location {
    file: usize,
    position: u64,
    header: BlockHeader,
}

/// The write-ahead log that an earlier process has left.
#[derive(Debug)]
pub struct Replay {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    files: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    blocks: Vec<Location>,
}

/// What a replay came to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// On whose account its appends were made.
    pub accounts: Accounts,
    /// Blocks that counted.
    pub blocks: usize,
    /// Bytes of batches that the segments did not hold.
    pub bytes: u64,
    /// Logs that could not be gone on with.
    pub failed: Vec<(TopicPartition, LogError)>,
    /// Partitions that are offline, whose batches were put aside.
    pub put_aside: Vec<TopicPartition>,
}

/// What looking through the files has found.
#[derive(Debug, Default)]
struct Found {
    sound: BTreeMap<u64, Location>,
    synced_through: u64,
    settled_through: u64,
}

impl Replay {
    /// Reads what there is; `None` if there is no write-ahead log.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<Option<Self>, CommitError> {
        wal::remove_leftover(&*disk, dir)?;
        Self::look(disk, dir)
    }

    /// Like [`Self::open`], and changes nothing.
    pub(crate) fn look(disk: Arc<dyn Disk>, dir: &Path) -> Result<Option<Self>, CommitError> {
        if !disk.exists(dir).map_err(CommitError::io(dir))? {
            return Ok(None);
        }
        let mut replay = Self { disk, dir: dir.to_path_buf(), files: Vec::new(), blocks: Vec::new() };
        let names = replay.disk.list(dir).map_err(CommitError::io(dir))?;
        let mut found = Found::default();
        for name in names.iter().filter(|name| name.ends_with(SUFFIX)) {
            let path = dir.join(name);
            let file = replay.disk.open(&path, OpenMode::Read).map_err(CommitError::io(&path))?;
            look_through(&path, &*file, replay.files.len(), &mut found)?;
            replay.files.push((path, file));
        }
        replay.blocks = blocks_that_count(dir, &found)?;
        Ok(Some(replay))
    }

    /// Writes the batches that segments miss, durably, and reads on whose account appends were made. Batches of partitions that are
    /// offline are put aside in `dir_of` them.
    pub fn run(
        &self,
        logs: &mut impl Logs,
        dir_of: impl Fn(TopicPartition) -> PathBuf,
        now_ms: i64,
    ) -> Result<Replayed, CommitError> {
        let mut replayed = Replayed { blocks: self.blocks.len(), ..Replayed::default() };
        let mut touched = BTreeSet::new();
        let mut aside: BTreeMap<TopicPartition, Vec<u8>> = BTreeMap::new();
        let mut block = Vec::new();
        for location in &self.blocks {
            for entry in Reading::new(self.read(location, &mut block)?) {
                let entry = entry.ok_or_else(|| self.damaged(location, "an entry makes no sense"))?;
                replayed.accounts.note(&entry);
                let Entry { place, batch: Some(batch), .. } = entry else { continue };
                let partition = place.partition;
                if let Some(kept) = aside.get_mut(&partition) {
                    unreplayed::add(kept, batch);
                    continue;
                }
                let failed = match logs.log(partition).map(|log| log.replay(batch, now_ms)) {
                    Some(Ok(was_missing)) => {
                        replayed.bytes += if was_missing { batch.len() as u64 } else { 0 };
                        touched.insert(partition);
                        continue;
                    }
                    Some(Err(error @ LogError::Corrupt { .. })) => Some((partition, error)),
                    Some(Err(error)) => return Err(error.into()),
                    None if logs.is_offline(partition) => None,
                    // Its topic was deleted.
                    None => continue,
                };
                replayed.failed.extend(failed);
                unreplayed::add(aside.entry(partition).or_default(), batch);
            }
        }
        for partition in touched.iter().filter(|partition| !aside.contains_key(partition)) {
            let Some(log) = logs.log(*partition) else { continue };
            if let Some(plan) = log.sync_plan() {
                log.synced(plan.run()?);
            }
        }
        for (partition, batches) in aside {
            unreplayed::keep(&*self.disk, &dir_of(partition), &batches)?;
            replayed.put_aside.push(partition);
        }
        Ok(replayed)
    }

    /// The files, by name.
    pub(crate) fn files_view(&self) -> Result<Vec<FileView>, CommitError> {
        let view = |(path, file): &(PathBuf, Arc<dyn DiskFile>)| {
            Ok(FileView { path: path.clone(), bytes: file.length().map_err(CommitError::io(path))? })
        };
        self.files.iter().map(view).collect()
    }

    /// Does something with every block that counts, in order: its file, where it begins, its header and its entries.
    pub(crate) fn each_block(
        &self,
        mut act: impl FnMut(&Path, u64, &BlockHeader, &[u8]) -> Result<(), CommitError>,
    ) -> Result<(), CommitError> {
        let mut block = Vec::new();
        for location in &self.blocks {
            let payload = self.read(location, &mut block)?;
            act(&self.files[location.file].0, location.position, &location.header, payload)?;
        }
        Ok(())
    }

    /// Removes the write-ahead log, which nobody needs any more.
    pub fn remove(self) -> Result<(), CommitError> {
        wal::remove(&*self.disk, &self.dir)
    }

    /// The payload of a block, read into `block`.
    fn read<'b>(&self, location: &Location, block: &'b mut Vec<u8>) -> Result<&'b [u8], CommitError> {
        let (path, file) = &self.files[location.file];
        block.resize(location.header.payload_bytes as usize, 0);
        let position = location.position + HEADER_BYTES as u64;
        let read = file.read_at(position, block).map_err(CommitError::io(path))?;
        if read < block.len() || crc32c::crc32c(block) != location.header.payload_crc {
            return Err(self.damaged(location, "the checksum does not match"));
        }
        Ok(block)
    }

    fn damaged(&self, location: &Location, detail: &str) -> CommitError {
        let (path, _) = &self.files[location.file];
        CommitError::damaged(path, format!("{detail} in block {}", location.header.sequence))
    }
}

/// Finds the sound blocks of a file, those of earlier rounds over it included.
fn look_through(
    path: &Path,
    file: &dyn DiskFile,
    number: usize,
    found: &mut Found,
) -> Result<(), CommitError> {
    let length = file.length().map_err(CommitError::io(path))?;
    let mut window = Window { path, file, bytes: Vec::new(), at: 0 };
    let salt = match decode_file_header(window.get(0, FILE_HEADER_BYTES)?) {
        FileHeader::Sound(salt) => salt,
        FileHeader::UnknownVersion(version) => {
            let detail = format!("version {version}");
            return Err(CommitError::Format { path: path.to_path_buf(), detail });
        }
        // It was synced before it got its name.
        FileHeader::Damaged => return Err(CommitError::damaged(path, "the file header is damaged")),
    };
    let mut position = FILE_HEADER_BYTES as u64;
    while position < length {
        let header = BlockHeader::decode(window.get(position, HEADER_BYTES)?, salt);
        let Some(header) = header else {
            position += BLOCK_ALIGNMENT as u64;
            continue;
        };
        found.synced_through = found.synced_through.max(header.synced_through);
        found.settled_through = found.settled_through.max(header.settled_through);
        let payload = window.get(position + HEADER_BYTES as u64, header.payload_bytes as usize)?;
        let is_whole = payload.len() == header.payload_bytes as usize;
        if is_whole && crc32c::crc32c(payload) == header.payload_crc {
            found.sound.insert(header.sequence, Location { file: number, position, header });
            position += header.block_bytes() as u64;
        } else {
            position += BLOCK_ALIGNMENT as u64;
        }
    }
    Ok(())
}

/// The blocks that are still needed, without a gap; one that is missing must not have been synced.
fn blocks_that_count(dir: &Path, found: &Found) -> Result<Vec<Location>, CommitError> {
    let mut blocks = Vec::new();
    let mut next = found.settled_through + 1;
    while let Some(location) = found.sound.get(&next) {
        blocks.push(*location);
        next += 1;
    }
    if next <= found.synced_through {
        let last = found.synced_through;
        let detail =
            format!("block {next} is damaged or missing, and everything up to block {last} was synced");
        return Err(CommitError::damaged(dir, detail));
    }
    Ok(blocks)
}

/// A part of a file that was read ahead.
struct Window<'a> {
    path: &'a Path,
    file: &'a dyn DiskFile,
    bytes: Vec<u8>,
    at: u64,
}

impl Window<'_> {
    /// `count` bytes from `position` on; fewer at the end of the file.
    fn get(&mut self, position: u64, count: usize) -> Result<&[u8], CommitError> {
        let held = position.checked_sub(self.at).map(|at| at as usize);
        if let Some(at) = held.filter(|at| at + count <= self.bytes.len()) {
            return Ok(&self.bytes[at..at + count]);
        }
        self.bytes.resize(BLOCK_BYTES_MAX.max(count), 0);
        self.at = position;
        let read = self.file.read_at(position, &mut self.bytes).map_err(CommitError::io(self.path))?;
        self.bytes.truncate(read);
        Ok(&self.bytes[..count.min(read)])
    }
}
