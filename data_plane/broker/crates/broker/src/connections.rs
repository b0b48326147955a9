//! The connections that are open: how many, from where, and as whom.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use headrace_security::{
    Authenticated, Authentication, Bounds, Mechanism,
    acls::{ANONYMOUS, SUPER_USER},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::{
    close::Close,
    config::{LimitsConfig, ListenerConfig},
    limits::{CONNECTIONS_PER_LOGIN, INTERNAL_CONNECTIONS_MAX},
    request_memory::ConnectionMemory,
};

/// One connection, as its requests see it.
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: Rc<ListenerConfig>,
    /// None on a listener without logins.
    pub(crate) authentication: Option<RefCell<Authentication>>,
    /// Requests that were started and whose replies are not written yet.
    pub(crate) unanswered: Cell<usize>,
    /// What its requests take.
    pub(crate) request_memory: ConnectionMemory,
    /// Until when no further request is read.
    muted_until: Cell<Option<Instant>>,
    ending: Cell<Option<Ending>>,
    ended: Notify,
}

/// Why the broker ends a connection from its own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The credential behind it is gone.
    Revoked,
    /// The cluster is suspended.
    Suspended,
    /// Clients may no longer come from its address.
    Network,
    /// It had not logged in, and its place was needed.
    Displaced,
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
            listener.protocol.knows_clients().then(|| RefCell::new(Authentication::new(mechanisms)));
        Self {
            id,
            peer,
            listener,
            authentication,
            unanswered: Cell::new(0),
            request_memory: ConnectionMemory::new(),
            muted_until: Cell::new(None),
            ending: Cell::new(None),
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

    /// What the credential behind the connection may do at most.
    pub(crate) fn bounds(&self) -> Option<Arc<Bounds>> {
        self.authentication.as_ref()?.borrow().identity()?.bounds.clone()
    }

    /// Whether requests other than those of a login may be longer than a login needs.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.authentication.as_ref().is_none_or(|state| state.borrow().identity().is_some())
    }

    /// Takes whom the channel itself has proved the client to be.
    pub(crate) fn identify(&self, authenticated: Authenticated) {
        if let Some(state) = &self.authentication {
            state.borrow_mut().identify(authenticated);
        }
    }

    /// Whether somebody other than the control plane has said who it is; where nobody can, everyone counts.
    fn is_customers(&self) -> bool {
        let is_stranger = |name: &str| self.authentication.is_some() && name == ANONYMOUS;
        self.with_principal(|principal| {
            principal.is_some_and(|name| name != SUPER_USER && !is_stranger(name))
        })
    }

    /// Whether the next frame is a bare SASL token.
    pub(crate) fn expects_bare_token(&self) -> bool {
        self.authentication.as_ref().is_some_and(|state| state.borrow().expects_bare_token())
    }

    /// When the login ends by itself, in milliseconds since the epoch.
    pub(crate) fn expires_at_ms(&self) -> Option<i64> {
        self.authentication.as_ref()?.borrow().identity()?.expires_at_ms
    }

    /// Lets the connection rest: nothing more of it is read for so long (KIP-219).
    pub(crate) fn mute(&self, wait: Duration) {
        self.muted_until.set(self.muted_until.get().max(Some(Instant::now() + wait)));
    }

    /// Returns once the connection is not muted.
    pub(crate) async fn unmuted(&self) {
        while let Some(until) = self.muted_until.get().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
    }

    /// Returns once the broker ends the connection.
    pub(crate) async fn ended(&self) -> Close {
        loop {
            match self.ending.get() {
                Some(Ending::Revoked) => return Close::Revoked,
                Some(Ending::Suspended) => return Close::Suspended,
                Some(Ending::Network) => return Close::NetworkNotAllowed,
                Some(Ending::Displaced) => return Close::LoginDisplaced,
                None => self.ended.notified().await,
            }
        }
    }

    fn end(&self, ending: Ending) {
        self.ending.set(self.ending.get().or(Some(ending)));
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
    /// Not from a network that clients may come from.
    Network,
    /// More connections a second than an address, or the cluster, may have.
    TooSoon,
}

impl Refused {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Total => "connections_max",
            Self::Address => "connections_per_address_max",
            Self::Network => "network_not_allowed",
            Self::TooSoon => "connection_rate_max",
        }
    }
}

