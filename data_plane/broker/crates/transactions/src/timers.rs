//! What time alone brings about: transactions that last too long, ids that nobody uses.

use crate::config::SWEEP_INTERVAL_MS;
use crate::coordinator::Coordinator;
use crate::records;
use crate::requests::{Effects, Now, TransactionEvent};
use crate::transaction::State;

impl Coordinator {
    /// When `tick` is to be called next, on the monotonic clock.
    #[must_use]
    pub fn next_deadline_ms(&self) -> u64 {
        self.deadlines.first().map_or(self.sweep_at_ms, |(at_ms, _)| self.sweep_at_ms.min(*at_ms))
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        while let Some((at_ms, id)) = self.deadlines.first().cloned() {
            if at_ms > now.monotonic_ms {
                break;
            }
            self.time_out(&id, now, effects);
        }
        if self.sweep_at_ms <= now.monotonic_ms {
            self.sweep(now, effects);
        }
    }

    fn time_out(&mut self, id: &str, now: Now, effects: &mut Effects) {
        let Some(transaction) = self.get(id) else { return };
        let producer = transaction.producer;
        effects.events.push(TransactionEvent::TimedOut { transactional_id: id.to_owned(), producer });
        self.fence(id, now, effects);
    }

    /// Forgets ids that nobody has used for their time.
    pub(crate) fn sweep(&mut self, now: Now, effects: &mut Effects) {
        self.sweep_at_ms = now.monotonic_ms.saturating_add(SWEEP_INTERVAL_MS);
        let before_ms = now.wall_ms.saturating_sub(self.config.id_expiration_ms);
        let unused = self.all().filter(|transaction| {
            let is_idle = transaction.state != State::Ongoing && !transaction.state.is_prepared();
            is_idle && transaction.updated_at_ms <= before_ms
        });
        let unused: Vec<String> = unused.map(|transaction| transaction.id.clone()).collect();
        for id in unused {
            self.forget(&id);
            effects.records.push(records::remove(&id));
            effects.events.push(TransactionEvent::Expired { transactional_id: id });
        }
    }
}
