//! Logins that were refused: each one makes the next of its address, and of the name that it claimed, wait longer for its answer.
//!
//! Only refusals wait. Who has the right secret is let in at once, from wherever and whatever others have tried; and what failed before
//! under that name from that address is forgotten. What others tried under the name, or from the address, is not: nobody who guesses is
//! helped by somebody else's success, or by one of his own under another name.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use prometheus_client::{metrics::counter::Counter, registry::Registry};

use crate::limits::{
    FAILED_LOGINS_FORGIVEN, FAILED_LOGINS_KEPT_MAX, FAILED_LOGINS_MEMORY, LOGIN_REFUSAL_DELAY,
    LOGIN_REFUSAL_DELAY_MAX,
};

/// Who refused logins are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Address(IpAddr),
    Name(String),
    /// What an address has tried under a name: so much less counts for both of them once it succeeds.
    Pair(IpAddr, String),
}

/// Failures lately: each halving of [`FAILED_LOGINS_MEMORY`] without another one forgives half of them.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_at: Duration,
}

/// What is counted, to be registered.
#[derive(Debug, Default)]
pub(crate) struct LoginMetrics {
    refused: Counter,
    delayed: Counter,
    delayed_ms: Counter,
}

/// The refused logins of a broker.
#[derive(Debug, Default)]
pub(crate) struct FailedLogins {
    by_key: RefCell<BTreeMap<Key, Failures>>,
    metrics: LoginMetrics,
}

impl LoginMetrics {
    /// Adds the counters to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut add = |name, help, counter: &Counter| registry.register(name, help, counter.clone());
        add("logins_refused", "Logins that were refused", &self.refused);
        add(
            "logins_delayed",
            "Refusals that waited longer, for others of their address or name before them",
            &self.delayed,
        );
        add("logins_delayed_milliseconds", "How long they waited together", &self.delayed_ms);
    }
}

impl FailedLogins {
    /// What is counted, to be registered.
    pub(crate) fn metrics(&self) -> &LoginMetrics {
        &self.metrics
    }

    /// Takes note of a refusal at `now` (monotonic); how long its answer is to wait. Names that exist and names that do not are
    /// treated alike.
    pub(crate) fn refuse(&self, address: IpAddr, name: Option<&str>, now: Duration) -> Duration {
        let mut by_key = self.by_key.borrow_mut();
        let network = network_of(address);
        let by_name = name.map(|name| note(&mut by_key, Key::Name(name.to_owned()), now));
        if let Some(name) = name {
            note(&mut by_key, Key::Pair(network, name.to_owned()), now);
        }
        let before = note(&mut by_key, Key::Address(network), now).max(by_name.unwrap_or(0));
        let delay = delay_after(before);
        self.metrics.refused.inc();
        if delay > LOGIN_REFUSAL_DELAY {
            self.metrics.delayed.inc();
            self.metrics.delayed_ms.inc_by(delay.as_millis() as u64);
        }
        delay
    }
}

impl FailedLogins {
    /// Forgets what this address tried in vain under this name, which it has proved to be its own at `now` (monotonic).
    pub(crate) fn succeed(&self, address: IpAddr, name: &str, now: Duration) {
        let mut by_key = self.by_key.borrow_mut();
        let network = network_of(address);
        let Some(own) = by_key.remove(&Key::Pair(network, name.to_owned())) else { return };
        for key in [Key::Address(network), Key::Name(name.to_owned())] {
            let left = by_key.get(&key).map_or(0, |kept| kept.left(now)).saturating_sub(own.left(now));
            if left == 0 {
                by_key.remove(&key);
            } else if let Some(kept) = by_key.get_mut(&key) {
                *kept = Failures { count: left, last_at: now };
            }
        }
    }
}

/// Counts a failure; how many there were before it.
fn note(by_key: &mut BTreeMap<Key, Failures>, key: Key, now: Duration) -> u32 {
    if by_key.len() >= FAILED_LOGINS_KEPT_MAX && !by_key.contains_key(&key) {
        make_room(by_key, now);
    }
    let kept = by_key.entry(key).or_insert(Failures { count: 0, last_at: now });
    let before = kept.left(now);
    *kept = Failures { count: before.saturating_add(1), last_at: now };
    before
}

impl Failures {
    /// How many of them still count.
    fn left(self, now: Duration) -> u32 {
        let halvings = now.saturating_sub(self.last_at).as_secs() / FAILED_LOGINS_MEMORY.as_secs();
        u32::try_from(halvings).ok().and_then(|halvings| self.count.checked_shr(halvings)).unwrap_or(0)
    }
}

/// A tenth goes: what is forgiven, then what counts least, the oldest first. So a flood of new names pushes out one another, and not
/// an address that goes on.
fn make_room(by_key: &mut BTreeMap<Key, Failures>, now: Duration) {
    let mut by_weight: Vec<(u32, Duration, Key)> =
        by_key.iter().map(|(key, kept)| (kept.left(now), kept.last_at, key.clone())).collect();
    by_weight.sort_unstable();
    for (_, _, key) in by_weight.into_iter().take(FAILED_LOGINS_KEPT_MAX.div_ceil(10)) {
        by_key.remove(&key);
    }
}

