//! Requests that wait for their group, and answers that wait for the disk.

use std::collections::{BTreeMap, VecDeque};

use headrace_groups::{JoinAnswer, SyncAnswer, Waiter};
use tokio::sync::oneshot;

/// Requests and answers that wait.
#[derive(Default)]
pub(crate) struct Waiting {
    last: u64,
    joins: BTreeMap<Waiter, oneshot::Sender<JoinAnswer>>,
    syncs: BTreeMap<Waiter, oneshot::Sender<SyncAnswer>>,
    /// Answers with the offset that must be durable before each is sent, in that order.
    answers: VecDeque<(i64, Waiter, GroupAnswer)>,
}

enum GroupAnswer {
    Join(JoinAnswer),
    Sync(SyncAnswer),
}

impl Waiting {
    /// A request to join begins to wait.
    pub(crate) fn for_join(&mut self) -> (Waiter, oneshot::Receiver<JoinAnswer>) {
        let (sender, receiver) = oneshot::channel();
        let waiter = self.next();
        self.joins.insert(waiter, sender);
        (waiter, receiver)
    }

    /// A request to sync begins to wait.
    pub(crate) fn for_sync(&mut self) -> (Waiter, oneshot::Receiver<SyncAnswer>) {
        let (sender, receiver) = oneshot::channel();
        let waiter = self.next();
        self.syncs.insert(waiter, sender);
        (waiter, receiver)
    }

    fn next(&mut self) -> Waiter {
        self.last += 1;
        Waiter(self.last)
    }

    /// Takes answers that may be sent once everything before `end` is durable.
    pub(crate) fn answered(
        &mut self,
        end: i64,
        joins: Vec<(Waiter, JoinAnswer)>,
        syncs: Vec<(Waiter, SyncAnswer)>,
    ) {
        let joins = joins.into_iter().map(|(waiter, answer)| (end, waiter, GroupAnswer::Join(answer)));
        let syncs = syncs.into_iter().map(|(waiter, answer)| (end, waiter, GroupAnswer::Sync(answer)));
        self.answers.extend(joins.chain(syncs));
    }

    /// Sends the answers that may be sent. A client that is gone does not hear its own.
    pub(crate) fn release(&mut self, durable: i64) {
        while self.answers.front().is_some_and(|(end, _, _)| *end <= durable) {
            match self.answers.pop_front() {
                Some((_, waiter, GroupAnswer::Join(answer))) => send(self.joins.remove(&waiter), answer),
                Some((_, waiter, GroupAnswer::Sync(answer))) => send(self.syncs.remove(&waiter), answer),
                None => {}
            }
        }
    }

    /// Ends all waiting: the receivers learn that no answer will come.
    pub(crate) fn end(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }
}

fn send<T>(waiting: Option<oneshot::Sender<T>>, answer: T) {
    if let Some(sender) = waiting {
        // The connection has gone meanwhile: nobody is left to tell.
        drop(sender.send(answer));
    }
}
