//! Appending what clients produce, and waiting until it is durable.

use headrace_commit::{Appending, Flush};
use headrace_log::{AppendError, Appended, Readable};
use headrace_records::{
    BatchError, BatchHeader, DecompressionLimits, ProduceRules, RecordRefusal, TimestampRules,
    validate_produced,
};
use headrace_types::{ErrorCode, Offset, TopicPartition};
use headrace_usage::{Append, Quantity, UNKNOWN};

use super::{Online, Refusal, State, Topics, online, opening::root, storage_refusal, stored::OverLimit};
use crate::usage::Usage;

/// From this version of Produce on what is written in a transaction is added to it by itself (KIP-890).
pub(crate) const IMPLICIT_SINCE: i16 = 12;

/// A batch that was appended, now or before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) appended: Appended,
    /// Whether the batch carries the broker's time.
    pub(crate) append_time: bool,
    pub(crate) log_start_offset: i64,
    /// Offset up to which the journal of transactions must be durable too.
    pub(crate) journal_end: i64,
}

/// A batch as a Produce request carries it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Produced<'a> {
    /// Whose account it goes on.
    pub(crate) principal: Option<&'a str>,
    pub(crate) records: &'a [u8],
    /// Version of the request.
    pub(crate) api_version: i16,
}

/// Judges a batch of a transaction before it is appended; the offset up to which the coordinator's journal must be durable before the
/// batch is acknowledged.
pub(crate) type Admit<'a> = &'a dyn Fn(&BatchHeader) -> Result<i64, ErrorCode>;

/// Why a batch was not appended.
#[derive(Debug)]
pub(crate) struct ProduceRefusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    /// The single records that are to blame, where it is known.
    pub(crate) records: Vec<RecordRefusal>,
}

impl From<ErrorCode> for ProduceRefusal {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new() }
    }
}

impl From<Refusal> for ProduceRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::saying(refusal.code, refusal.message)
    }
}

impl ProduceRefusal {
    pub(super) fn saying(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..code.into() }
    }
}

impl From<BatchError> for ProduceRefusal {
    fn from(error: BatchError) -> Self {
        Self { code: error.code(), message: Some(error.to_string()), records: error.records().to_vec() }
    }
}

impl Topics {
    /// Checks the batch that a Produce request carries for a partition and appends it. It is not durable yet.
    pub(crate) fn append(
        &self,
        partition: TopicPartition,
        produced: Produced<'_>,
        admit: Admit<'_>,
    ) -> Result<Accepted, ProduceRefusal> {
        let outcome = self.try_append(partition, produced, admit);
        if let Err(refusal) = &outcome {
            self.metrics.count_refusal(refusal.code);
        }
        outcome
    }

    fn try_append(
        &self,
        partition: TopicPartition,
        produced: Produced<'_>,
        admit: Admit<'_>,
    ) -> Result<Accepted, ProduceRefusal> {
        let Produced { principal, records, api_version } = produced;
        let now_ms = self.now_ms();
        let header = {
            let mut state = self.state.borrow_mut();
            let online = state.online(partition)?;
            let header = validate_produced(records, &rules(online, api_version, now_ms))?;
            check_epoch(online, &header)?;
            header
        };
        self.reserve(records.len() as u64)?;
        self.check_producer(&header, now_ms)?;
        self.keep_to_limit(records.len() as u64)?;
        let journal_end = if header.attributes.is_transactional() { admit(&header)? } else { 0 };
        let mut state = self.state.borrow_mut();
        if header.attributes.is_transactional() {
            state.check_beginning(partition, &header, api_version)?;
        }
        let (appended, readable) = state.append(principal, partition, records, &header, now_ms)?;
        let accepted = Accepted { journal_end, ..appended };
        if accepted.appended.duplicate {
            self.metrics.batches_repeated.inc();
        } else {
            self.metrics.appended_bytes.inc_by(records.len() as u64);
            self.metrics.appended_records.inc_by(header.records_count as u64);
            state.count(&self.usage, principal, partition, &accepted, records.len(), header.records_count);
            if readable == Readable::default() {
                self.work.notify_one();
            } else {
                self.metrics.batches_relaxed.inc();
                self.arrivals.arrived(partition, readable);
                self.relaxed.notify_one();
            }
        }
        Ok(accepted)
    }

    /// Refuses what would eat into the room that is kept free.
    fn reserve(&self, bytes: u64) -> Result<(), ProduceRefusal> {
        let mut state = self.state.borrow_mut();
        let mono_ms = self.clock.mono().as_millis() as u64;
        if state.gauge.is_due(bytes, mono_ms) {
            match self.disk.space(&root()) {
                Ok(space) => state.gauge.looked(space, bytes, mono_ms),
                Err(error) => tracing::warn!(%error, "the free space of the disk is unknown"),
            }
        }
        let fits = state.gauge.spend(bytes);
        if fits == state.is_full {
            state.is_full = !fits;
            tell_fullness(state.is_full);
        }
        if fits {
            return Ok(());
        }
        self.metrics.produce_refused_disk_full.inc();
        Err(ProduceRefusal::saying(ErrorCode::KafkaStorageError, "the cluster's disk is full"))
    }

