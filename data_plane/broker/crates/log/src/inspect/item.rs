//! What is told of a data directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::epochs::EpochStart;

/// One thing that was met. Offsets and sizes are as in the files; times in ms since the Unix epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// A topic of the catalog.
    Topic {
        /// Its name.
        name: String,
        /// Its id, in the form of directories.
        id: String,
        /// How many partitions it has.
        partitions: i32,
        /// Configurations that were set.
        configs: BTreeMap<String, String>,
    },
    /// A topic whose files are still to be removed.
    Removing {
        /// Its id.
        id: String,
        /// How many partitions it had.
        partitions: i32,
    },
    /// Producer ids below this one may have been given out.
    ProducerIds {
        /// The end of the last block.
        durable_end: i64,
    },
    /// A log, told before its segments.
    Partition(PartitionItem),
    /// A segment, told behind its batches.
    Segment(SegmentItem),
    /// A batch.
    Batch(BatchItem),
    /// A producer that a partition remembers at its log end.
    Producer(ProducerItem),
    /// Bytes at the end of a log that are no sound batch and were never said to be synced: a start cuts them off.
    TornTail {
        /// The segment.
        path: PathBuf,
        /// Bytes from the last sound batch on.
        bytes: u64,
        /// What was found there.
        detail: String,
    },
    /// A file that is damaged.
    Damage {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// Everything together, at last.
    Summary(Summary),
}

/// What lies beside the segments of a log.
#[derive(Clone, Debug, Serialize)]
pub struct PartitionItem {
    /// Its directory.
    pub path: PathBuf,
    /// The topic's name, if the catalog has it.
    pub topic: Option<String>,
    /// Its number.
    pub partition: i32,
    /// First offset that is kept.
    pub log_start_offset: i64,
    /// Leader epochs and their first offsets.
    pub epochs: Vec<EpochStart>,
    /// Everything below was synced, says the recovery point.
    pub recovery_point: Option<i64>,
    /// The offset of the checkpoint.
    pub checkpoint_offset: Option<i64>,
    /// Producers in the checkpoint.
    pub checkpoint_producers: Option<usize>,
}

/// A segment and its index.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentItem {
    /// Its file.
    pub path: PathBuf,
    /// Offset of its first batch.
    pub base_offset: i64,
    /// Offset after its last sound batch.
    pub end_offset: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// How far it was compacted, if it was.
    pub cleaned_to: Option<i64>,
    /// Bytes of its file.
    pub bytes: u64,
    /// Sound batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Largest timestamp of them.
    pub max_timestamp: Option<i64>,
    /// What its index file is worth.
    pub index: IndexState,
    /// Entries of a sound index.
    pub index_entries: Option<usize>,
}

/// What an index file is worth. A missing or damaged one is made again from its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// There is none, as of the segment that is appended to.
    Absent,
    /// Its checksum does not match.
    Damaged,
    /// It points to where there is no batch, or tells something else than its segment.
    Wrong,
    /// It fits its segment.
    Sound,
}

/// A batch.
#[derive(Clone, Debug, Serialize)]
pub struct BatchItem {
    /// Where it begins in its segment.
    pub position: u64,
    /// Its size.
    pub bytes: usize,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// How many records it has.
    pub records: i32,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
    /// Its codec; none means a number that stands for none.
    pub codec: Option<&'static str>,
    /// Largest timestamp.
    pub max_timestamp: i64,
    /// The producer, its epoch and first sequence number, of an idempotent one.
    pub producer: Option<(i64, i16, i32)>,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether it is a marker.
    pub control: bool,
}

/// A producer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ProducerItem {
    /// Its id.
    pub id: i64,
    /// Its newest epoch.
    pub epoch: i16,
    /// Sequence number of its last record; -1 for none.
    pub last_sequence: i32,
    /// Largest timestamp of its last batch; -1 for none.
    pub last_timestamp: i64,
}

/// Counts of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Topics of the catalog.
    pub topics: u64,
    /// Logs.
    pub partitions: u64,
    /// Segments.
    pub segments: u64,
    /// Sound batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of segments.
    pub bytes: u64,
    /// Bytes that a start cuts off.
    pub torn_bytes: u64,
    /// Index files that a start makes again.
    pub rebuildable: u64,
    /// Damaged places.
    pub damaged: u64,
}
