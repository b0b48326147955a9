//! Leader epochs of a partition and the offsets they began at (KIP-101), together with the log start.

use std::path::{Path, PathBuf};

use headrace_io::Disk;
use headrace_types::TopicPartition;
use serde::{Deserialize, Serialize};

use crate::checked_file::Kind;
use crate::error::LogError;

/// The file format of a log that is a fork of another.
pub const KIND: Kind = Kind { magic: *b"HRPM", version: 2 };
/// The file format of every other log, and of before there were forks.
pub const KIND_UNFORKED: Kind = Kind { version: 1, ..KIND };
/// Name of the file in the partition's directory.
pub const FILE_NAME: &str = "partition.meta";

/// A leader epoch and its first offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: i32,
    /// Offset of the first batch of the epoch.
    pub start_offset: i64,
}

/// A topic whose log this one was forked from: its segments still say that they belong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The id of that topic, in the form of directories.
    pub topic: String,
    /// Its segments begin below this offset.
    pub below: i64,
}

/// Whether a segment that says it belongs to `stated` may lie in the log of `identity` at `base_offset`.
#[must_use]
pub fn may_lie(
    stated: TopicPartition,
    identity: TopicPartition,
    base_offset: i64,
    origins: &[Origin],
) -> bool {
    let is_inherited = || {
        let topic = stated.topic.to_string();
        origins.iter().any(|origin| base_offset < origin.below && origin.topic == topic)
    };
    stated == identity || (stated.partition == identity.partition && is_inherited())
}

/// What a partition keeps beside its segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionMeta {
    /// First offset that is kept.
    pub log_start_offset: i64,
    /// Ascending in both fields.
    pub epochs: Vec<EpochStart>,
    /// Where its oldest segments come from, if it is a fork.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

impl Default for PartitionMeta {
    fn default() -> Self {
        Self {
            log_start_offset: 0,
            epochs: vec![EpochStart { epoch: 0, start_offset: 0 }],
            origins: Vec::new(),
        }
    }
}

impl PartitionMeta {
    /// Reads the file of a partition; a partition without one is fresh.
    pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Self, LogError> {
        let path = path_in(dir);
        let (_, content) = KIND.read_either(KIND_UNFORKED, disk, &path)?;
        let Some(payload) = content.required(&path)? else { return Ok(Self::default()) };
        serde_json::from_slice(&payload)
            .map_err(|error| LogError::Format { path: path.clone(), detail: error.to_string() })
    }

    /// Writes the file durably.
    pub fn store(&self, disk: &dyn Disk, dir: &Path) -> Result<(), LogError> {
        let path = path_in(dir);
        let payload = serde_json::to_vec(self)
            .map_err(|error| LogError::Format { path: path.clone(), detail: error.to_string() })?;
        // A broker of before there were forks reads what is none.
        let kind = if self.origins.is_empty() { KIND_UNFORKED } else { KIND };
        kind.replace(disk, &path, &payload)
    }

    /// The epoch that appends are stamped with.
    #[must_use]
    pub fn current_epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |last| last.epoch)
    }

    /// Begins a leader epoch at `start_offset`; an epoch that is not newer changes nothing.
    pub fn begin_epoch(&mut self, epoch: i32, start_offset: i64) {
        if epoch > self.current_epoch() {
            self.epochs.retain(|known| known.start_offset < start_offset);
            self.epochs.push(EpochStart { epoch, start_offset });
        }
    }

    /// The largest epoch that is not newer than `epoch`, and the offset after its last batch: the answer of
    /// `OffsetForLeaderEpoch` (KIP-279). `None` if every epoch known is newer.
    #[must_use]
    pub fn end_of(&self, epoch: i32, log_end: i64) -> Option<(i32, i64)> {
        let after = self.epochs.partition_point(|known| known.epoch <= epoch);
        let found = self.epochs.get(after.checked_sub(1)?)?;
        Some((found.epoch, self.epochs.get(after).map_or(log_end, |next| next.start_offset)))
    }
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use headrace_io::SimDisk;
    use headrace_types::{PartitionIndex, TopicId};

    use super::*;
    use crate::checked_file::Content;

    #[test]
    fn inherited_segments_lie_below_where_the_fork_began() {
        let of = |seed, partition| TopicPartition {
            topic: TopicId::from_random([seed; 16]),
            partition: PartitionIndex::new(partition),
        };
        let origins = [Origin { topic: of(1, 0).topic.to_string(), below: 100 }];
        assert!(may_lie(of(2, 0), of(2, 0), 500, &[]));
        assert!(may_lie(of(1, 0), of(2, 0), 99, &origins));
        for (stated, base_offset) in [(of(1, 0), 100), (of(1, 1), 0), (of(3, 0), 0)] {
            assert!(!may_lie(stated, of(2, 0), base_offset, &origins), "{stated} at {base_offset}");
        }
    }

    #[test]
    fn epochs_grow_and_answer_where_they_ended() {
        let mut meta = PartitionMeta::default();
        meta.begin_epoch(2, 10);
        meta.begin_epoch(1, 12);
        assert_eq!(meta.current_epoch(), 2);
        assert_eq!(meta.end_of(0, 20), Some((0, 10)));
        assert_eq!(meta.end_of(1, 20), Some((0, 10)));
        assert_eq!(meta.end_of(2, 20), Some((2, 20)));
        assert_eq!(meta.end_of(-1, 20), None);
    }

    #[test]
    fn an_epoch_without_batches_is_replaced() {
        let mut meta = PartitionMeta::default();
        meta.begin_epoch(1, 5);
        meta.begin_epoch(2, 5);
        assert_eq!(meta.epochs.last(), Some(&EpochStart { epoch: 2, start_offset: 5 }));
        assert_eq!(meta.epochs.len(), 2);
    }

    #[test]
    fn the_file_comes_back_and_damage_is_refused() {
        let disk = SimDisk::new();
        let dir = Path::new("p");
        disk.create_dir_all(dir).unwrap();
        assert_eq!(PartitionMeta::load(&disk, dir).unwrap(), PartitionMeta::default());
        let meta = PartitionMeta { log_start_offset: 7, ..PartitionMeta::default() };
        meta.store(&disk, dir).unwrap();
        assert_eq!(PartitionMeta::load(&disk, dir).unwrap(), meta);
        assert!(matches!(KIND.read(&disk, &path_in(dir)).unwrap(), Content::UnknownVersion(1)));
        let origins = vec![Origin { topic: "t".to_owned(), below: 3 }];
        let meta = PartitionMeta { origins, ..meta };
        meta.store(&disk, dir).unwrap();
        assert_eq!(PartitionMeta::load(&disk, dir).unwrap(), meta);
        assert!(matches!(KIND_UNFORKED.read(&disk, &path_in(dir)).unwrap(), Content::UnknownVersion(2)));
        disk.flip_bit(&path_in(dir), 25, 0);
        assert!(matches!(PartitionMeta::load(&disk, dir), Err(LogError::Corrupt { .. })));
    }
}
