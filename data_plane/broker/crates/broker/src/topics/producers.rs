//! How many producers the logs remember together: each takes memory in every partition that it writes to.

use std::collections::BTreeSet;

use headrace_records::BatchHeader;
use headrace_types::ErrorCode;

use super::{Slot, State, Topics, append::ProduceRefusal};
use crate::limits::{PRODUCER_SAFE_MS, PRODUCERS_LOOK_MS};

/// The ids that logs remember: all of them, and some that were forgotten since the last look.
#[derive(Debug)]
pub(super) struct KnownProducers {
    ids: BTreeSet<i64>,
    max: usize,
    looked_at_ms: i64,
}

impl KnownProducers {
    pub(super) fn new(max: usize) -> Self {
        Self { ids: BTreeSet::new(), max, looked_at_ms: i64::MIN }
    }
}

impl Topics {
    /// Whether a producer that nothing is known of may begin.
    pub(crate) fn check_new_producer(&self) -> Result<(), ErrorCode> {
        let has_room = self.state.borrow_mut().has_room_for_producer(self.now_ms());
        if has_room {
            return Ok(());
        }
        self.metrics.producers_refused.inc();
        Err(ErrorCode::PolicyViolation)
    }

    /// Refuses a batch of a producer that would be one too many.
    pub(super) fn check_producer(&self, header: &BatchHeader, now_ms: i64) -> Result<(), ProduceRefusal> {
        let mut state = self.state.borrow_mut();
        let id = header.producer_id.get();
        if !header.has_producer_id() || state.producers.ids.contains(&id) {
            return Ok(());
        }
        if state.has_room_for_producer(now_ms) {
            state.producers.ids.insert(id);
            return Ok(());
        }
        self.metrics.producers_refused.inc();
        let most = state.producers.max;
        let message = format!(
            "the cluster remembers {most} producers, as many as it may: let producers live on instead of making new ones, or \
             choose a larger plan"
        );
        Err(ProduceRefusal::saying(ErrorCode::PolicyViolation, message))
    }

    /// Looks how many there are, now and then.
    pub(super) fn count_producers(&self) {
        let now_ms = self.now_ms();
        let mut state = self.state.borrow_mut();
        if state.producers.is_due(now_ms) {
            state.look_for_producers(now_ms);
        }
    }
}

impl KnownProducers {
    fn is_due(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.looked_at_ms) >= PRODUCERS_LOOK_MS
    }

    pub(super) fn count(&self) -> usize {
        self.ids.len()
    }
}

impl State {
    /// Where there is none, those make room that were silent for long enough to have nothing left to repeat.
    fn has_room_for_producer(&mut self, now_ms: i64) -> bool {
        if self.producers.count() >= self.producers.max && self.producers.is_due(now_ms) {
            for slot in self.logs.values_mut() {
                if let Slot::Online(online) = slot {
                    online.log.forget_producers(PRODUCER_SAFE_MS, now_ms);
                }
            }
            self.look_for_producers(now_ms);
        }
        self.producers.count() < self.producers.max
    }

    /// Takes stock of what the logs remember.
    pub(super) fn look_for_producers(&mut self, now_ms: i64) {
        let mut ids = BTreeSet::new();
        for slot in self.logs.values() {
            if let Slot::Online(online) = slot {
                ids.extend(online.log.producers().map(|producer| producer.id));
            }
        }
        self.producers.ids = ids;
        self.producers.looked_at_ms = now_ms;
    }
}
