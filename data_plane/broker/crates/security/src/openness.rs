//! How far a cluster is open to its clients, and from where, whatever their rights.

use core::net::IpAddr;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::ALLOWED_NETWORKS_MAX;
use crate::networks::Network;

/// How far a cluster is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// To everything.
    #[default]
    Full,
    /// To everything but what stores more.
    ReadOnly,
    /// To the control plane alone.
    Suspended,
}

impl Access {
    /// The word of the credentials file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Suspended => "suspended",
        }
    }
}

/// How far a cluster is open, and from where.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Openness {
    access: Access,
    networks: Vec<Network>,
}

impl Openness {
    /// Open so far to clients of these networks, to all where there is none; none if there are more than [`ALLOWED_NETWORKS_MAX`].
    #[must_use]
    pub fn new(access: Access, networks: Vec<Network>) -> Option<Self> {
        (networks.len() <= ALLOWED_NETWORKS_MAX).then_some(Self { access, networks })
    }

    /// How far.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Whether clients may come from this address.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address))
    }
}

impl fmt::Debug for Openness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Openness({}, {} networks)", self.access.word(), self.networks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(count: usize) -> Vec<Network> {
        (0..count).map(|index| Network::try_from(format!("10.0.0.{index}")).unwrap()).collect()
    }

    #[test]
    fn without_networks_everybody_may_come() {
        let open = Openness::default();
        assert_eq!(open.access(), Access::Full);
        assert!(open.allows("203.0.113.9".parse().unwrap()) && open.allows("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn with_networks_only_those_inside_may() {
        let confined = Openness::new(Access::ReadOnly, networks(2)).unwrap();
        assert!(confined.allows("10.0.0.1".parse().unwrap()));
        assert!(!confined.allows("10.0.0.2".parse().unwrap()));
    }

    #[test]
    fn networks_are_limited_under_at_and_over() {
        for (count, is_taken) in [(99, true), (100, true), (101, false)] {
            assert_eq!(Openness::new(Access::Full, networks(count)).is_some(), is_taken, "{count}");
        }
    }
}
