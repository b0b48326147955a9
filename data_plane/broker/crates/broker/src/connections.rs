//! The connections that are open: how many, from where, and as whom.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use headrace_security::{Authenticated, Authentication, Mechanism, acls::SUPER_USER};
use tokio::sync::Notify;

use crate::config::{LimitsConfig, ListenerConfig};

/// Who a connection of a listener without logins speaks for, as in Kafka.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// One connection, as its requests see it.
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: Rc<ListenerConfig>,
    /// None on a listener without logins.
    pub(crate) authentication: Option<RefCell<Authentication>>,
    /// Requests that were started and whose replies are not written yet.
    pub(crate) unanswered: Cell<usize>,
    revoked: Cell<bool>,
    ended: Notify,
}

impl Connection {
    /// A connection that has not said anything yet.
    pub(crate) fn new(
        id: u64,
        peer: SocketAddr,
        listener: Rc<ListenerConfig>,
        mechanisms: Vec<Mechanism>,
    ) -> Self {
        let authentication =
            listener.protocol.uses_sasl().then(|| RefCell::new(Authentication::new(mechanisms)));
        Self {
            id,
            peer,
            listener,
            authentication,
            unanswered: Cell::new(0),
            revoked: Cell::new(false),
            ended: Notify::new(),
        }
    }

    /// Who the connection speaks for; [`ANONYMOUS`] on a listener without logins.
    pub(crate) fn principal(&self) -> Option<String> {
        self.with_principal(|principal| principal.map(str::to_owned))
    }

    /// As [`Self::principal`], for a moment.
    pub(crate) fn with_principal<T>(&self, act: impl FnOnce(Option<&str>) -> T) -> T {
        match &self.authentication {
            None => act(Some(ANONYMOUS)),
            Some(state) => act(state.borrow().identity().map(|identity| &*identity.principal)),
        }
    }

    /// Whether requests other than those of a login may be longer than a login needs.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.authentication.as_ref().is_none_or(|state| state.borrow().identity().is_some())
    }

    /// Whether somebody other than the control plane has logged in.
    fn is_customers(&self) -> bool {
        self.with_principal(|principal| principal.is_some_and(|name| name != SUPER_USER))
    }

    /// Whether the next frame is a bare SASL token.
    pub(crate) fn expects_bare_token(&self) -> bool {
        self.authentication.as_ref().is_some_and(|state| state.borrow().expects_bare_token())
    }

    /// When the login ends by itself, in milliseconds since the epoch.
    pub(crate) fn expires_at_ms(&self) -> Option<i64> {
        self.authentication.as_ref()?.borrow().identity()?.expires_at_ms
    }

    /// Returns once the credential behind the connection is gone.
    pub(crate) async fn revoked(&self) {
        while !self.revoked.get() {
            self.ended.notified().await;
        }
    }

    fn revoke(&self) {
        self.revoked.set(true);
        self.ended.notify_waiters();
        self.ended.notify_one();
    }
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many connections as the broker has.
    Total,
    /// As many connections as one address may have.
    Address,
}

impl Refused {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Total => "connections_max",
            Self::Address => "connections_per_address_max",
        }
    }
}

/// Every open connection.
pub(crate) struct Connections {
    total_max: usize,
    per_address_max: usize,
    next_id: Cell<u64>,
    open: RefCell<BTreeMap<u64, Rc<Connection>>>,
    by_address: RefCell<BTreeMap<IpAddr, usize>>,
    /// When the last connection of a customer ended, on the monotonic clock.
    customer_left_at: Cell<Option<Duration>>,
}

/// How a broker is used by others than the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Customers {
    /// Open connections that have logged in.
    pub(crate) connections: usize,
    /// For how long there has been none.
    pub(crate) idle: Duration,
    /// Whether one has logged in since the process started.
    pub(crate) seen: bool,
}

