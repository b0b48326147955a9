//! What a request is charged, and what a client that has used its rate up is told.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, time::Duration};

use headrace_protocol::{ApiKey, Response};
use headrace_types::ErrorCode;

use super::Context;
use crate::{
    broker::Broker,
    close::Close,
    connections::Connection,
    quotas::{Client, Used},
    reply::{Answer, Reply},
    throttle,
    topics::Refusal,
};

/// What has come together of a request.
#[derive(Default)]
pub(super) struct Charges {
    frame_bytes: usize,
    fetched_bytes: Cell<u64>,
    busy: Cell<Duration>,
    wait: Cell<Duration>,
}

impl<'a> Context<'a> {
    /// The context of a request that came in a frame of so many bytes.
    pub(crate) fn new(
        broker: &'a Rc<Broker>,
        connection: &'a Rc<Connection>,
        version: i16,
        client_id: Option<&'a str>,
        frame_bytes: usize,
    ) -> Self {
        let charges = Charges { frame_bytes, ..Charges::default() };
        Self { broker, connection, version, client_id, charges }
    }

    /// Counts bytes of records that the answer holds.
    pub(super) fn charge_fetched(&self, bytes: u64) {
        self.charges.fetched_bytes.set(self.charges.fetched_bytes.get() + bytes);
    }

    /// Counts partitions that are to be made or removed next. From version `strict_since` on too many are refused; who speaks an older
    /// one waits afterwards (KIP-599).
    pub(super) fn charge_mutations(&self, partitions: usize, strict_since: i16) -> Result<(), Refusal> {
        let is_strict = self.version >= strict_since;
        let Some(mutated) =
            self.with_client(|client| self.broker.quotas.mutate(client, partitions, is_strict))
        else {
            return Ok(());
        };
        let (wait, refused) = match mutated {
            Ok(wait) => (wait, false),
            Err(wait) => (wait, true),
        };
        self.charges.wait.set(self.charges.wait.get().max(wait));
        if refused {
            let message =
                "more partitions were made or removed lately than may be: try again after the throttle time";
            return Err(Refusal::new(ErrorCode::ThrottlingQuotaExceeded, message));
        }
        Ok(())
    }

    /// Runs a handler and counts how long it keeps the event loop.
    pub(super) async fn timed<F: Future>(&self, handler: F) -> F::Output {
        let mut handler = pin!(handler);
        poll_fn(|task| {
            let started = self.broker.clock.mono();
            let polled = handler.as_mut().poll(task);
            self.charges.busy.update(|busy| busy + self.broker.clock.mono().saturating_sub(started));
            polled
        })
        .await
    }

    /// Charges the request, says in its answer how long to wait, and lets the connection rest for that time.
    pub(super) fn settle<R: Response>(
        &self,
        mut answer: Answer<R>,
        correlation_id: i32,
    ) -> Result<Reply, Close> {
        let wait_ms = throttle::milliseconds(self.wait(R::KEY));
        if let Some(response) = answer.response_mut() {
            response.set_throttle_time_ms(wait_ms);
        }
        let mut reply = answer.into_reply(self.version, correlation_id)?;
        if wait_ms > 0 {
            let wait = Duration::from_millis(wait_ms.unsigned_abs().into());
            self.connection.mute(wait);
            if !throttle::waits_by_itself(R::KEY, self.version) {
                reply.delay = wait;
            }
        }
        Ok(reply)
    }

    /// Logins are nobody's yet, and what they lead to is charged.
    fn wait(&self, key: ApiKey) -> Duration {
        if matches!(key, ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate) {
            return Duration::ZERO;
        }
        let produced = if key == ApiKey::Produce { self.charges.frame_bytes } else { 0 };
        let used = Used {
            produced_bytes: produced as u64,
            fetched_bytes: self.charges.fetched_bytes.get(),
            busy: self.charges.busy.get(),
        };
        let charged = self.with_client(|client| self.broker.quotas.charge(client, used));
        self.charges.wait.get().max(charged.unwrap_or_default())
    }

    fn with_client<T>(&self, act: impl FnOnce(Client<'_>) -> T) -> Option<T> {
        let client_id = self.client_id.unwrap_or_default();
        self.connection.with_principal(|principal| Some(act(Client { principal: principal?, client_id })))
    }
}
