//! What is known of one transactional id.

use std::collections::BTreeSet;

use crate::config::PRODUCER_EPOCH_MAX;
use crate::requests::{Ending, Place, Producer, Protocol};

/// Stands for no producer id, no epoch and no time.
pub(crate) const NONE: i64 = -1;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The producer is known and has not begun any.
    Empty,
    /// It has begun.
    Ongoing,
    /// It is decided that it counts; the markers are on their way.
    PrepareCommit,
    /// It is decided that it does not count; the markers are on their way.
    PrepareAbort,
    /// It counts everywhere.
    CompleteCommit,
    /// It counts nowhere.
    CompleteAbort,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Empty,
        Self::Ongoing,
        Self::PrepareCommit,
        Self::PrepareAbort,
        Self::CompleteCommit,
        Self::CompleteAbort,
    ];

    /// The name that Kafka's tools show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }

    /// Whether it is decided and not everywhere told.
    #[must_use]
    pub fn is_prepared(self) -> bool {
        matches!(self, Self::PrepareCommit | Self::PrepareAbort)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    /// Whom the id belongs to now.
    pub(crate) producer: Producer,
    /// The epoch before, where its producer had to name it to get the present one: asking again gives the same.
    pub(crate) last_epoch: i16,
    /// The producer id before, where its epochs were used up by the end of a transaction; -1 if they were not.
    pub(crate) previous_id: i64,
    /// The producer id after this transaction, if the epochs of the present one are used up; -1 if they are not.
    pub(crate) next_id: i64,
    pub(crate) timeout_ms: i32,
    pub(crate) state: State,
    /// What the last transaction was ended with.
    pub(crate) protocol: Protocol,
    pub(crate) places: BTreeSet<Place>,
    /// -1 before the first.
    pub(crate) started_at_ms: i64,
    pub(crate) updated_at_ms: i64,
    /// When it has lasted too long, on the monotonic clock; not persisted.
    pub(crate) deadline_ms: Option<u64>,
}

impl Transaction {
    pub(crate) fn new(id: &str, producer_id: i64, timeout_ms: i32, wall_ms: i64) -> Self {
        Self {
            id: id.to_owned(),
            producer: Producer { id: producer_id, epoch: NONE as i16 },
            last_epoch: NONE as i16,
            previous_id: NONE,
            next_id: NONE,
            timeout_ms,
            state: State::Empty,
            protocol: Protocol::V1,
            places: BTreeSet::new(),
            started_at_ms: NONE,
            updated_at_ms: wall_ms,
            deadline_ms: None,
        }
    }

    pub(crate) fn is_new(&self) -> bool {
        self.producer.epoch < 0
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.producer.epoch >= PRODUCER_EPOCH_MAX
    }

    /// Whether `producer` sent the end of the last transaction and may not have heard of it (KIP-890).
    pub(crate) fn is_repeated_end(&self, producer: Producer) -> bool {
        self.protocol == Protocol::V2
            && (self.producer.id == producer.id
                && i32::from(self.producer.epoch) == i32::from(producer.epoch) + 1
                || self.previous_id == producer.id
                    && producer.epoch >= PRODUCER_EPOCH_MAX
                    && self.producer.epoch == 0)
    }

    /// Begins a transaction unless one has begun.
    pub(crate) fn begin(&mut self, wall_ms: i64, monotonic_ms: u64) {
        if self.state != State::Ongoing {
            self.state = State::Ongoing;
            self.places.clear();
            self.started_at_ms = wall_ms;
            self.deadline_ms = Some(monotonic_ms.saturating_add(self.timeout_ms.max(0) as u64));
        }
    }

    /// Decides how the transaction ends. By the second protocol the markers carry the next epoch, so that nothing that was sent
    /// before can come after them; `next_id` is for a producer whose epochs are used up.
    pub(crate) fn prepare(&mut self, is_commit: bool, protocol: Protocol, next_id: i64, wall_ms: i64) {
        self.state = if is_commit { State::PrepareCommit } else { State::PrepareAbort };
        self.protocol = protocol;
        self.next_id = next_id;
        self.previous_id = NONE;
        if protocol == Protocol::V2 {
            self.last_epoch = self.producer.epoch;
            self.producer.epoch = self.producer.epoch.saturating_add(1);
        }
        self.updated_at_ms = wall_ms;
        self.deadline_ms = None;
    }

    /// Who the producer is once the markers are written.
    pub(crate) fn producer_after(&self) -> Producer {
        if self.next_id == NONE { self.producer } else { Producer { id: self.next_id, epoch: 0 } }
    }

    pub(crate) fn complete(&mut self, wall_ms: i64) {
        self.state =
            if self.state == State::PrepareCommit { State::CompleteCommit } else { State::CompleteAbort };
        if self.next_id != NONE {
            self.previous_id = self.producer.id;
            self.last_epoch = self.producer.epoch;
            self.producer = self.producer_after();
            self.next_id = NONE;
        }
        self.places.clear();
        self.updated_at_ms = wall_ms;
    }

    pub(crate) fn ending(&self) -> Ending {
        Ending {
            transactional_id: self.id.clone(),
            producer: self.producer,
            is_commit: self.state == State::PrepareCommit,
            places: self.places.clone(),
        }
    }
}
