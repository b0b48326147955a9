//! All transactional ids of a broker.
//!
//! The rules are those of Apache Kafka's coordinator (KIP-98, KIP-360, KIP-890); what differs is said where it differs.

use std::collections::{BTreeMap, BTreeSet};

use headrace_types::{ErrorCode, Record, RecordError};

use crate::config::{SWEEP_INTERVAL_MS, TRANSACTIONAL_ID_BYTES_MAX, TransactionConfig};
use crate::records;
use crate::requests::{
    Effects, EndRequest, Ending, Fate, InitRequest, Now, Place, Producer, ProducerSource, Protocol,
    TransactionEvent,
};
use crate::transaction::{NONE, State, Transaction};

/// The coordinator of all transactions of a broker.
#[derive(Debug)]
pub struct Coordinator {
    pub(crate) config: TransactionConfig,
    transactions: BTreeMap<String, Transaction>,
    /// Transactional ids by producer id.
    by_producer: BTreeMap<i64, String>,
    /// Ongoing transactions by the time at which they have lasted too long.
    pub(crate) deadlines: BTreeSet<(u64, String)>,
    pub(crate) sweep_at_ms: u64,
}

impl Coordinator {
    /// A coordinator that knows nobody.
    #[must_use]
    pub fn new(config: TransactionConfig) -> Self {
        Self {
            config,
            transactions: BTreeMap::new(),
            by_producer: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            sweep_at_ms: 0,
        }
    }

