//! The last offset of each key of a part of a log, in bounded memory.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};

use crate::limits::COMPACTION_KEYS_MAX;

/// Keys are told apart by the first half of their SHA-256: two that collide, by chance or on purpose, do not occur.
const DIGEST_BYTES: usize = 16;

/// Offsets by key.
#[derive(Debug, Default)]
pub(super) struct OffsetMap {
    last: BTreeMap<[u8; DIGEST_BYTES], i64>,
}

impl OffsetMap {
    /// Notes a record, later than all noted before; false if there is no room for its key.
    pub(super) fn note(&mut self, key: &[u8], offset: i64) -> bool {
        let is_full = self.last.len() >= COMPACTION_KEYS_MAX;
        let digest = short_digest(key);
        if is_full && !self.last.contains_key(&digest) {
            return false;
        }
        self.last.insert(digest, offset);
        true
    }

    /// Whether a later record than the one at `offset` was noted for the key.
    pub(super) fn replaces(&self, key: &[u8], offset: i64) -> bool {
        self.last.get(&short_digest(key)).is_some_and(|last| *last > offset)
    }
}

fn short_digest(key: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut short = [0; DIGEST_BYTES];
    short.copy_from_slice(&digest(&SHA256, key).as_ref()[..DIGEST_BYTES]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_key_is_not_replaced() {
        let mut map = OffsetMap::default();
        assert!(map.note(b"a", 1) && map.note(b"b", 2) && map.note(b"a", 5));
        assert!(map.replaces(b"a", 1) && !map.replaces(b"a", 5) && !map.replaces(b"a", 9));
        assert!(!map.replaces(b"b", 2) && !map.replaces(b"c", 0));
    }

    #[test]
    fn a_full_map_takes_known_keys_alone() {
        let mut map = OffsetMap::default();
        for number in 0..COMPACTION_KEYS_MAX as i64 {
            assert!(map.note(&number.to_be_bytes(), number));
        }
        assert!(!map.note(b"one more", i64::MAX));
        assert!(map.note(&7i64.to_be_bytes(), i64::MAX));
    }
}