/// Every open connection.
pub(crate) struct Connections {
    total_max: usize,
    per_address_max: usize,
    before_login_max: usize,
    next_id: Cell<u64>,
    open: RefCell<BTreeMap<u64, Rc<Connection>>>,
    /// Those of clients; the internal listener counts for itself.
    by_address: RefCell<BTreeMap<IpAddr, usize>>,
    /// When the last connection of a customer ended, on the monotonic clock.
    customer_left_at: Cell<Option<Duration>>,
    /// Those of clients that have not logged in, oldest first.
    before_login: RefCell<BTreeMap<u64, Rc<Connection>>>,
    internal: Cell<usize>,
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
            before_login_max: (limits.connections_max / CONNECTIONS_PER_LOGIN).max(1),
            next_id: Cell::new(1),
            open: RefCell::default(),
            by_address: RefCell::default(),
            customer_left_at: Cell::new(None),
            before_login: RefCell::default(),
            internal: Cell::new(0),
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// How many of clients have not logged in.
    pub(crate) fn count_before_login(&self) -> usize {
        self.before_login.borrow().len()
    }

    /// Whether one more from this address is within the limits.
    pub(crate) fn admit(&self, peer: SocketAddr, is_internal: bool) -> Result<(), Refused> {
        let internal = self.internal.get();
        if is_internal {
            return if internal < INTERNAL_CONNECTIONS_MAX { Ok(()) } else { Err(Refused::Total) };
        }
        if self.count() - internal >= self.total_max {
            return Err(Refused::Total);
        }
        let here = self.by_address.borrow().get(&peer.ip()).copied().unwrap_or_default();
        if here >= self.per_address_max { Err(Refused::Address) } else { Ok(()) }
    }

    /// A client has logged in.
    pub(crate) fn logged_in(&self, connection: &Connection) {
        self.before_login.borrow_mut().remove(&connection.id);
    }

