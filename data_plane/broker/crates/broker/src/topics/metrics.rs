//! What the storage counts.

use headrace_commit::{Job, WalView};
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Bounds of how long a sync of the write-ahead log takes, in seconds.
const SYNC_SECONDS: [f64; 10] = [0.000_05, 0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.002, 0.005, 0.02, 0.1, 1.0];

/// The counters of topics and logs.
#[derive(Debug, Default)]
pub(crate) struct StorageMetrics {
    pub(super) appended_bytes: Counter,
    pub(super) appended_records: Counter,
    pub(super) batches_repeated: Counter,
    pub(super) batches_relaxed: Counter,
    pub(super) produce_refused_disk_full: Counter,
    pub(super) fetched_bytes: Counter,
    pub(super) fetch_waits_refused: Counter,
    pub(super) syncs: Counter,
    pub(super) compactions: Counter,
    pub(super) compactions_failed: Counter,
    pub(super) compacted_bytes: Counter,
    pub(super) compaction_freed_bytes: Counter,
    pub(super) compaction_ms: Counter,
    pub(super) wal_bytes: Counter,
    pub(super) wal_blocks: Counter,
    pub(super) wal_bypasses: Counter,
    pub(super) wal_sync_seconds: SyncSeconds,
    pub(super) wal_files: Gauge,
    pub(super) wal_files_in_use: Gauge,
    pub(super) wal_blocks_unsettled: Gauge,
}

/// A histogram of how long syncs take.
#[derive(Debug, Clone)]
pub(super) struct SyncSeconds(pub(super) Histogram);

impl Default for SyncSeconds {
    fn default() -> Self {
        Self(Histogram::new(SYNC_SECONDS))
    }
}

impl StorageMetrics {
    /// Adds the counters to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut add = |name, help, counter: &Counter| registry.register(name, help, counter.clone());
        add("appended_bytes", "Bytes of record batches appended", &self.appended_bytes);
        add("appended_records", "Records appended", &self.appended_records);
        add(
            "batches_repeated",
            "Batches of idempotent producers that were there already",
            &self.batches_repeated,
        );
        add(
            "batches_relaxed",
            "Batches acknowledged before they were durable, as their topics ask",
            &self.batches_relaxed,
        );
        add("produce_refused_disk_full", "Batches refused for want of room", &self.produce_refused_disk_full);
        add("fetched_bytes", "Bytes of record batches read for fetches", &self.fetched_bytes);
        add(
            "fetch_waits_refused",
            "Fetches that waited their whole time, as too many partitions were waited for",
            &self.fetch_waits_refused,
        );
        add("log_syncs", "Rounds of syncing logs", &self.syncs);
        add("compactions", "Passes of compaction over a log that came to their end", &self.compactions);
        add("compactions_failed", "Passes of compaction that did not", &self.compactions_failed);
        add("compacted_bytes", "Bytes of segments that compaction wrote", &self.compacted_bytes);
        add("compaction_freed_bytes", "Bytes that compaction freed", &self.compaction_freed_bytes);
        add("compaction_ms", "Milliseconds that compaction ran", &self.compaction_ms);
        add("wal_bytes", "Bytes written to the write-ahead log", &self.wal_bytes);
        add("wal_blocks", "Blocks written to the write-ahead log", &self.wal_blocks);
        add(
            "wal_bypasses",
            "Logs whose segments were synced in a round, past the write-ahead log",
            &self.wal_bypasses,
        );
        registry.register(
            "wal_sync_seconds",
            "How long writing and syncing a block of the write-ahead log took",
            self.wal_sync_seconds.0.clone(),
        );
        let mut tell = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        tell("wal_files", "Files of the write-ahead log", &self.wal_files);
        tell(
            "wal_files_in_use",
            "Files of the write-ahead log that logs still need; when all are, rounds go past it",
            &self.wal_files_in_use,
        );
        tell(
            "wal_blocks_unsettled",
            "Blocks that a start would replay: how far segments are behind the write-ahead log",
            &self.wal_blocks_unsettled,
        );
    }

    /// Counts a job of a round.
    pub(super) fn count(&self, job: &Job) {
        match job {
            Job::Block(block) => {
                self.wal_blocks.inc();
                self.wal_bytes.inc_by(block.bytes() as u64);
            }
            Job::Segments(plans) => {
                self.wal_bypasses.inc_by(plans.len() as u64);
            }
        }
    }

    /// Takes note of how the write-ahead log stands.
    pub(super) fn observe(&self, view: WalView) {
        self.wal_files.set(view.files as i64);
        self.wal_files_in_use.set(view.files_in_use as i64);
        self.wal_blocks_unsettled.set(view.blocks_unsettled as i64);
    }
}
