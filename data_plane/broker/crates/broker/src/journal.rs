//! Where a coordinator's records lie: a log of the broker's own, read back whole at start and written anew when it has grown.

use std::{path::Path, sync::Arc};

use headrace_io::Disk;
use headrace_log::{AppendError, LogConfig, LogError, PartitionLog, ReadError, SyncEnd, SyncPlan};
use headrace_records::{
    BatchBuilder, BatchHeader, DecompressionLimits, NewRecord, RecordSet, RecordsError, header::crc_of,
};
use headrace_types::{Offset, PartitionIndex, Record, RecordError, TopicId, TopicPartition};
use thiserror::Error;
use uuid::Uuid;

use crate::limits::{
    JOURNAL_BATCH_BYTES, JOURNAL_BYTES_BEFORE_COMPACTION, JOURNAL_GROWTH_BEFORE_COMPACTION,
    JOURNAL_SEGMENT_BYTES,
};

/// One of the broker's journals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JournalKind {
    /// Its directory, in the data directory.
    pub(crate) directory: &'static str,
    /// What its segments say they belong to.
    identity: TopicPartition,
}

/// The journal of the coordinator of groups.
pub(crate) const GROUPS: JournalKind = JournalKind { directory: "groups", identity: identity(1) };
/// The journal of the coordinator of transactions.
pub(crate) const TRANSACTIONS: JournalKind = JournalKind { directory: "transactions", identity: identity(2) };

/// No topic has it, for it is no random id.
const fn identity(number: u128) -> TopicPartition {
    TopicPartition {
        topic: TopicId::new(Uuid::from_u128(0x6865_6164_7261_6365_0000_0000_0000_0000 + number)),
        partition: PartitionIndex::new(0),
    }
}

/// Takes the records of a journal in again, in the order in which they were written.
pub(crate) trait Replay {
    fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError>;
}

impl Replay for headrace_groups::Coordinator {
    fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        Self::replay(self, key, value)
    }
}

impl Replay for headrace_transactions::Coordinator {
    fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        Self::replay(self, key, value)
    }
}

const CONFIG: LogConfig = LogConfig {
    segment_bytes: JOURNAL_SEGMENT_BYTES,
    segment_ms: i64::MAX,
    retention_ms: -1,
    retention_bytes: -1,
    compaction: None,
};

