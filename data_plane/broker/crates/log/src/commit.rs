//! Group commit: which logs are dirty, which sync is running, and what it covers when it ends.
//!
//! One sync runs at a time. Everything appended while it runs shares the next one; a lone append is synced at once.

use std::collections::BTreeMap;

/// The state of the committer; `K` names a log.
#[derive(Clone, Debug)]
pub struct GroupCommit<K: Ord> {
    dirty: BTreeMap<K, i64>,
    running: Option<BTreeMap<K, i64>>,
}

impl<K: Ord> Default for GroupCommit<K> {
    fn default() -> Self {
        Self { dirty: BTreeMap::new(), running: None }
    }
}

impl<K: Ord + Clone> GroupCommit<K> {
    /// Notes an append: `log` now ends at `end_offset`.
    pub fn appended(&mut self, log: K, end_offset: i64) {
        self.dirty.insert(log, end_offset);
    }

    /// Begins a round over everything dirty; `None` if there is nothing to sync or a round is running.
    pub fn begin(&mut self) -> Option<Vec<(K, i64)>> {
        if self.running.is_some() || self.dirty.is_empty() {
            return None;
        }
        let round = std::mem::take(&mut self.dirty);
        let started = round.iter().map(|(log, end)| (log.clone(), *end)).collect();
        self.running = Some(round);
        Some(started)
    }

    /// Ends the running round and tells up to which offsets its logs are now synced.
    ///
    /// # Panics
    /// If no round is running: an end without a beginning would acknowledge what was never synced.
    pub fn finish(&mut self) -> Vec<(K, i64)> {
        let Some(round) = self.running.take() else { panic!("a sync ended that was never begun") };
        round.into_iter().collect()
    }

    /// Forgets a log that was deleted.
    pub fn forget(&mut self, log: &K) {
        self.dirty.remove(log);
        if let Some(round) = &mut self.running {
            round.remove(log);
        }
    }

    /// Whether everything appended is synced.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.dirty.is_empty() && self.running.is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn appends_during_a_sync_share_the_next_one() {
        let mut commit = GroupCommit::default();
        assert_eq!(commit.begin(), None);
        commit.appended("a", 1);
        assert_eq!(commit.begin(), Some(vec![("a", 1)]));
        commit.appended("a", 2);
        commit.appended("b", 1);
        commit.appended("a", 3);
        assert_eq!(commit.begin(), None);
        assert_eq!(commit.finish(), [("a", 1)]);
        assert_eq!(commit.begin(), Some(vec![("a", 3), ("b", 1)]));
        commit.forget(&"b");
        assert_eq!(commit.finish(), [("a", 3)]);
        assert!(commit.is_idle());
    }

    proptest! {
        #[test]
        fn nothing_is_covered_that_was_appended_after_the_round_began(
            steps in prop::collection::vec((0u8..3, 0u8..3), 1..100),
        ) {
            let mut commit = GroupCommit::default();
            let mut ends = [0i64; 3];
            let mut at_begin = [0i64; 3];
            for (step, log) in steps {
                let slot = usize::from(log);
                match step {
                    0 => {
                        ends[slot] += 1;
                        commit.appended(log, ends[slot]);
                    }
                    1 if commit.begin().is_some() => at_begin = ends,
                    1 => {}
                    _ if commit.running.is_some() => {
                        for (log, covered) in commit.finish() {
                            prop_assert_eq!(covered, at_begin[usize::from(log)]);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
