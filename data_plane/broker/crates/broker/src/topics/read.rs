//! Reading for fetches, within the memory that fetched records may take.

use std::rc::Rc;

use bytes::Bytes;
use headrace_log::{
    AbortedSearch, AbortedTransaction, ColdBatches, ColdRead, FoundOffset, LogError, PartitionLog, ReadError,
    ReadLimits, TimestampWanted, TryRead, segment::Closed,
};
use headrace_records::DecompressionLimits;
use headrace_types::{ErrorCode, LeaderEpoch, TopicPartition};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Topics,
    arrivals::Arrival,
    on_the_way::{HeldRecords, Span},
};
use crate::limits::{FETCH_BYTES_MAX, FETCH_BYTES_MIN, FETCHED_IN_MEMORY_BYTES_MAX};

/// Room for fetched records; what is not used is given back at once, the rest once the records are sent.
pub(crate) struct Held {
    permit: OwnedSemaphorePermit,
}

/// What a fetch gets of one partition.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    pub(crate) error: Option<ErrorCode>,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable_offset: i64,
    /// Of a fetch of committed records: the aborted transactions that have something among what was read.
    pub(crate) aborted: Vec<AbortedTransaction>,
    /// What has to be run, where waiting harms nobody, before `aborted` is known.
    pub(crate) aborted_search: Option<Box<AbortedSearch>>,
    pub(crate) log_start_offset: i64,
    pub(crate) leader_epoch: i32,
    /// Where the client's log departs from ours: an epoch and its end.
    pub(crate) diverging: Option<(i32, i64)>,
    pub(crate) records: Records,
    /// Room that the first batch takes, if there was less.
    pub(crate) room_missed: Option<usize>,
}

/// What a fetch asks of one partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchSpec {
    pub(crate) offset: i64,
    pub(crate) bytes_max: usize,
    /// A first batch comes though it is larger than `bytes_max`, up to this; 0 where others came before.
    pub(crate) first_bytes_max: usize,
    /// -1 where the client does not say.
    pub(crate) current_leader_epoch: i32,
    /// -1 where the client does not say.
    pub(crate) last_fetched_epoch: i32,
    /// Whether nothing is to come at or beyond the last stable offset.
    pub(crate) committed: bool,
}

impl Held {
    /// Bytes that may be fetched.
    pub(crate) fn bytes(&self) -> usize {
        self.permit.num_permits()
    }

    /// The part of the room that as many bytes take.
    fn split(&mut self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.permit.split(bytes.min(self.bytes()))
    }
}

/// Whole batches of a partition.
#[derive(Debug)]
pub(crate) enum Records {
    /// Just read, up to before an offset.
    Read(Vec<u8>, i64),
    /// On the way to another client already.
    Shared(Bytes),
}

impl Default for Records {
    fn default() -> Self {
        Self::Read(Vec::new(), 0)
    }
}

impl Records {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(bytes, _) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Topics {
    /// Room for a fetch of up to `wanted` bytes, and no less than `least`. When room is short everyone gets less, and at
    /// last waits.
    pub(crate) async fn fetch_room(&self, wanted: usize, least: usize) -> Option<Held> {
        let free = self.fetch_memory.available_permits();
        let granted = wanted.min(FETCH_BYTES_MAX).min(free / 2).max(FETCH_BYTES_MIN).max(least);
        let memory = std::sync::Arc::clone(&self.fetch_memory);
        let permit = memory.acquire_many_owned(granted as u32).await.ok()?;
        Some(Held { permit })
    }