/// Why a journal can not be read back.
#[derive(Debug, Error)]
pub(crate) enum JournalError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{journal} log is damaged at offset {offset}: {source}")]
    Records { journal: &'static str, offset: i64, source: RecordsError },
    #[error("{journal} log is damaged at offset {offset}: a batch has no length")]
    Batch { journal: &'static str, offset: i64 },
    #[error("{journal} log is damaged at offset {offset}: a batch's CRC does not match")]
    Crc { journal: &'static str, offset: i64 },
    #[error("{journal} log at offset {offset}: {source}")]
    Record { journal: &'static str, offset: i64, source: RecordError },
}

/// The log of a coordinator. Every record takes one offset.
pub(crate) struct Journal {
    kind: JournalKind,
    log: PartitionLog,
    /// Records that found the disk full; they are written before any other.
    backlog: Vec<Record>,
    /// Where a compaction has begun that is not durable yet, and where it ends.
    compaction: Option<(Offset, Offset)>,
    compacted_bytes: u64,
}

impl Journal {
    /// Opens the log and hands its records to the coordinator.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        kind: JournalKind,
        directory: &Path,
        now_ms: i64,
        coordinator: &mut dyn Replay,
    ) -> Result<Self, JournalError> {
        disk.create_dir_all(directory).map_err(LogError::io(directory))?;
        if let Some(parent) = directory.parent() {
            disk.sync_dir(parent).map_err(LogError::io(parent))?;
        }
        let log = PartitionLog::open(disk, directory, kind.identity, CONFIG, now_ms)?;
        let mut journal = Self { kind, log, backlog: Vec::new(), compaction: None, compacted_bytes: 0 };
        journal.replay(coordinator)?;
        Ok(journal)
    }

    /// Makes the journal of a broker that has not run yet, durably but for the name of its directory.
    pub(crate) fn begin(
        disk: Arc<dyn Disk>,
        kind: JournalKind,
        data_dir: &Path,
        records: Vec<Record>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let directory = data_dir.join(kind.directory);
        disk.create_dir_all(&directory).map_err(LogError::io(&directory))?;
        let log = PartitionLog::open(disk, &directory, kind.identity, CONFIG, now_ms)?;
        let mut journal = Self { kind, log, backlog: Vec::new(), compaction: None, compacted_bytes: 0 };
        journal.append(records, now_ms)?;
        if journal.is_stuck() {
            return Err(LogError::io(&directory)(std::io::ErrorKind::StorageFull.into()));
        }
        journal.closing_plan().map_or(Ok(()), |plan| plan.run().map(|_| ()))
    }

    fn replay(&mut self, coordinator: &mut dyn Replay) -> Result<(), JournalError> {
        let mut offset = self.log.log_start().get();
        while offset < self.log.log_end().get() {
            let mut batches = Vec::new();
            self.log.read(offset, JOURNAL_BATCH_BYTES, true, &mut batches)?;
            offset = replay_batches(self.kind.directory, &batches, offset, coordinator)?;
        }
        Ok(())
    }

    /// Whether records wait for room on the disk.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// The offset after the last record that was taken.
    pub(crate) fn end(&self) -> i64 {
        self.log.log_end().get() + self.backlog.len() as i64
    }

    /// The offset up to which records are durable.
    pub(crate) fn durable(&self) -> i64 {
        self.log.high_watermark().get()
    }

    /// Takes records; they are written now, or as soon as the disk has room.
    pub(crate) fn append(&mut self, records: Vec<Record>, now_ms: i64) -> Result<(), LogError> {
        self.backlog.extend(records);
        let mut written = 0;
        for chunk in chunks(&self.backlog) {
            match append_batch(&mut self.log, chunk, now_ms) {
                Ok(()) => written += chunk.len(),
                Err(AppendError::Log(error)) => return Err(error),
                Err(refused) => {
                    tracing::warn!(journal = self.kind.directory, reason = %refused, records = self.backlog.len(), "records of a journal wait for room on the disk");
                    break;
                }
            }
        }
        self.backlog.drain(..written);
        Ok(())
    }

    /// What has to be synced now.
    pub(crate) fn sync_plan(&mut self) -> Option<SyncPlan> {
        self.log.sync_plan()
    }

    /// The last plan before a stop.
    pub(crate) fn closing_plan(&mut self) -> Option<SyncPlan> {
        self.log.closing_plan()
    }

    /// Takes note that a plan has run; removes what a compaction has made superfluous.
    pub(crate) fn synced(&mut self, end: SyncEnd, now_ms: i64) -> Result<(), LogError> {
        self.log.synced(end);
        let Some((start, end)) = self.compaction else { return Ok(()) };
        if self.log.high_watermark() < end {
            return Ok(());
        }
        match self.log.advance_start(start, now_ms) {
            Ok(_) => {
                self.compaction = None;
                self.compacted_bytes = self.log.size_bytes();
                Ok(())
            }
            // Tried again after the next sync: nothing is lost by keeping more than is needed.
            Err(error) if error.is_full() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether most of the log is likely to be superfluous.
    pub(crate) fn wants_compaction(&self) -> bool {
        let grown = self.compacted_bytes.saturating_mul(JOURNAL_GROWTH_BEFORE_COMPACTION);
        let due = self.log.size_bytes() >= grown.max(JOURNAL_BYTES_BEFORE_COMPACTION);
        due && self.compaction.is_none() && !self.is_stuck()
    }

    /// Writes all there is to say anew; what lies before goes once this is durable. A crash in between repeats itself at most:
    /// the records before and the snapshot say the same.
    pub(crate) fn compact(&mut self, snapshot: Vec<Record>, now_ms: i64) -> Result<(), LogError> {
        let start = self.log.log_end();
        self.append(snapshot, now_ms)?;
        self.compaction = Some((start, Offset::new(self.end())));
        Ok(())
    }
}

fn append_batch(log: &mut PartitionLog, records: &[Record], now_ms: i64) -> Result<(), AppendError> {
    let empty = BatchBuilder::new();
    let batch = records.iter().fold(empty, |batch, record| {
        let (key, value) = (Some(record.key.as_slice()), record.value.as_deref());
        batch.record(NewRecord { timestamp: now_ms, key, value, headers: &[] })
    });
    let batch = batch.build();
    let Some(header) = BatchHeader::parse(&batch) else {
        unreachable!("a batch that was just built has a header")
    };
    log.append(&batch, &header, false, now_ms).map(|_| ())
}

/// Splits records into batches of about [`JOURNAL_BATCH_BYTES`]; a larger record is a batch of its own.
fn chunks(records: &[Record]) -> Vec<&[Record]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, record) in records.iter().enumerate() {
        let size = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        if bytes + size > JOURNAL_BATCH_BYTES && index > start {
            chunks.push(&records[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < records.len() {
        chunks.push(&records[start..]);
    }
    chunks
}

/// Replays whole batches; answers the offset after them.
fn replay_batches(
    journal: &'static str,
    batches: &[u8],
    from: i64,
    coordinator: &mut dyn Replay,
) -> Result<i64, JournalError> {
    let mut rest = batches;
    let mut offset = from;
    while !rest.is_empty() {
        let header = BatchHeader::parse(rest).ok_or(JournalError::Batch { journal, offset })?;
        let length = header.batch_bytes().ok_or(JournalError::Batch { journal, offset })?;
        let (batch, after) = rest.split_at_checked(length).ok_or(JournalError::Batch { journal, offset })?;
        if crc_of(batch) != header.crc {
            return Err(JournalError::Crc { journal, offset });
        }
        replay_batch(journal, batch, offset, coordinator)?;
        offset = header.next_offset().get();
        rest = after;
    }
    if offset > from { Ok(offset) } else { Err(JournalError::Batch { journal, offset }) }
}

fn replay_batch(
    journal: &'static str,
    batch: &[u8],
    offset: i64,
    coordinator: &mut dyn Replay,
) -> Result<(), JournalError> {
    let damaged = |source| JournalError::Records { journal, offset, source };
    let records = RecordSet::of_batch(batch, DecompressionLimits::default()).map_err(damaged)?;
    for record in records.iter() {
        let record = record.map_err(damaged)?;
        let key = record.key.unwrap_or_default();
        let unreadable = |source| JournalError::Record { journal, offset: record.offset, source };
        coordinator.replay(key, record.value).map_err(unreadable)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
