//! What the storage counts.

use std::sync::atomic::Ordering;

use headrace_commit::{Committer, Job, Queues, WalView};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use headrace_types::ErrorCode;

use crate::metrics::ReasonLabels;

/// Bounds of how many batches a round makes durable.
const ROUND_BATCHES: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 500.0];
/// Bounds of how long a sync takes, in seconds.
const SYNC_SECONDS: [f64; 10] = [0.000_05, 0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.002, 0.005, 0.02, 0.1, 1.0];

/// The counters of topics and logs.
#[derive(Debug, Default)]
pub(crate) struct StorageMetrics {
    pub(super) appended_bytes: Counter,
    pub(super) appended_records: Counter,
    pub(super) batches_repeated: Counter,
    pub(super) batches_relaxed: Counter,
    pub(super) produce_refused_disk_full: Counter,
    pub(super) producers_refused: Counter,
    produce_refused: Family<ReasonLabels, Counter>,
    pub(super) topics_refused: Family<ReasonLabels, Counter>,
    pub(super) producers: Gauge,
    pub(super) produce_refused_storage_limit: Counter,
    pub(super) fetched_bytes: Counter,
    pub(super) cold_reads: Counter,
    pub(super) cold_read_pauses: Counter,
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
    pub(super) segment_sync_seconds: SyncSeconds,
    pub(super) round_seconds: SyncSeconds,
    pub(super) round_batches: RoundBatches,
    pub(super) settle_seconds: SyncSeconds,
    wal_batches_without_place: Counter,
    wal_notes_dropped: Counter,
    wal_files_refused: Counter,
    logs_waiting: Gauge,
    batches_waiting: Gauge,
    logs_relaxed: Gauge,
    logs_settling: Gauge,
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

/// A histogram of how many batches share a round.
#[derive(Debug, Clone)]
pub(super) struct RoundBatches(pub(super) Histogram);

impl Default for RoundBatches {
    fn default() -> Self {
        Self(Histogram::new(ROUND_BATCHES))
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
        add(
            "produce_refused_storage_limit",
            "Batches refused because the cluster may not store more",
            &self.produce_refused_storage_limit,
        );
        add("producers_refused", "Producers refused, as too many were known", &self.producers_refused);
        add("fetched_bytes", "Bytes of record batches read for fetches", &self.fetched_bytes);
        add("cold_reads", "Reads for fetches that waited for the disk", &self.cold_reads);
        add(
            "cold_read_pauses",
            "Such reads after which the disk was left to those who wait for syncs",
            &self.cold_read_pauses,
        );
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
        add(
            "wal_batches_without_place",
            "Small batches that found no place in the write-ahead log, so that their segments were synced instead",
            &self.wal_batches_without_place,
        );
        add(
            "wal_notes_dropped",
            "Appends of whose account the write-ahead log does not tell, for want of a place",
            &self.wal_notes_dropped,
        );
        add(
            "wal_files_refused",
            "Files of the write-ahead log that were not made, as the disk had no room to spare",
            &self.wal_files_refused,
        );
        registry.register(
            "produce_refused",
            "Batches refused for what they are",
            self.produce_refused.clone(),
        );
        registry.register(
            "topics_refused",
            "Topics and partitions refused, as there may be no more",
            self.topics_refused.clone(),
        );
        self.register_times(registry);
        let mut tell = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        tell("commit_logs_waiting", "Logs that wait for the next round", &self.logs_waiting);
        tell("commit_batches_waiting", "Batches that wait for the next round", &self.batches_waiting);
        tell(
            "commit_logs_relaxed",
            "Logs with batches that were acknowledged and are not durable yet",
            &self.logs_relaxed,
        );
        tell("commit_logs_settling", "Logs that are being synced in the background", &self.logs_settling);
        tell("producers", "Producers that logs remember, as counted within the last minute", &self.producers);
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

    fn register_times(&self, registry: &mut Registry) {
        let mut time = |name, help, seconds: &SyncSeconds| registry.register(name, help, seconds.0.clone());
        time(
            "wal_sync_seconds",
            "How long writing and syncing a block of the write-ahead log took",
            &self.wal_sync_seconds,
        );
        time(
            "segment_sync_seconds",
            "How long syncing segments took that a round could not do without",
            &self.segment_sync_seconds,
        );
        time("settle_seconds", "How long syncing segments in the background took", &self.settle_seconds);
        time(
            "commit_round_seconds",
            "How long a round took from its beginning until what it covers was acknowledged",
            &self.round_seconds,
        );
        registry.register(
            "commit_round_batches",
            "How many batches a round made durable",
            self.round_batches.0.clone(),
        );
    }

    #[cfg(test)]
    pub(super) fn refused(&self, reason: &'static str) -> u64 {
        self.produce_refused.get_or_create(&ReasonLabels { reason }).get()
    }

    /// Counts a batch that was refused, where what it is was the reason.
    pub(super) fn count_refusal(&self, code: ErrorCode) {
        let reason = match code {
            ErrorCode::MessageTooLarge => "message_too_large",
            ErrorCode::InvalidRecord => "invalid_record",
            ErrorCode::CorruptMessage => "corrupt_message",
            ErrorCode::PolicyViolation => "policy_violation",
            _ => return,
        };
        self.produce_refused.get_or_create(&ReasonLabels { reason }).inc();
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

    /// Takes note of how the committer stands.
    pub(super) fn observe(&self, commit: &Committer) {
        let Queues { logs, batches, logs_relaxed, logs_settling } = commit.queues();
        self.logs_waiting.set(logs as i64);
        self.batches_waiting.set(batches as i64);
        self.logs_relaxed.set(logs_relaxed as i64);
        self.logs_settling.set(logs_settling as i64);
        self.observe_wal(commit.view());
    }

    fn observe_wal(&self, view: WalView) {
        let total = |counter: &Counter, count| counter.inner().store(count, Ordering::Relaxed);
        total(&self.wal_batches_without_place, view.batches_without_place);
        total(&self.wal_notes_dropped, view.notes_dropped);
        total(&self.wal_files_refused, view.files_refused);
        self.wal_files.set(view.files as i64);
        self.wal_files_in_use.set(view.files_in_use as i64);
        self.wal_blocks_unsettled.set(view.blocks_unsettled as i64);
    }
}