    /// Reads from a partition without waiting for the disk; every outcome tells how far the log reaches. `cold` is what the read came
    /// to that the try before asked for.
    pub(crate) fn try_fetch(
        &self,
        partition: TopicPartition,
        spec: &FetchSpec,
        cold: Option<ColdBatches>,
    ) -> Result<Fetched, Box<ColdRead>> {
        let read = self.with_log(partition, |log| {
            let mut fetched = Fetched::reach(log);
            fetched.error = check_epoch(spec.current_leader_epoch, log.leader_epoch()).err();
            if fetched.error.is_none() && spec.last_fetched_epoch > fetched.leader_epoch {
                // Of an epoch that never was there is no end to go back to.
                fetched.error = Some(ErrorCode::OffsetOutOfRange);
            }
            if fetched.error.is_none() {
                fetched.diverging = diverging(log, spec);
            }
            if fetched.error.is_none() && fetched.diverging.is_none() {
                match self.read_into(&mut fetched, log, (partition, spec), cold) {
                    Ok(None) => {}
                    Ok(Some(cold)) => return Err(cold),
                    Err(error) => fetched.error = Some(code_of(partition, &error)),
                }
            }
            Ok(fetched)
        });
        let fetched = read.unwrap_or_else(|error| Ok(Fetched::failed(error)))?;
        self.metrics.fetched_bytes.inc_by(fetched.records.bytes().len() as u64);
        Ok(fetched)
    }

    /// Whole batches within the limits, or one that is larger (KIP-74) if there is room for it. What is not in memory is not read but
    /// returned.
    fn read_into(
        &self,
        fetched: &mut Fetched,
        log: &mut PartitionLog,
        (partition, spec): (TopicPartition, &FetchSpec),
        cold: Option<ColdBatches>,
    ) -> Result<Option<Box<ColdRead>>, ReadError> {
        let end = if spec.committed { fetched.last_stable_offset } else { fetched.high_watermark };
        let is_kept = spec.offset >= fetched.log_start_offset;
        let shared =
            is_kept.then(|| self.on_the_way.find(partition, spec.offset, end, spec.bytes_max)).flatten();
        let next = if let Some((bytes, next)) = shared {
            fetched.records = Records::Shared(bytes);
            next
        } else {
            let limits = ReadLimits { bytes_max: spec.bytes_max, first_bytes_max: spec.first_bytes_max };
            let batches = match log.try_read(end, spec.offset, limits, cold)? {
                TryRead::Read(batches) => batches,
                TryRead::Cold(read) => return Ok(Some(read)),
            };
            if spec.first_bytes_max > 0 {
                // No batch is larger than the whole room: the longest request is shorter.
                fetched.room_missed = batches.first_bytes.map(|bytes| bytes.min(FETCHED_IN_MEMORY_BYTES_MAX));
            }
            fetched.records = Records::Read(batches.bytes, batches.next);
            batches.next
        };
        if spec.committed && !fetched.records.bytes().is_empty() {
            let search = log.aborted_search(spec.offset, next);
            if search.cold_segments().next().is_some() {
                fetched.aborted_search = Some(Box::new(search));
            } else {
                fetched.aborted = search.run()?;
            }
        }
        Ok(None)
    }

    /// Records to send, which take their part of the room until they are sent.
    pub(crate) fn send(
        &self,
        partition: TopicPartition,
        offset: i64,
        records: Records,
        room: &mut Held,
    ) -> Bytes {
        match records {
            Records::Shared(bytes) => bytes,
            Records::Read(bytes, next) => {
                let permit = room.split(bytes.len());
                self.on_the_way.send(Span { partition, offset, next }, HeldRecords::new(bytes, permit))
            }
        }
    }

    /// Runs a read that waits for the disk, beside the event loop and beside no more than a few others. None, if the segment went
    /// meanwhile: there is something else to read now.
    pub(crate) async fn read_cold(
        &self,
        partition: TopicPartition,
        read: Box<ColdRead>,
    ) -> Result<Option<ColdBatches>, ErrorCode> {
        let segment = read.segment();
        let ahead_bytes = self.bytes_ahead();
        match self.run_cold(move || read.run(ahead_bytes)).await {
            Ok(batches) => Ok(Some(batches)),
            Err(error) if self.has_segments(partition, segment) => Err(damage(partition, &error)),
            Err(_) => Ok(None),
        }
    }

    /// Looks for the aborted transactions among what was read, beside the event loop. None, if segments went or were compacted
    /// meanwhile: what was read is to be read again then, for nobody knows any more what was aborted in it.
    pub(crate) async fn find_aborted(
        &self,
        partition: TopicPartition,
        search: Box<AbortedSearch>,
    ) -> Result<Option<Vec<AbortedTransaction>>, ErrorCode> {
        let segments: Vec<_> = search.cold_segments().collect();
        let found = self.run_cold(move || search.run()).await;
        if !self.has_segments(partition, segments) {
            return Ok(None);
        }
        found.map(Some).map_err(|error| damage(partition, &error))
    }

