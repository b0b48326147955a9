//! Limits and intervals of the storage.

/// Most entries of one segment's sparse index; beyond it every second entry goes and the interval doubles.
pub const INDEX_ENTRIES_MAX: usize = 4096;

/// Bytes between two index entries of a fresh segment.
pub const INDEX_INTERVAL_BYTES: u64 = 4096;

/// Bytes appended after which a log writes a checkpoint, so that a restart re-reads at most about this much.
pub const CHECKPOINT_INTERVAL_BYTES: u64 = 32 * 1024 * 1024;

/// Most producers that one partition remembers; beyond it the ones that were silent longest are forgotten.
pub const PRODUCERS_PER_PARTITION_MAX: usize = 10_000;

/// Batches that a partition remembers of each producer to recognise a repetition (Kafka: 5, the most a client keeps in flight).
pub const PRODUCER_BATCHES: usize = 5;

/// Time after which a silent producer is forgotten (Kafka's `producer.id.expiration.ms`).
pub const PRODUCER_EXPIRATION_MS: i64 = 24 * 60 * 60 * 1000;

/// Aborted transactions whose markers one segment holds, before the log goes on in the next; they stand in its index, 24 bytes each.
pub const ABORTED_PER_SEGMENT_MAX: usize = 100_000;

/// Producer ids that are made durable at once.
pub const PRODUCER_ID_BLOCK: i64 = 1000;

/// Producer ids that the same cluster, rebuilt of a copy, leaves out: more than are given out between the copy and the end of what
/// it was made of.
pub const PRODUCER_ID_GAP: i64 = 1 << 32;

/// Largest checkpoint, index, catalog or other side file that is read.
pub const SIDE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Bytes that a recovery reads at once.
pub const SCAN_CHUNK_BYTES: usize = 256 * 1024;

/// Largest batch that may lie in a log; a larger length field means damage.
pub const BATCH_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Most keys that one pass of compaction tells apart; 400,000 take about 16 MiB. A log with more of them in its dirty part
/// is compacted in several passes.
pub const COMPACTION_KEYS_MAX: usize = 400_000;

/// Bytes that compaction writes, and syncs, at once, so that a sync of a log beside it does not wait long for the disk.
pub const COMPACTION_WRITE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a log that a fork copies at once.
pub const FORK_COPY_BYTES: usize = 1024 * 1024;

/// Share of the file system that is kept free, as a divisor: 1/20 is 5 %.
pub const DISK_RESERVE_DIVISOR: u64 = 20;

/// Most bytes that are kept free, however large the file system is.
pub const DISK_RESERVE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes that may be appended before free space is looked at again.
pub const DISK_CHECK_INTERVAL_BYTES: u64 = 4 * 1024 * 1024;

/// Time after which free space is looked at again.
pub const DISK_CHECK_INTERVAL_MS: u64 = 1000;