    /// Refuses what the cluster may not store.
    fn keep_to_limit(&self, bytes: u64) -> Result<(), ProduceRefusal> {
        let taken = self.storage_limit.take(bytes, || self.stored_bytes());
        taken.map_err(|OverLimit { stored, bytes_max }| {
            self.metrics.produce_refused_storage_limit.inc();
            let message = format!(
                "the cluster stores {stored} bytes of at most {bytes_max}: delete topics or records, keep less, or have the limit raised"
            );
            ProduceRefusal::saying(ErrorCode::PolicyViolation, message)
        })
    }

    /// Returns once everything before the given offsets is durable, or its partition is gone; of a topic that does not wait for that, at
    /// once.
    pub(crate) async fn durable(&self, goals: &[(TopicPartition, i64)]) {
        if crate::UNSAFE_BUILD {
            return;
        }
        let mut rounds = self.rounds.subscribe();
        // The sender lives as long as `self`.
        while !goals.iter().all(|(partition, offset)| self.is_durable(*partition, *offset)) {
            let _ = rounds.changed().await;
        }
    }

    /// Whether a partition may be acknowledged up to an offset, or is gone.
    pub(crate) fn is_durable(&self, partition: TopicPartition, offset: i64) -> bool {
        self.with_log(partition, |log| log.high_watermark().get() >= offset).unwrap_or(true)
    }

    /// Whether a partition is still there.
    pub(crate) fn exists(&self, partition: TopicPartition) -> bool {
        self.state.borrow().logs.contains_key(&partition)
    }
}

impl State {
    /// Every transaction of KIP-890 has an epoch of its own, so that a producer of which nothing is known begins at 0: anything else
    /// lacks what came before.
    fn check_beginning(
        &mut self,
        partition: TopicPartition,
        header: &BatchHeader,
        api_version: i16,
    ) -> Result<(), ProduceRefusal> {
        let (producer_id, sequence) = (header.producer_id.get(), header.base_sequence);
        let is_known = self.online(partition)?.log.producer_epoch(producer_id).is_some();
        if api_version < IMPLICIT_SINCE || sequence == 0 || is_known {
            return Ok(());
        }
        Err(refusal_of(&AppendError::OutOfOrderSequence { producer_id, sequence, last_sequence: -1 }))
    }

    fn append(
        &mut self,
        principal: Option<&str>,
        partition: TopicPartition,
        records: &[u8],
        header: &BatchHeader,
        now_ms: i64,
    ) -> Result<(Accepted, Readable), ProduceRefusal> {
        let Online { log, settings, .. } = online(&mut self.logs, partition)?;
        let append_time = settings.append_time;
        let flush = if settings.relaxed { Flush::Relaxed } else { Flush::Strict };
        let appending = Appending { partition, batch: records, header, append_time, principal, flush };
        let (appended, readable) =
            self.commit.append(log, &appending, now_ms).map_err(|error| refusal_of(&error))?;
        let log_start_offset = log.log_start().get();
        Ok((Accepted { appended, append_time, log_start_offset, journal_end: 0 }, readable))
    }

    fn count(
        &mut self,
        usage: &Usage,
        principal: Option<&str>,
        partition: TopicPartition,
        accepted: &Accepted,
        bytes: usize,
        records: i32,
    ) {
        let durable = self.online(partition).map(|online| online.log.durable_offset());
        let name = self.catalog.name_of(partition.topic).map_or("", |name| name.as_str());
        let append = Append {
            principal: principal.unwrap_or(UNKNOWN),
            base_offset: accepted.appended.base_offset,
            next_offset: accepted.appended.last_offset + 1,
            quantity: Quantity { bytes: bytes as u64, records: u64::from(records.max(0).unsigned_abs()) },
        };
        usage.appended(partition, name, &append, durable.unwrap_or(Offset::ZERO));
    }
}

/// What is late adds nothing to a transaction, whoever it names as its own.
fn check_epoch(online: &Online, header: &BatchHeader) -> Result<(), ErrorCode> {
    let epoch = header.producer_epoch.get();
    let is_stale = |current| epoch < current;
    let is_transactional = header.attributes.is_transactional();
    if is_transactional && online.log.producer_epoch(header.producer_id.get()).is_some_and(is_stale) {
        return Err(ErrorCode::InvalidProducerEpoch);
    }
    Ok(())
}

fn tell_fullness(is_full: bool) {
    if is_full {
        tracing::warn!("the disk is nearly full: produce is refused until there is room");
    } else {
        tracing::info!("the disk has room again: produce goes on");
    }
}

fn rules(online: &Online, api_version: i16, now_ms: i64) -> ProduceRules {
    let settings = &online.settings;
    let timestamps = TimestampRules {
        now_ms,
        before_max_ms: settings.timestamp_before_max_ms,
        after_max_ms: settings.timestamp_after_max_ms,
    };
    ProduceRules {
        api_version,
        batch_bytes_max: settings.batch_bytes_max,
        segment_bytes: settings.log.segment_bytes as usize,
        timestamps: (!settings.append_time).then_some(timestamps),
        keys_required: settings.log.compaction.is_some(),
        decompression: DecompressionLimits::default(),
    }
}

fn refusal_of(error: &AppendError) -> ProduceRefusal {
    let code = match error {
        AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        AppendError::StaleProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        AppendError::TransactionOpen { .. } => ErrorCode::InvalidTxnState,
        AppendError::StaleCoordinator { .. } => ErrorCode::TransactionCoordinatorFenced,
        AppendError::Full => ErrorCode::KafkaStorageError,
        AppendError::Log(failure) => storage_refusal(failure),
    };
    ProduceRefusal::saying(code, error.to_string())
}
