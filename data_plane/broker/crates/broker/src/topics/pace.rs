//! How long syncs take: a lone request waits for a fast disk on the event loop itself, because handing the sync to another thread and
//! back takes about half as long as the sync.

use std::{cell::Cell, time::Duration};

use crate::limits::SYNC_HERE_MAX;

/// The last syncs of the write-ahead log.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Syncs in a row that were fast.
    fast: Cell<u32>,
}

/// Fast syncs after which the next one is expected to be.
const FAST_IN_A_ROW: u32 = 16;

impl Pace {
    pub(crate) fn new() -> Self {
        Self { fast: Cell::new(0) }
    }

    /// Takes note of how long a sync took.
    pub(crate) fn took(&self, duration: Duration) {
        self.fast.set(if duration <= SYNC_HERE_MAX { self.fast.get().saturating_add(1) } else { 0 });
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
}
