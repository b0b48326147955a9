//! How long syncs take, and when there was one. A lone request waits for a fast disk on the event loop itself, because handing the sync to
//! another thread and back takes about half as long as the sync. Reads that wait for the disk give way where syncs are to be expected.

use std::{cell::Cell, time::Duration};

use crate::limits::{SYNC_HERE_MAX, SYNCS_EXPECTED_FOR};

/// The last syncs of the write-ahead log.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Syncs in a row that were fast.
    fast: Cell<u32>,
    /// When the last sync that somebody waited for ended.
    last: Cell<Option<Duration>>,
}

/// Fast syncs after which the next one is expected to be.
const FAST_IN_A_ROW: u32 = 16;

impl Pace {
    pub(crate) fn new() -> Self {
        Self { fast: Cell::new(0), last: Cell::new(None) }
    }

    /// Takes note of how long a sync took.
    pub(crate) fn took(&self, duration: Duration) {
        self.fast.set(if duration <= SYNC_HERE_MAX { self.fast.get().saturating_add(1) } else { 0 });
    }

    /// Takes note that a sync that somebody waited for has ended.
    pub(crate) fn synced(&self, now: Duration) {
        self.last.set(Some(now));
    }

    /// Whether somebody is likely to wait for a sync soon.
    pub(crate) fn has_synced_lately(&self, now: Duration) -> bool {
        self.last.get().is_some_and(|last| now.saturating_sub(last) <= SYNCS_EXPECTED_FOR)
    }

    /// Whether the event loop may wait for the next one.
    pub(crate) fn is_fast(&self) -> bool {
        self.fast.get() >= FAST_IN_A_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_sync_makes_the_next_ones_somebody_elses() {
        let pace = Pace::new();
        assert!(!pace.is_fast(), "nothing is known yet");
        (0..FAST_IN_A_ROW).for_each(|_| pace.took(SYNC_HERE_MAX));
        assert!(pace.is_fast());
        pace.took(SYNC_HERE_MAX + Duration::from_nanos(1));
        assert!(!pace.is_fast());
        (0..FAST_IN_A_ROW).for_each(|_| pace.took(Duration::ZERO));
        assert!(pace.is_fast());
    }

    #[test]
    fn after_a_sync_others_are_expected_for_a_while() {
        let (pace, began) = (Pace::new(), Duration::from_secs(5));
        assert!(!pace.has_synced_lately(began), "nobody has produced");
        pace.synced(began);
        assert!(pace.has_synced_lately(began + SYNCS_EXPECTED_FOR));
        assert!(!pace.has_synced_lately(began + SYNCS_EXPECTED_FOR + Duration::from_nanos(1)));
    }
}