    /// Takes one persisted record, in the order in which they were persisted; before anything else is asked.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        let (id, transaction) = records::decode(key, value)?;
        self.forget(&id);
        if let Some(transaction) = transaction {
            self.by_producer.insert(transaction.producer.id, id.clone());
            self.transactions.insert(id, transaction);
        }
        Ok(())
    }

    /// Ends the replay: from now on transactions run, each with its full time.
    pub fn start(&mut self, now: Now) {
        self.sweep_at_ms = now.monotonic_ms.saturating_add(SWEEP_INTERVAL_MS);
        let ongoing = self.all().filter(|transaction| transaction.state == State::Ongoing);
        let ids: Vec<String> = ongoing.map(|transaction| transaction.id.clone()).collect();
        for id in ids {
            self.change(&id, |transaction| {
                let timeout_ms = transaction.timeout_ms.max(0) as u64;
                transaction.deadline_ms = Some(now.monotonic_ms.saturating_add(timeout_ms));
            });
        }
    }

    /// Records that say all there is to say, for a log that begins anew.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> {
        self.all().map(records::put)
    }

    /// The transactions that are decided and not everywhere told: after a restart they are to be ended again.
    #[must_use]
    pub fn unfinished(&self) -> Vec<Ending> {
        self.all().filter(|transaction| transaction.state.is_prepared()).map(Transaction::ending).collect()
    }

    /// Number of transactional ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Whether there is no transactional id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// Number of transactions that have begun and are not decided.
    #[must_use]
    pub fn ongoing(&self) -> usize {
        self.deadlines.len()
    }

    /// `InitProducerId`: the producer that the id has from now on. Whoever had it before is fenced; its transaction, if it has one,
    /// is aborted first, and the answer is to ask again.
    pub fn init(
        &mut self,
        request: &InitRequest<'_>,
        producer_ids: ProducerSource<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Producer, ErrorCode> {
        let id = request.transactional_id;
        if id.is_empty() || id.len() > TRANSACTIONAL_ID_BYTES_MAX {
            return Err(ErrorCode::InvalidRequest);
        }
        if request.timeout_ms <= 0 || request.timeout_ms > self.config.timeout_ms_max {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        if !self.transactions.contains_key(id) {
            self.make(request, producer_ids, now, effects)?;
        }
        let Some(transaction) = self.transactions.get(id) else {
            return Err(ErrorCode::InvalidProducerIdMapping);
        };
        if request.producer.is_some_and(|producer| !may_init(transaction, producer)) {
            return Err(ErrorCode::ProducerFenced);
        }
        match transaction.state {
            State::PrepareCommit | State::PrepareAbort => return Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing => {
                let producer = transaction.producer;
                effects.events.push(TransactionEvent::Fenced { transactional_id: id.to_owned(), producer });
                self.fence(id, now, effects);
                return Err(ErrorCode::ConcurrentTransactions);
            }
            State::Empty | State::CompleteCommit | State::CompleteAbort => {}
        }
        let next = self.next_producer(request, producer_ids)?;
        let after = self.change(id, |transaction| {
            let has_moved = next.producer != transaction.producer;
            if has_moved {
                transaction.previous_id =
                    if next.producer.id == transaction.producer.id { NONE } else { transaction.producer.id };
                transaction.last_epoch = next.last_epoch;
                transaction.producer = next.producer;
            }
            transaction.state = State::Empty;
            transaction.protocol = Protocol::V1;
            transaction.timeout_ms = request.timeout_ms;
            transaction.started_at_ms = NONE;
            transaction.updated_at_ms = now.wall_ms;
            (transaction.producer, records::put(transaction))
        });
        let Some((producer, record)) = after else { return Err(ErrorCode::InvalidProducerIdMapping) };
        effects.records.push(record);
        Ok(producer)
    }

    fn make(
        &mut self,
        request: &InitRequest<'_>,
        producer_ids: ProducerSource<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), ErrorCode> {
        if self.transactions.len() >= self.config.ids_max {
            self.sweep(now, effects);
        }
        if self.transactions.len() >= self.config.ids_max {
            return Err(ErrorCode::PolicyViolation);
        }
        let (id, producer_id) = (request.transactional_id, producer_ids()?);
        let transaction = Transaction::new(id, producer_id, request.timeout_ms, now.wall_ms);
        self.by_producer.insert(producer_id, id.to_owned());
        self.transactions.insert(id.to_owned(), transaction);
        Ok(())
    }

    /// The producer that an idle id gets next.
    fn next_producer(
        &self,
        request: &InitRequest<'_>,
        producer_ids: ProducerSource<'_>,
    ) -> Result<Next, ErrorCode> {
        let transaction =
            self.transactions.get(request.transactional_id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let present = transaction.producer;
        let names_present = request.producer.is_none_or(|producer| producer.epoch == present.epoch);
        let names_any = request.producer.is_some();
        if transaction.is_exhausted() && names_present {
            let producer = Producer { id: producer_ids()?, epoch: 0 };
            return Ok(Next { producer, last_epoch: if names_any { present.epoch } else { NONE as i16 } });
        }
        let bumped = Producer { epoch: present.epoch.saturating_add(1), ..present };
        match request.producer {
            None => Ok(Next { producer: bumped, last_epoch: NONE as i16 }),
            Some(producer) if transaction.is_new() || producer.epoch == present.epoch => {
                Ok(Next { producer: bumped, last_epoch: present.epoch })
            }
            // Asked again by who did not hear the answer.
            Some(producer) if producer.epoch == transaction.last_epoch => {
                Ok(Next { producer: present, last_epoch: transaction.last_epoch })
            }
            Some(_) => Err(ErrorCode::ProducerFenced),
        }
    }

    /// `AddPartitionsToTxn` and `AddOffsetsToTxn`, and what writing in a transaction does by itself (KIP-890): the transaction
    /// touches these places, and begins if it has not.
    pub fn add(
        &mut self,
        transactional_id: &str,
        producer: Producer,
        places: impl IntoIterator<Item = Place>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), ErrorCode> {
        let places_max = self.config.places_max;
        let transaction = self.current(transactional_id, producer)?;
        if transaction.state.is_prepared() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let is_ongoing = transaction.state == State::Ongoing;
        let known = |place: &Place| is_ongoing && transaction.places.contains(place);
        let added: BTreeSet<Place> = places.into_iter().filter(|place| !known(place)).collect();
        if is_ongoing && added.is_empty() {
            return Ok(());
        }
        let have = if is_ongoing { transaction.places.len() } else { 0 };
        if have + added.len() > places_max {
            return Err(ErrorCode::PolicyViolation);
        }
        let record = self.change(transactional_id, |transaction| {
            transaction.begin(now.wall_ms, now.monotonic_ms);
            transaction.updated_at_ms = now.wall_ms;
            transaction.places.extend(added);
            records::put(transaction)
        });
        effects.records.extend(record);
        Ok(())
    }

    /// Whether a producer may write to a place now: its transaction is known to touch it.
    pub fn verify(&self, transactional_id: &str, producer: Producer, place: &Place) -> Result<(), ErrorCode> {
        let transaction = self.current(transactional_id, producer)?;
        match transaction.state {
            State::PrepareCommit | State::PrepareAbort => Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing if transaction.places.contains(place) => Ok(()),
            _ => Err(ErrorCode::TransactionAbortable),
        }
    }

    fn current(&self, transactional_id: &str, producer: Producer) -> Result<&Transaction, ErrorCode> {
        if transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let transaction =
            self.transactions.get(transactional_id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        if transaction.producer.id != producer.id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if transaction.producer.epoch != producer.epoch {
            return Err(ErrorCode::ProducerFenced);
        }
        Ok(transaction)
    }

    /// `EndTxn`: the producer that goes on. The transaction ends by an [`Ending`], unless it had ended already.
    pub fn end(
        &mut self,
        request: &EndRequest<'_>,
        producer_ids: ProducerSource<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Producer, ErrorCode> {
        let EndRequest { transactional_id: id, producer, is_commit, protocol } = *request;
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let transaction = self.transactions.get(id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let is_repeated = is_repeated(transaction, request);
        if transaction.producer.id != producer.id && !is_repeated {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if transaction.producer.epoch != producer.epoch && !is_repeated {
            return Err(ErrorCode::ProducerFenced);
        }
        let repeats = |told_commit: bool| {
            if told_commit == is_commit { Ok(()) } else { Err(ErrorCode::InvalidTxnState) }
        };
        match transaction.state {
            State::Ongoing => {}
            State::PrepareCommit | State::PrepareAbort => {
                repeats(transaction.state == State::PrepareCommit)?;
                return Err(ErrorCode::ConcurrentTransactions);
            }
            State::CompleteCommit | State::CompleteAbort if is_repeated => {
                repeats(transaction.state == State::CompleteCommit)?;
                return Ok(transaction.producer);
            }
            // By the second protocol an abort also means a new epoch, whether there was a transaction or not.
            State::Empty | State::CompleteCommit | State::CompleteAbort
                if protocol == Protocol::V2 && !is_commit => {}
            State::Empty | State::CompleteCommit | State::CompleteAbort => {
                return Err(ErrorCode::InvalidTxnState);
            }
        }
        let is_last = protocol == Protocol::V2 && transaction.is_exhausted();
        let next_id = if is_last { producer_ids()? } else { NONE };
        self.prepare(id, is_commit, protocol, next_id, now, effects)
            .ok_or(ErrorCode::InvalidProducerIdMapping)
    }

    /// Decides a transaction; the producer that goes on after it.
    fn prepare(
        &mut self,
        id: &str,
        is_commit: bool,
        protocol: Protocol,
        next_id: i64,
        now: Now,
        effects: &mut Effects,
    ) -> Option<Producer> {
        let (after, record, ending) = self.change(id, |transaction| {
            transaction.begin(now.wall_ms, now.monotonic_ms);
            transaction.prepare(is_commit, protocol, next_id, now.wall_ms);
            (transaction.producer_after(), records::put(transaction), transaction.ending())
        })?;
        effects.records.push(record);
        effects.endings.push(ending);
        Some(after)
    }

    /// Aborts an ongoing transaction on nobody's request: its producer may write no more.
    pub(crate) fn fence(&mut self, id: &str, now: Now, effects: &mut Effects) {
        self.change(id, |transaction| {
            transaction.producer.epoch = transaction.producer.epoch.saturating_add(1);
            transaction.last_epoch = NONE as i16;
        });
        // Told by the first protocol: nobody has been given this epoch, so no end of it can be repeated.
        self.prepare(id, false, Protocol::V1, NONE, now, effects);
    }

    /// Takes note that every marker of an ending is durable.
    pub fn completed(&mut self, ending: &Ending, now: Now, effects: &mut Effects) {
        let id = &ending.transactional_id;
        let is_this = |transaction: &Transaction| {
            transaction.state.is_prepared() && transaction.producer == ending.producer
        };
        if !self.transactions.get(id).is_some_and(is_this) {
            return;
        }
        let record = self.change(id, |transaction| {
            transaction.complete(now.wall_ms);
            records::put(transaction)
        });
        effects.records.extend(record);
    }

    /// A transaction was found open in a place at the start: what its producer has written is durable, and the record that says
    /// where may not be. Called after [`Self::start`], before anything is asked.
    pub fn found_open(&mut self, producer: Producer, place: Place, now: Now, effects: &mut Effects) -> Fate {
        let Some(id) = self.by_producer.get(&producer.id).cloned() else { return Fate::Orphan };
        let Some(transaction) = self.transactions.get(&id) else { return Fate::Orphan };
        let is_current = transaction.producer == producer;
        if !(is_current || transaction.state.is_prepared()) || transaction.is_new() {
            return Fate::Orphan;
        }
        let is_running = transaction.state == State::Ongoing || transaction.state.is_prepared();
        if !(is_running && transaction.places.contains(&place)) {
            let record = self.change(&id, |transaction| {
                if !transaction.state.is_prepared() {
                    transaction.begin(now.wall_ms, now.monotonic_ms);
                }
                transaction.places.insert(place);
                records::put(transaction)
            });
            effects.records.extend(record);
        }
        Fate::Kept
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values()
    }

    pub(crate) fn forget(&mut self, id: &str) {
        let Some(transaction) = self.transactions.remove(id) else { return };
        self.by_producer.remove(&transaction.producer.id);
        self.deadlines.retain(|(_, known)| known != id);
    }

    /// Changes a transaction, and brings what is kept about it up to date.
    fn change<T>(&mut self, id: &str, act: impl FnOnce(&mut Transaction) -> T) -> Option<T> {
        let transaction = self.transactions.get_mut(id)?;
        let (producer_id, deadline_ms) = (transaction.producer.id, transaction.deadline_ms);
        let result = act(transaction);
        if transaction.producer.id != producer_id {
            self.by_producer.remove(&producer_id);
            self.by_producer.insert(transaction.producer.id, id.to_owned());
        }
        if transaction.deadline_ms != deadline_ms {
            if let Some(at_ms) = deadline_ms {
                self.deadlines.remove(&(at_ms, id.to_owned()));
            }
            self.deadlines.extend(transaction.deadline_ms.map(|at_ms| (at_ms, id.to_owned())));
        }
        Some(result)
    }
}

/// What an id gets.
struct Next {
    producer: Producer,
    last_epoch: i16,
}

/// Whether a producer that names itself may be the one that the id belongs to (KIP-360).
fn may_init(transaction: &Transaction, producer: Producer) -> bool {
    transaction.is_new()
        || producer.id == transaction.producer.id
        || producer.id == transaction.previous_id && producer.epoch >= crate::config::PRODUCER_EPOCH_MAX
}

/// Whether the end of a transaction is asked for that has been decided already.
fn is_repeated(transaction: &Transaction, request: &EndRequest<'_>) -> bool {
    match transaction.state {
        State::Empty | State::Ongoing => false,
        State::PrepareCommit | State::PrepareAbort | State::CompleteCommit | State::CompleteAbort => {
            match transaction.protocol {
                Protocol::V1 => transaction.producer == request.producer && request.protocol == Protocol::V1,
                Protocol::V2 => transaction.is_repeated_end(request.producer),
            }
        }
    }
}