    /// Looks for a timestamp, beside the event loop.
    pub(crate) async fn find_timestamp(
        &self,
        partition: TopicPartition,
        wanted: TimestampWanted,
        limits: DecompressionLimits,
    ) -> Result<Option<FoundOffset>, ErrorCode> {
        loop {
            let search = self.with_log(partition, |log| log.timestamp_search(wanted, limits))?;
            let (found, search) = self.run_cold(move || (search.run(), search)).await;
            // What went or was compacted meanwhile may have led anywhere.
            if self.has_segments(partition, search.segments()) {
                return found.map_err(|error| damage(partition, &error));
            }
        }
    }

    /// Whether a log is there and still has all of these closed segments, as they were.
    pub(super) fn has_segments(
        &self,
        partition: TopicPartition,
        segments: impl IntoIterator<Item = Closed>,
    ) -> bool {
        let has_all = |log: &mut PartitionLog| segments.into_iter().all(|closed| log.has_segment(closed));
        self.with_log(partition, has_all).unwrap_or(false)
    }

    /// What a fetch gets of a partition whose files could not be read.
    pub(crate) fn unreadable(&self, partition: TopicPartition, error: ErrorCode) -> Fetched {
        let reach = self.with_log(partition, |log| Fetched::reach(log));
        Fetched { error: Some(error), ..reach.unwrap_or_else(Fetched::failed) }
    }

    /// A wait for as many more bytes in these partitions together; none, where too many are waited for.
    pub(crate) fn wait_for(
        &self,
        partitions: &[TopicPartition],
        missing_bytes: u64,
        is_committed: bool,
    ) -> Option<Rc<Arrival>> {
        let arrival = self.arrivals.wait_for(partitions, missing_bytes, is_committed);
        if arrival.is_none() {
            self.metrics.fetch_waits_refused.inc();
        }
        arrival
    }
}

impl Fetched {
    /// How far a log reaches.
    fn reach(log: &PartitionLog) -> Self {
        Self {
            high_watermark: log.high_watermark().get(),
            last_stable_offset: log.last_stable().get(),
            log_start_offset: log.log_start().get(),
            leader_epoch: log.leader_epoch().get(),
            ..Self::default()
        }
    }

    /// Whether there is no such partition, as far as the client may know.
    pub(crate) fn is_missing(&self) -> bool {
        self.leader_epoch < 0
    }

    /// What a fetch gets of a partition that can not be read.
    pub(crate) fn failed(error: ErrorCode) -> Self {
        Self {
            error: Some(error),
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            leader_epoch: -1,
            ..Self::default()
        }
    }
}

/// Checks the epoch that a client believes to be current (KIP-320).
pub(crate) fn check_epoch(claimed: i32, current: LeaderEpoch) -> Result<(), ErrorCode> {
    match claimed {
        claimed if claimed < 0 || claimed == current.get() => Ok(()),
        claimed if claimed < current.get() => Err(ErrorCode::FencedLeaderEpoch),
        _ => Err(ErrorCode::UnknownLeaderEpoch),
    }
}

fn diverging(log: &PartitionLog, spec: &FetchSpec) -> Option<(i32, i64)> {
    if spec.last_fetched_epoch < 0 {
        return None;
    }
    let (epoch, end) = log.epoch_end(LeaderEpoch::new(spec.last_fetched_epoch))?;
    let departs = epoch.get() < spec.last_fetched_epoch || end.get() < spec.offset;
    departs.then_some((epoch.get(), end.get()))
}

/// The code of a failed read; damage is told to the operator and to the client, and stays where it is.
pub(crate) fn code_of(partition: TopicPartition, error: &ReadError) -> ErrorCode {
    match error {
        ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Log(error) => damage(partition, error),
    }
}

/// The code of damage that was met while reading.
pub(crate) fn damage(partition: TopicPartition, error: &LogError) -> ErrorCode {
    tracing::error!(%partition, %error, "a partition can not be read");
    ErrorCode::KafkaStorageError
}
