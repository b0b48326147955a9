//! What a block of the write-ahead log says about appends: whose, where, how much, and the batch itself unless it lies in its segment.

use std::collections::BTreeMap;

use headrace_types::{PartitionIndex, TopicId, TopicPartition};
use uuid::Uuid;

const NAME: u8 = 1;
const BATCH: u8 = 2;
const NOTE: u8 = 3;

/// Kind (1), topic (16), partition (4), base offset (8), next offset (8), leader epoch (4), account (4), bytes (4), records (4).
pub const ENTRY_BYTES: usize = 53;
/// Kind (1), length (2).
const NAME_HEAD_BYTES: usize = 3;
/// Stands for an append on nobody's account.
const NO_ACCOUNT: u32 = u32::MAX;

/// Which offsets an append took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: TopicPartition,
    /// Offset of the first record.
    pub base_offset: i64,
    /// The offset after the last one.
    pub next_offset: i64,
    /// The leader epoch that it was stamped with.
    pub leader_epoch: i32,
    /// Records of the batch.
    pub records: u32,
    /// Bytes of the batch.
    pub bytes: u32,
}

/// An append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Which offsets it took.
    pub place: Place,
    /// On whose account it was made.
    pub principal: Option<&'a str>,
    /// The batch as it was appended; none of one that lies in its segment.
    pub batch: Option<&'a [u8]>,
}

/// Entries that wait to be written. Principals are named once a block and then by number.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) bytes: Vec<u8>,
    names: BTreeMap<Box<str>, u32>,
    pub(crate) has_batches: bool,
    /// How many there are.
    pub(crate) count: u64,
}

impl Entries {
    /// Entries that are written into `bytes`, behind what it holds.
    pub(crate) fn into_buffer(bytes: Vec<u8>) -> Self {
        Self { bytes, names: BTreeMap::new(), has_batches: false, count: 0 }
    }

    /// Most bytes that an entry takes.
    pub(crate) fn bytes_of(principal: Option<&str>, batch_bytes: usize) -> usize {
        NAME_HEAD_BYTES + principal.map_or(0, str::len) + ENTRY_BYTES + batch_bytes
    }

    /// Adds an append whose batch is given in parts, or lies in its segment.
    pub(crate) fn add(&mut self, place: &Place, principal: Option<&str>, batch: Option<&[&[u8]]>) {
        let account = principal.map_or(NO_ACCOUNT, |principal| self.account(principal));
        self.bytes.push(if batch.is_some() { BATCH } else { NOTE });
        self.bytes.extend_from_slice(place.partition.topic.uuid().as_bytes());
        self.bytes.extend_from_slice(&place.partition.partition.get().to_be_bytes());
        self.bytes.extend_from_slice(&place.base_offset.to_be_bytes());
        self.bytes.extend_from_slice(&place.next_offset.to_be_bytes());
        self.bytes.extend_from_slice(&place.leader_epoch.to_be_bytes());
        for number in [account, place.bytes, place.records] {
            self.bytes.extend_from_slice(&number.to_be_bytes());
        }
        for part in batch.unwrap_or_default() {
            self.bytes.extend_from_slice(part);
        }
        self.has_batches |= batch.is_some();
        self.count += 1;
    }

    fn account(&mut self, principal: &str) -> u32 {
        if let Some(known) = self.names.get(principal) {
            return *known;
        }
        // A longer name than its length field can say is cut; no credential has one.
        let length = principal.floor_char_boundary(principal.len().min(usize::from(u16::MAX)));
        self.bytes.push(NAME);
        self.bytes.extend_from_slice(&(length as u16).to_be_bytes());
        self.bytes.extend_from_slice(&principal.as_bytes()[..length]);
        let account = self.names.len() as u32;
        self.names.insert(principal.into(), account);
        account
    }
}

/// Reads the entries of a block; an item is `None`, and the last one, where there is no sound entry.
#[derive(Debug)]
pub struct Reading<'a> {
    rest: &'a [u8],
    names: Vec<&'a str>,
}

impl<'a> Reading<'a> {
    /// Reads a block's payload.
    #[must_use]
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload, names: Vec::new() }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn name(&mut self) -> Option<()> {
        let length = u16::from_be_bytes(self.number()?);
        let name = self.take(usize::from(length))?;
        self.names.push(std::str::from_utf8(name).ok()?);
        Some(())
    }

    fn entry(&mut self, has_batch: bool) -> Option<Entry<'a>> {
        let topic = TopicId::new(Uuid::from_bytes(self.number()?));
        let partition = PartitionIndex::new(i32::from_be_bytes(self.number()?));
        let base_offset = i64::from_be_bytes(self.number()?);
        let next_offset = i64::from_be_bytes(self.number()?);
        let leader_epoch = i32::from_be_bytes(self.number()?);
        let account = u32::from_be_bytes(self.number()?);
        let bytes = u32::from_be_bytes(self.number()?);
        let records = u32::from_be_bytes(self.number()?);
        let partition = TopicPartition { topic, partition };
        let principal = match account {
            NO_ACCOUNT => None,
            account => Some(*self.names.get(account as usize)?),
        };
        let batch = if has_batch { Some(self.take(bytes as usize)?) } else { None };
        let place = Place { partition, base_offset, next_offset, leader_epoch, records, bytes };
        Some(Entry { place, principal, batch })
    }

    fn step(&mut self) -> Option<Entry<'a>> {
        loop {
            match self.number::<1>()?[0] {
                NAME => self.name()?,
                kind @ (BATCH | NOTE) => return self.entry(kind == BATCH),
                _ => return None,
            }
        }
    }
}

impl<'a> Iterator for Reading<'a> {
    type Item = Option<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.step();
        if entry.is_none() {
            self.rest = &[];
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(base_offset: i64, bytes: u32) -> Place {
        let partition =
            TopicPartition { topic: TopicId::from_random([7; 16]), partition: PartitionIndex::new(3) };
        Place { partition, base_offset, next_offset: base_offset + 2, leader_epoch: 4, records: 2, bytes }
    }

    #[test]
    fn entries_come_back_and_names_are_written_once() {
        let mut entries = Entries::default();
        entries.add(&place(0, 5), Some("User:one"), Some(&[b"ab", b"cde"]));
        entries.add(&place(2, 3), Some("User:two"), None);
        let before = entries.bytes.len();
        entries.add(&place(4, 0), Some("User:one"), None);
        assert_eq!(entries.bytes.len() - before, ENTRY_BYTES);
        entries.add(&place(6, 1), None, Some(&[b"x"]));
        let read: Vec<_> = Reading::new(&entries.bytes).map(Option::unwrap).collect();
        let named: Vec<_> = read.iter().map(|entry| (entry.principal, entry.batch)).collect();
        let expected: [(Option<&str>, Option<&[u8]>); 4] = [
            (Some("User:one"), Some(b"abcde")),
            (Some("User:two"), None),
            (Some("User:one"), None),
            (None, Some(b"x")),
        ];
        assert_eq!(named, expected);
        assert_eq!(read[1].place, place(2, 3));
    }

    #[test]
    fn what_is_cut_off_is_no_entry() {
        let mut entries = Entries::default();
        entries.add(&place(0, 5), Some("User:one"), Some(&[b"abcde"]));
        for length in 1..entries.bytes.len() {
            let read: Vec<_> = Reading::new(&entries.bytes[..length]).collect();
            assert!(read.last().is_none_or(Option::is_none), "cut at {length}: {read:?}");
        }
        assert_eq!(Reading::new(&[9]).collect::<Vec<_>>(), [None]);
    }
}
