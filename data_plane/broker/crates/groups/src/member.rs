//! One member of a group.

use bytes::Bytes;

use crate::requests::{JoinRequest, Protocol};
use crate::turn::Waiter;

/// A member, from its first join on.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout_ms: u64,
    pub(crate) rebalance_timeout_ms: u64,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) assignment: Bytes,
    /// The request to join that waits for the others.
    pub(crate) joining: Option<Waiter>,
    /// The request to sync that waits for the leader.
    pub(crate) syncing: Option<Waiter>,
    /// Whether the member has asked for its assignment of this generation.
    pub(crate) synced: bool,
    /// Whether the member has not completed a join yet.
    pub(crate) is_new: bool,
    /// When the member is given up, on the monotonic clock.
    pub(crate) session_deadline_ms: u64,
}

impl Member {
    pub(crate) fn new(request: &JoinRequest, waiter: Waiter, session_deadline_ms: u64) -> Self {
        let mut member = Self {
            instance_id: request.instance_id.clone(),
            client_id: String::new(),
            client_host: String::new(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: 0,
            protocols: Vec::new(),
            assignment: Bytes::new(),
            joining: Some(waiter),
            syncing: None,
            synced: false,
            is_new: true,
            session_deadline_ms,
        };
        member.update(request);
        member
    }

    /// Takes over what a repeated join says anew.
    pub(crate) fn update(&mut self, request: &JoinRequest) {
        self.client_id.clone_from(&request.client_id);
        self.client_host.clone_from(&request.client_host);
        self.session_timeout_ms = timeout_ms(request.session_timeout_ms);
        self.rebalance_timeout_ms = timeout_ms(request.rebalance_timeout_ms);
        self.protocols.clone_from(&request.protocols);
    }

    /// What the member tells the leader under a protocol.
    pub(crate) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let chosen = self.protocols.iter().find(|known| Some(known.name.as_str()) == protocol);
        chosen.map_or_else(Bytes::new, |known| known.metadata.clone())
    }

    pub(crate) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|known| known.name == protocol)
    }

    /// Bytes that the member keeps in memory, near enough to hold a limit.
    pub(crate) fn bytes(&self) -> usize {
        let names =
            self.client_id.len() + self.client_host.len() + self.instance_id.as_ref().map_or(0, String::len);
        names + protocols_bytes(&self.protocols) + self.assignment.len()
    }
}

pub(crate) fn protocols_bytes(protocols: &[Protocol]) -> usize {
    protocols.iter().map(|protocol| protocol.name.len() + protocol.metadata.len()).sum()
}

/// A timeout from the wire; a negative one has passed already.
pub(crate) fn timeout_ms(wire: i32) -> u64 {
    u64::try_from(wire).unwrap_or(0)
}
