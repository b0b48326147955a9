//! Whether the event loop looks for the next request before it sleeps. A client on the same machine that sends one request after the other
//! is back sooner than the loop falls asleep and is woken, which takes half as long as a sync. Of a client that is farther away, or takes
//! its time, it is soon known that looking is in vain.

use std::cell::Cell;

use crate::limits::LINGER_SKIPPED_MAX;

/// What the last times have taught.
#[derive(Debug, Default)]
pub(crate) struct Lingering {
    /// Whether a sync on the event loop has just been answered.
    is_due: Cell<bool>,
    /// Rounds after which the loop sleeps at once.
    skipped: Cell<u32>,
    /// How many of them follow on a look in vain; twice as many on the next.
    penalty: Cell<u32>,
}

impl Lingering {
    /// A lone request is answered by a sync on the event loop.
    pub(crate) fn answered_here(&self) {
        self.is_due.set(true);
    }

    /// Whether to look for more before the loop sleeps; [`Self::end`] says what came of it.
    pub(crate) fn begin(&self) -> bool {
        if !self.is_due.take() {
            return false;
        }
        let skipped = self.skipped.get();
        self.skipped.set(skipped.saturating_sub(1));
        skipped == 0
    }

    /// Takes note of whether something came.
    pub(crate) fn end(&self, has_come: bool) {
        let penalty = if has_come { 0 } else { (self.penalty.get() * 2).clamp(1, LINGER_SKIPPED_MAX) };
        self.penalty.set(penalty);
        self.skipped.set(penalty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(lingering: &Lingering, rounds: u32, has_come: bool) -> u32 {
        let mut looks = 0;
        for _ in 0..rounds {
            lingering.answered_here();
            if lingering.begin() {
                looks += 1;
                lingering.end(has_come);
            }
        }
        looks
    }

    #[test]
    fn only_who_was_answered_on_the_event_loop_is_waited_for() {
        let lingering = Lingering::default();
        assert!(!lingering.begin(), "nobody was answered");
        lingering.answered_here();
        assert!(lingering.begin());
        assert!(!lingering.begin(), "once");
    }

    #[test]
    fn looks_in_vain_become_rare_and_one_that_is_not_brings_them_back() {
        let lingering = Lingering::default();
        assert_eq!(looks(&lingering, 1000, true), 1000);
        let in_vain = looks(&lingering, 100_000, false);
        assert!(in_vain < 120, "{in_vain} looks");
        // The next one is at most so far away, and after it none is left out.
        looks(&lingering, LINGER_SKIPPED_MAX + 1, true);
        assert_eq!(looks(&lingering, 1000, true), 1000);
    }
}
