//! One session.

use std::rc::Rc;

use crate::partitions::Partitions;

/// The epoch of the request that asks for a session, and of the one that wants none.
pub(crate) const INITIAL_EPOCH: i32 = 0;
pub(crate) const FINAL_EPOCH: i32 = -1;

/// A session, from its first answer on.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) owner: Rc<str>,
    /// The epoch that its next request must have.
    pub(crate) epoch: i32,
    pub(crate) uses_topic_ids: bool,
    pub(crate) partitions: Partitions,
    pub(crate) created_at_ms: u64,
    pub(crate) used_at_ms: u64,
    /// How the cache last counted it.
    pub(crate) counted: Counted,
}

/// What a session adds to the totals, and under which size it can be evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) partitions: usize,
    pub(crate) bytes: usize,
    pub(crate) is_evictable: bool,
}

/// The epoch that follows: 1 after the last one, as 0 begins a session.
pub(crate) fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MAX => 1,
        epoch if epoch < INITIAL_EPOCH => FINAL_EPOCH,
        epoch => epoch + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_begin_again_at_one() {
        assert_eq!([0, 1, i32::MAX - 1, i32::MAX].map(next_epoch), [1, 2, i32::MAX, 1]);
        assert_eq!(next_epoch(FINAL_EPOCH), FINAL_EPOCH);
    }
}
