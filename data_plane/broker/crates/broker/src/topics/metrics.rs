//! What the storage counts.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// The counters of topics and logs.
#[derive(Debug, Default)]
pub(crate) struct StorageMetrics {
    pub(super) appended_bytes: Counter,
    pub(super) appended_records: Counter,
    pub(super) batches_repeated: Counter,
    pub(super) produce_refused_disk_full: Counter,
    pub(super) fetched_bytes: Counter,
    pub(super) fetch_waits_refused: Counter,
    pub(super) syncs: Counter,
    pub(super) compactions: Counter,
    pub(super) compactions_failed: Counter,
    pub(super) compacted_bytes: Counter,
    pub(super) compaction_freed_bytes: Counter,
    pub(super) compaction_ms: Counter,
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
    }
}