impl Connections {
    pub(crate) fn new(limits: &LimitsConfig) -> Self {
        Self {
            total_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max.unwrap_or(limits.connections_max),
            next_id: Cell::new(1),
            open: RefCell::default(),
            by_address: RefCell::default(),
            customer_left_at: Cell::new(None),
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// Whether one more from this address is within the limits.
    pub(crate) fn admit(&self, peer: SocketAddr) -> Result<(), Refused> {
        if self.count() >= self.total_max {
            return Err(Refused::Total);
        }
        let here = self.by_address.borrow().get(&peer.ip()).copied().unwrap_or_default();
        if here >= self.per_address_max { Err(Refused::Address) } else { Ok(()) }
    }

    /// Adds a connection.
    pub(crate) fn open(
        &self,
        peer: SocketAddr,
        listener: Rc<ListenerConfig>,
        mechanisms: Vec<Mechanism>,
    ) -> Rc<Connection> {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let connection = Rc::new(Connection::new(id, peer, listener, mechanisms));
        self.open.borrow_mut().insert(id, Rc::clone(&connection));
        *self.by_address.borrow_mut().entry(peer.ip()).or_default() += 1;
        connection
    }

    /// How customers use the broker at `now`; it has run since `started_at`. Both are on the monotonic clock.
    pub(crate) fn customers(&self, now: Duration, started_at: Duration) -> Customers {
        let connections = self.open.borrow().values().filter(|one| one.is_customers()).count();
        let left_at = self.customer_left_at.get();
        let since = if connections > 0 { now } else { left_at.unwrap_or(started_at) };
        Customers { connections, idle: now.saturating_sub(since), seen: connections > 0 || left_at.is_some() }
    }

    /// Removes a connection that has ended at `now`, on the monotonic clock.
    pub(crate) fn close(&self, connection: &Connection, now: Duration) {
        self.open.borrow_mut().remove(&connection.id);
        if connection.is_customers() {
            self.customer_left_at.set(Some(now));
        }
        let mut by_address = self.by_address.borrow_mut();
        if let Some(count) = by_address.get_mut(&connection.peer.ip()) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&connection.peer.ip());
            }
        }
    }

    /// Ends every connection whose identity is no longer good; answers how many.
    pub(crate) fn close_revoked(&self, uphold: impl Fn(&Authenticated) -> bool) -> usize {
        let is_gone = |connection: &&Rc<Connection>| {
            let state = connection.authentication.as_ref().map(RefCell::borrow);
            state.is_some_and(|state| state.identity().is_some_and(|identity| !uphold(identity)))
        };
        let open = self.open.borrow();
        open.values().filter(is_gone).map(|connection| connection.revoke()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Endpoint, SecurityProtocol};

    fn listener() -> Rc<ListenerConfig> {
        Rc::new(ListenerConfig {
            name: "plaintext".into(),
            protocol: SecurityProtocol::Plaintext,
            bind: "127.0.0.1:0".parse().unwrap(),
            advertised: Endpoint { host: "localhost".into(), port: 1 },
        })
    }

    #[test]
    fn limits_are_kept_per_broker_and_per_address() {
        let limits =
            LimitsConfig { connections_max: 3, connections_per_address_max: Some(2), ..Default::default() };
        let connections = Connections::new(&limits);
        let (one, other) = ("127.0.0.1:1000".parse().unwrap(), "127.0.0.2:1000".parse().unwrap());
        let first = connections.open(one, listener(), Vec::new());
        connections.open(one, listener(), Vec::new());
        assert_eq!(connections.admit(one), Err(Refused::Address));
        assert_eq!(connections.admit(other), Ok(()));
        connections.open(other, listener(), Vec::new());
        assert_eq!(connections.admit(other), Err(Refused::Total));
        connections.close(&first, Duration::ZERO);
        assert_eq!((connections.count(), connections.admit(one)), (2, Ok(())));
    }

    #[test]
    fn idle_time_counts_from_the_last_customer() {
        let connections = Connections::new(&LimitsConfig::default());
        let second = Duration::from_secs;
        let idle = |now| connections.customers(second(now), second(10));
        assert_eq!(idle(15), Customers { connections: 0, idle: second(5), seen: false });
        // Nobody logs in on this listener: who connects is a customer.
        let first = connections.open("127.0.0.1:1000".parse().unwrap(), listener(), Vec::new());
        assert_eq!(idle(20), Customers { connections: 1, idle: Duration::ZERO, seen: true });
        connections.close(&first, second(30));
        assert_eq!(idle(37), Customers { connections: 0, idle: second(7), seen: true });
    }

    #[test]
    fn a_connection_that_has_not_logged_in_is_no_customers() {
        let connections = Connections::new(&LimitsConfig::default());
        let listener = ListenerConfig { protocol: SecurityProtocol::SaslPlaintext, ..(*listener()).clone() };
        let stranger =
            connections.open("127.0.0.1:1000".parse().unwrap(), Rc::new(listener), Mechanism::ALL.to_vec());
        let nobody = |now| Customers { connections: 0, idle: Duration::from_secs(now), seen: false };
        assert_eq!(connections.customers(Duration::from_secs(5), Duration::ZERO), nobody(5));
        connections.close(&stranger, Duration::from_secs(6));
        assert_eq!(connections.customers(Duration::from_secs(9), Duration::ZERO), nobody(9));
    }
}