    /// Makes place for one more that has not logged in: ends the oldest of the address that has most of them. Who logs in at once is
    /// never the one, however many others wait.
    fn make_place(&self) {
        let mut before_login = self.before_login.borrow_mut();
        if before_login.len() < self.before_login_max {
            return;
        }
        let mut counts = BTreeMap::<IpAddr, usize>::new();
        for connection in before_login.values() {
            *counts.entry(connection.peer.ip()).or_default() += 1;
        }
        let Some((fullest, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else { return };
        let oldest = before_login.values().find(|connection| connection.peer.ip() == fullest).cloned();
        if let Some(oldest) = oldest {
            before_login.remove(&oldest.id);
            oldest.end(Ending::Displaced);
        }
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
        if connection.listener.internal {
            self.internal.set(self.internal.get() + 1);
        } else {
            *self.by_address.borrow_mut().entry(peer.ip()).or_default() += 1;
            if connection.authentication.is_some() {
                self.make_place();
                self.before_login.borrow_mut().insert(id, Rc::clone(&connection));
            }
        }
        self.open.borrow_mut().insert(id, Rc::clone(&connection));
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
        if self.open.borrow_mut().remove(&connection.id).is_none() {
            return;
        }
        if connection.is_customers() {
            self.customer_left_at.set(Some(now));
        }
        self.before_login.borrow_mut().remove(&connection.id);
        if connection.listener.internal {
            self.internal.set(self.internal.get() - 1);
            return;
        }
        let mut by_address = self.by_address.borrow_mut();
        if let Some(count) = by_address.get_mut(&connection.peer.ip()) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&connection.peer.ip());
            }
        }
    }

    /// Ends every connection of an identity that is meant; answers how many.
    pub(crate) fn end(&self, ending: Ending, is_meant: impl Fn(&Authenticated) -> bool) -> usize {
        let is_meant = |connection: &&Rc<Connection>| {
            let state = connection.authentication.as_ref().map(RefCell::borrow);
            state.is_some_and(|state| state.identity().is_some_and(&is_meant))
        };
        let open = self.open.borrow();
        open.values().filter(is_meant).map(|connection| connection.end(ending)).count()
    }

    /// Ends every client's connection, logged in or not, from an address that is meant; answers how many.
    pub(crate) fn end_from(&self, is_meant: impl Fn(IpAddr) -> bool) -> usize {
        let open = self.open.borrow();
        open.values()
            .filter(|connection| !connection.listener.internal && is_meant(connection.peer.ip()))
            .map(|connection| connection.end(Ending::Network))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ClientAuth, Endpoint, Logins, SecurityProtocol};

    fn listener(protocol: SecurityProtocol, internal: bool) -> Rc<ListenerConfig> {
        Rc::new(ListenerConfig {
            name: "a".into(),
            protocol,
            bind: "127.0.0.1:0".parse().unwrap(),
            advertised: Endpoint { host: "localhost".into(), port: 1 },
            internal,
            client_auth: ClientAuth::None,
            logins: Logins::Cluster,
        })
    }

    fn connections(total: usize, per_address: usize) -> Connections {
        let limits = LimitsConfig {
            connections_max: total,
            connections_per_address_max: Some(per_address),
            ..Default::default()
        };
        Connections::new(&limits)
    }

    fn addresses() -> (SocketAddr, SocketAddr) {
        ("127.0.0.1:1000".parse().unwrap(), "127.0.0.2:1000".parse().unwrap())
    }

    #[test]
    fn limits_are_kept_per_broker_and_per_address() {
        let connections = connections(3, 2);
        let (one, other) = addresses();
        let open = |peer, internal| {
            connections.open(peer, listener(SecurityProtocol::Plaintext, internal), Vec::new())
        };
        let first = open(one, false);
        open(one, false);
        assert_eq!(connections.admit(one, false), Err(Refused::Address));
        assert_eq!(connections.admit(other, false), Ok(()));
        open(other, false);
        assert_eq!(connections.admit(other, false), Err(Refused::Total));
        assert_eq!(connections.admit(one, true), Ok(()), "the control plane is never kept out by clients");
        let internal = open(one, true);
        assert_eq!(connections.admit(other, false), Err(Refused::Total));
        connections.close(&first, Duration::ZERO);
        assert_eq!((connections.count(), connections.admit(one, false)), (3, Ok(())));
        connections.close(&internal, Duration::ZERO);
        connections.close(&internal, Duration::ZERO);
        assert_eq!((connections.count(), connections.admit(one, false)), (2, Ok(())));
    }

    #[test]
    fn internal_connections_have_a_limit_of_their_own() {
        let connections = connections(1, 1);
        let (one, _) = addresses();
        for _ in 0..INTERNAL_CONNECTIONS_MAX {
            assert_eq!(connections.admit(one, true), Ok(()));
            connections.open(one, listener(SecurityProtocol::SaslPlaintext, true), Vec::new());
        }
        assert_eq!(connections.admit(one, true), Err(Refused::Total));
        assert_eq!(connections.count_before_login(), 0);
    }

    #[test]
    fn an_address_that_is_not_allowed_any_more_ends_clients_alone() {
        let connections = connections(6, 6);
        let (one, other) = addresses();
        let open = |peer, internal| {
            connections.open(peer, listener(SecurityProtocol::SaslSsl, internal), Vec::new())
        };
        let (kept, ended, internal) = (open(one, false), open(other, false), open(other, true));
        assert_eq!(connections.end_from(|address| address == other.ip()), 1);
        assert_eq!(ended.ending.get(), Some(Ending::Network));
        assert!(kept.ending.get().is_none() && internal.ending.get().is_none());
    }

    #[test]
    fn who_does_not_log_in_makes_place_first_where_most_of_them_are() {
        let connections = connections(6, 6);
        let (one, other) = addresses();
        let open =
            |peer| connections.open(peer, listener(SecurityProtocol::SaslPlaintext, false), Vec::new());
        let (slow, slower, quiet) = (open(one), open(one), open(other));
        assert_eq!(connections.count_before_login(), 3);
        let next = open(other);
        assert_eq!(slow.ending.get(), Some(Ending::Displaced));
        assert_eq!(connections.count_before_login(), 3);
        connections.logged_in(&slower);
        open(one);
        assert!([&slower, &quiet, &next].iter().all(|connection| connection.ending.get().is_none()));
    }

    #[test]
    fn idle_time_counts_from_the_last_customer() {
        let connections = Connections::new(&LimitsConfig::default());
        let second = Duration::from_secs;
        let idle = |now| connections.customers(second(now), second(10));
        assert_eq!(idle(15), Customers { connections: 0, idle: second(5), seen: false });
        // Nobody logs in on this listener: who connects is a customer.
        let first = connections.open(addresses().0, listener(SecurityProtocol::Plaintext, false), Vec::new());
        assert_eq!(idle(20), Customers { connections: 1, idle: Duration::ZERO, seen: true });
        connections.close(&first, second(30));
        assert_eq!(idle(37), Customers { connections: 0, idle: second(7), seen: true });
    }

    #[test]
    fn a_connection_that_has_not_logged_in_is_no_customers() {
        let connections = Connections::new(&LimitsConfig::default());
        let listener = listener(SecurityProtocol::SaslPlaintext, false);
        let stranger = connections.open(addresses().0, listener, Mechanism::ALL.to_vec());
        let nobody = |now| Customers { connections: 0, idle: Duration::from_secs(now), seen: false };
        assert_eq!(connections.customers(Duration::from_secs(5), Duration::ZERO), nobody(5));
        connections.close(&stranger, Duration::from_secs(6));
        assert_eq!(connections.customers(Duration::from_secs(9), Duration::ZERO), nobody(9));
    }
}
