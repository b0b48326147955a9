//! On whose account offsets were taken, as the write-ahead log tells after a stop.

use std::collections::BTreeMap;

use headrace_types::TopicPartition;

use crate::entry::Entry;

/// Offsets in a row that one principal took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The first of them.
    pub base_offset: i64,
    /// The offset after the last.
    pub next_offset: i64,
    /// Who took them.
    pub principal: String,
}

/// By partition: shares in the order of their offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    shares: BTreeMap<TopicPartition, Vec<Share>>,
}

impl Accounts {
    /// Takes in an append; those of one partition come in their order.
    pub fn note(&mut self, entry: &Entry<'_>) {
        let Some(principal) = entry.principal else { return };
        let shares = self.shares.entry(entry.place.partition).or_default();
        match shares.last_mut() {
            Some(last) if last.principal == principal && last.next_offset == entry.place.base_offset => {
                last.next_offset = entry.place.next_offset;
            }
            _ => shares.push(Share {
                base_offset: entry.place.base_offset,
                next_offset: entry.place.next_offset,
                principal: principal.to_owned(),
            }),
        }
    }

    /// The shares of a partition.
    #[must_use]
    pub fn of(&self, partition: TopicPartition) -> &[Share] {
        self.shares.get(&partition).map_or(&[], Vec::as_slice)
    }
}
