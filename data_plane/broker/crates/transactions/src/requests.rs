//! What the coordinator is asked, and what comes of it.

use std::collections::BTreeSet;

use headrace_types::{ErrorCode, Record, TopicPartition};

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; timers are set by it.
    pub monotonic_ms: u64,
    /// Milliseconds since the epoch; what is persisted is stamped with it.
    pub wall_ms: i64,
}

/// A producer as it presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
}

/// Gives out producer ids that were never given out before.
pub type ProducerSource<'a> = &'a mut dyn FnMut() -> Result<i64, ErrorCode>;

/// Which protocol a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// An epoch lasts until somebody else takes the transactional id (KIP-98).
    V1,
    /// Every transaction has an epoch of its own (KIP-890).
    V2,
}

/// `InitProducerId` with a transactional id.
#[derive(Clone, Debug)]
pub struct InitRequest<'a> {
    /// The id.
    pub transactional_id: &'a str,
    /// How long a transaction may last.
    pub timeout_ms: i32,
    /// Who asks, where a producer goes on after an error (KIP-360).
    pub producer: Option<Producer>,
}

/// `EndTxn`
#[derive(Clone, Copy, Debug)]
pub struct EndRequest<'a> {
    /// The id.
    pub transactional_id: &'a str,
    /// Who asks.
    pub producer: Producer,
    /// Whether what was written is to count.
    pub is_commit: bool,
    /// What the request speaks.
    pub protocol: Protocol,
}

/// What a transaction touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Records in a partition.
    Partition(TopicPartition),
    /// Offsets of a group.
    Group(String),
}

/// A transaction that is decided: markers go to all of its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The id.
    pub transactional_id: String,
    /// Who the markers name.
    pub producer: Producer,
    /// Whether what was written counts.
    pub is_commit: bool,
    /// Where it has written, or may have.
    pub places: BTreeSet<Place>,
}

/// What is to become of a transaction that was found open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its producer may go on, or an ending takes care of it.
    Kept,
    /// Nobody can end it any more: it is to be aborted there.
    Orphan,
}

/// Something that operators want to know; for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionEvent {
    /// A transaction lasted longer than its producer had asked for.
    TimedOut {
        /// The id.
        transactional_id: String,
        /// Its producer, which is fenced.
        producer: Producer,
    },
    /// Somebody else has taken the id over from a producer with a transaction.
    Fenced {
        /// The id.
        transactional_id: String,
        /// The producer that is fenced.
        producer: Producer,
    },
    /// An id was forgotten.
    Expired {
        /// The id.
        transactional_id: String,
    },
}

/// What is to be done after a turn: first the records are made durable, then everything else.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to persist, in order.
    pub records: Vec<Record>,
    /// Transactions to end.
    pub endings: Vec<Ending>,
    /// What happened on the way.
    pub events: Vec<TransactionEvent>,
}
