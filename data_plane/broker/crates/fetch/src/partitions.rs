//! The partitions of a session, in the order in which they are read.

use std::collections::BTreeMap;

use crate::request::{Ask, PartitionKey, PartitionState, TopicKey};

/// What a partition keeps in memory beside the name of its topic, in bytes, near enough to hold a limit: the key twice, the ask,
/// and what the two maps need.
pub(crate) const PARTITION_BYTES: usize = 256;

/// High watermark that no partition has: whatever is read next is news.
const UNKNOWN: i64 = -1;

/// A partition, with what the client was last told of it.
#[derive(Clone, Debug)]
struct Cached {
    ask: Ask,
    high_watermark: i64,
    log_start_offset: i64,
}

/// Partitions by key, and by their turn.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    turns: BTreeMap<PartitionKey, u64>,
    in_turn: BTreeMap<u64, Cached>,
    last_turn: u64,
    bytes: usize,
}

impl Partitions {
    pub(crate) fn len(&self) -> usize {
        self.in_turn.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn asks(&self) -> Vec<Ask> {
        self.in_turn.values().map(|cached| cached.ask.clone()).collect()
    }

    /// Adds a partition at the end, or changes what is asked of it.
    pub(crate) fn put(&mut self, ask: Ask) {
        if let Some(cached) = self.turns.get(&ask.key).and_then(|turn| self.in_turn.get_mut(turn)) {
            cached.ask = ask;
            return;
        }
        self.bytes += bytes_of(&ask.key);
        self.append(Cached { ask, high_watermark: UNKNOWN, log_start_offset: UNKNOWN });
    }

    fn append(&mut self, cached: Cached) {
        self.last_turn += 1;
        self.turns.insert(cached.ask.key.clone(), self.last_turn);
        self.in_turn.insert(self.last_turn, cached);
    }

    pub(crate) fn forget(&mut self, key: &PartitionKey) {
        if let Some(turn) = self.turns.remove(key) {
            self.in_turn.remove(&turn);
            self.bytes -= bytes_of(key);
        }
    }

    /// Takes note of what was read; whether the client is to be told. A partition whose records go to the client has its next turn
    /// after all others, so that none starves where answers are small.
    pub(crate) fn tell(&mut self, key: &PartitionKey, state: PartitionState) -> bool {
        let Some(turn) = self.turns.get(key).copied() else { return false };
        let Some(cached) = self.in_turn.get_mut(&turn) else { return false };
        let has_moved = cached.take(state);
        if state.has_records
            && let Some(cached) = self.in_turn.remove(&turn)
        {
            self.append(cached);
        }
        state.has_records || state.has_news || has_moved
    }

    /// Takes note of what was read, in a session whose client is told everything.
    pub(crate) fn note(&mut self, key: &PartitionKey, state: PartitionState) {
        let turn = self.turns.get(key);
        if let Some(cached) = turn.and_then(|turn| self.in_turn.get_mut(turn)) {
            cached.take(state);
        }
    }
}

impl Cached {
    /// Takes note of what was read; whether high watermark or log start are others than the client knows.
    fn take(&mut self, state: PartitionState) -> bool {
        let known = (self.high_watermark, self.log_start_offset);
        self.high_watermark = if state.failed { UNKNOWN } else { state.high_watermark };
        self.log_start_offset = state.log_start_offset;
        known != (state.high_watermark, state.log_start_offset)
    }
}

pub(crate) fn bytes_of(key: &PartitionKey) -> usize {
    let name = match &key.topic {
        TopicKey::Name(name) => name.len(),
        TopicKey::Id(_) => 0,
    };
    PARTITION_BYTES + name
}
