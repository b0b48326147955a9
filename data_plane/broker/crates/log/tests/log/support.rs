//! What the tests of the log share.

use std::path::Path;
use std::sync::Arc;

use headrace_io::{Disk, SimDisk};
use headrace_log::{AppendError, Appended, LogConfig, LogError, PartitionLog, Retained};
use headrace_records::BatchHeader;
use headrace_types::{Offset, PartitionIndex, TopicId, TopicPartition};

pub(crate) const CONFIG: LogConfig = LogConfig {
    segment_bytes: 1 << 20,
    segment_ms: i64::MAX,
    retention_ms: -1,
    retention_bytes: -1,
    compaction: None,
};

pub(crate) fn identity() -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([1; 16]), partition: PartitionIndex::new(0) }
}

pub(crate) fn dir() -> &'static Path {
    Path::new("data/p")
}

pub(crate) fn disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_dir_all(dir()).unwrap();
    disk.sync_dir(Path::new("data")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    disk
}

pub(crate) fn try_open(disk: &SimDisk, config: LogConfig) -> Result<PartitionLog, LogError> {
    PartitionLog::open(Arc::new(disk.clone()), dir(), identity(), config, 0)
}

pub(crate) fn open(disk: &SimDisk, config: LogConfig) -> PartitionLog {
    try_open(disk, config).unwrap()
}

pub(crate) fn append(log: &mut PartitionLog, batch: &[u8]) -> Result<Appended, AppendError> {
    log.append(batch, &BatchHeader::parse(batch).unwrap(), false, 0)
}

pub(crate) fn sync(log: &mut PartitionLog) {
    if let Some(plan) = log.sync_plan() {
        let end = plan.run().unwrap();
        log.synced(end);
    }
}

pub(crate) fn close(log: &mut PartitionLog) {
    if let Some(plan) = log.closing_plan() {
        let end = plan.run().unwrap();
        log.synced(end);
    }
}

/// Retention to its end, waiting for what it has to know.
pub(crate) fn retain(log: &mut PartitionLog, now_ms: i64, needed_from: Offset) -> Result<Retained, LogError> {
    let mut freed_bytes = 0;
    loop {
        let mut retained = log.retain(now_ms, needed_from)?;
        freed_bytes += retained.freed_bytes;
        match retained.cold.take() {
            Some(cold) => log.keep_open(cold.run()?),
            None => return Ok(Retained { freed_bytes, ..retained }),
        }
    }
}

/// Headers and records of everything readable, batch by batch.
pub(crate) fn read_all(log: &mut PartitionLog) -> Vec<(BatchHeader, Vec<u8>)> {
    let mut out = Vec::new();
    let start = log.log_start().get();
    log.read(start, usize::MAX >> 1, true, &mut out).unwrap();
    split(&out)
}

pub(crate) fn split(mut bytes: &[u8]) -> Vec<(BatchHeader, Vec<u8>)> {
    let mut batches = Vec::new();
    while let Some(header) = BatchHeader::parse(bytes) {
        let (batch, rest) = bytes.split_at(header.batch_bytes().unwrap());
        assert_eq!(headrace_records::header::crc_of(batch), header.crc);
        batches.push((header, batch[61..].to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a read ended inside a batch");
    batches
}