/// Doubles with each failure beyond those that are forgiven.
fn delay_after(before: u32) -> Duration {
    let doublings = before.saturating_sub(FAILED_LOGINS_FORGIVEN - 1).min(16);
    (LOGIN_REFUSAL_DELAY * (1 << doublings)).min(LOGIN_REFUSAL_DELAY_MAX)
}

/// A client has one address of the older family, and a whole /64 of the newer one.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_hours(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(logins: &FailedLogins, from: &str, name: &str, count: u32) -> Duration {
        (0..count).map(|_| logins.refuse(address(from), Some(name), NOW)).last().unwrap()
    }

    #[test]
    fn the_first_failures_wait_as_ever_and_each_one_more_twice_as_long_up_to_a_limit() {
        let logins = FailedLogins::default();
        let delays: Vec<u128> =
            (0..16).map(|_| logins.refuse(address("192.0.2.1"), Some("a"), NOW).as_millis()).collect();
        assert_eq!(delays[..9], [100, 100, 100, 100, 100, 200, 400, 800, 1600]);
        assert_eq!(delays[9..12], [3200, 5000, 5000]);
        assert_eq!(logins.metrics.refused.get(), 16);
        assert_eq!(logins.metrics.delayed.get(), 11);
    }

    #[test]
    fn others_elsewhere_wait_no_longer() {
        let logins = FailedLogins::default();
        fail(&logins, "192.0.2.1", "a", 20);
        assert_eq!(fail(&logins, "192.0.2.2", "b", 1), LOGIN_REFUSAL_DELAY);
        assert_eq!(fail(&logins, "192.0.2.1", "c", 1), LOGIN_REFUSAL_DELAY_MAX, "the same address");
        assert_eq!(fail(&logins, "192.0.2.3", "a", 1), LOGIN_REFUSAL_DELAY_MAX, "the same name");
        assert_eq!(logins.refuse(address("192.0.2.2"), None, NOW), LOGIN_REFUSAL_DELAY);
    }

    #[test]
    fn a_network_of_the_newer_family_counts_as_one_client() {
        let logins = FailedLogins::default();
        fail(&logins, "2001:db8::1", "a", 20);
        assert_eq!(fail(&logins, "2001:db8::ffff:2", "b", 1), LOGIN_REFUSAL_DELAY_MAX);
        assert_eq!(fail(&logins, "2001:db8:0:1::1", "c", 1), LOGIN_REFUSAL_DELAY);
        fail(&logins, "::ffff:192.0.2.1", "d", 20);
        assert_eq!(fail(&logins, "192.0.2.1", "e", 1), LOGIN_REFUSAL_DELAY_MAX);
    }

    #[test]
    fn failures_are_forgiven_with_time() {
        let logins = FailedLogins::default();
        fail(&logins, "192.0.2.1", "a", 9);
        let later = NOW + FAILED_LOGINS_MEMORY;
        assert_eq!(logins.refuse(address("192.0.2.1"), None, later), LOGIN_REFUSAL_DELAY, "4 of 9 are left");
        let much_later = later + Duration::from_hours(1000);
        assert_eq!(logins.refuse(address("192.0.2.1"), Some("a"), much_later), LOGIN_REFUSAL_DELAY);
    }

    #[test]
    fn a_success_forgets_what_the_same_address_tried_under_that_name_and_nothing_else() {
        let logins = FailedLogins::default();
        fail(&logins, "192.0.2.1", "a", 20);
        logins.succeed(address("192.0.2.1"), "a", NOW);
        assert!(logins.by_key.borrow().is_empty());
        assert_eq!(fail(&logins, "192.0.2.1", "a", 5), LOGIN_REFUSAL_DELAY, "as if nothing had been");
        // Somebody elsewhere guesses at the name, and its owner logs in all the while.
        fail(&logins, "192.0.2.7", "b", 20);
        logins.succeed(address("192.0.2.2"), "b", NOW);
        assert_eq!(fail(&logins, "192.0.2.8", "b", 1), LOGIN_REFUSAL_DELAY_MAX);
        // Somebody who guesses has a name of his own, and logs in with it.
        fail(&logins, "192.0.2.9", "c", 20);
        logins.succeed(address("192.0.2.9"), "own", NOW);
        assert_eq!(fail(&logins, "192.0.2.9", "d", 1), LOGIN_REFUSAL_DELAY_MAX);
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_makes_nobody_forgotten_that_goes_on() {
        let logins = FailedLogins::default();
        fail(&logins, "192.0.2.1", "known", 20);
        for number in 0..2 * FAILED_LOGINS_KEPT_MAX {
            logins.refuse(address("192.0.2.7"), Some(&number.to_string()), NOW);
            assert!(logins.by_key.borrow().len() <= FAILED_LOGINS_KEPT_MAX);
        }
        assert_eq!(fail(&logins, "192.0.2.1", "x", 1), LOGIN_REFUSAL_DELAY_MAX);
        assert_eq!(fail(&logins, "192.0.2.2", "known", 1), LOGIN_REFUSAL_DELAY_MAX);
    }
}
