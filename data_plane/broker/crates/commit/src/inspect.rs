//! Looking at a write-ahead log offline: what a start would take from it, and whether all of it is sound. Nothing is ever written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::Disk;
use headrace_log::LogError;
use headrace_types::TopicPartition;

use crate::entry::Reading;
use crate::error::CommitError;
use crate::replay::Replay;
use crate::unreplayed;

/// A file of the write-ahead log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// A block that a start would read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockView {
    /// Its file.
    pub path: PathBuf,
    /// Where it begins in the file.
    pub position: u64,
    /// Its number.
    pub sequence: u64,
    /// Every block up to this one had been synced when it was written.
    pub synced_through: u64,
    /// What blocks up to this one hold was in its segments when it was written.
    pub settled_through: u64,
    /// Bytes of its entries.
    pub payload_bytes: u32,
    /// Batches in it.
    pub batches: u64,
    /// Appends that it only notes: their batches lie in segments.
    pub notes: u64,
}

/// What the blocks hold of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldView {
    /// The partition.
    pub partition: TopicPartition,
    /// Offset of the first batch.
    pub base_offset: i64,
    /// The offset after the last one.
    pub next_offset: i64,
    /// Batches.
    pub batches: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Batches that were put aside in the directory of a partition that was offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideView {
    /// Their file.
    pub path: PathBuf,
    /// How many there are.
    pub batches: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Looks for batches that were put aside in the directory of a partition.
///
/// # Errors
/// Damage and unknown formats are those that keep the partition offline.
pub fn inspect_aside(disk: &dyn Disk, dir: &Path) -> Result<Option<AsideView>, LogError> {
    let found = unreplayed::look(disk, dir)?;
    Ok(found.map(|(batches, bytes)| AsideView { path: dir.join(unreplayed::FILE_NAME), batches, bytes }))
}

/// Everything in a write-ahead log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalInspection {
    /// The files, by name.
    pub files: Vec<FileView>,
    /// The blocks that count, in order.
    pub blocks: Vec<BlockView>,
    /// By partition.
    pub held: Vec<HeldView>,
}

/// Looks at the write-ahead log in `dir`; `None` if there is none, as after a stop in order.
///
/// # Errors
/// Damage and unknown formats are those that a start would refuse.
pub fn inspect(disk: Arc<dyn Disk>, dir: &Path) -> Result<Option<WalInspection>, CommitError> {
    let Some(replay) = Replay::look(disk, dir)? else { return Ok(None) };
    let mut inspection = WalInspection { files: replay.files_view()?, ..WalInspection::default() };
    let mut held: BTreeMap<TopicPartition, HeldView> = BTreeMap::new();
    replay.each_block(|path, position, header, payload| {
        let mut block = BlockView {
            path: path.to_path_buf(),
            position,
            sequence: header.sequence,
            synced_through: header.synced_through,
            settled_through: header.settled_through,
            payload_bytes: header.payload_bytes,
            batches: 0,
            notes: 0,
        };
        for entry in Reading::new(payload) {
            let Some(entry) = entry else {
                return Err(CommitError::damaged(
                    path,
                    format!("an entry makes no sense in block {}", header.sequence),
                ));
            };
            if entry.batch.is_none() {
                block.notes += 1;
                continue;
            }
            block.batches += 1;
            let place = entry.place;
            let of = held.entry(place.partition).or_insert(HeldView {
                partition: place.partition,
                base_offset: place.base_offset,
                next_offset: place.next_offset,
                batches: 0,
                bytes: 0,
            });
            of.next_offset = place.next_offset;
            of.batches += 1;
            of.bytes += u64::from(place.bytes);
        }
        inspection.blocks.push(block);
        Ok(())
    })?;
    inspection.held = held.into_values().collect();
    Ok(Some(inspection))
}
