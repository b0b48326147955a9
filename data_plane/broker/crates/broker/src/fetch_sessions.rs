//! Fetch sessions of the process: the state machine with the process's clock, randomness and counters.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use headrace_fetch::{Begun, PartitionState, SessionConfig, SessionRequest, SessionTotals, Sessions, Told};
use headrace_io::{Clock, Rng};
use headrace_types::ErrorCode;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use crate::limits::{FETCH_SESSION_SAFE_TIME, FETCH_SESSIONS_BYTES_MAX, FETCH_SESSIONS_MAX};

/// Every fetch session.
pub(crate) struct FetchSessions {
    sessions: RefCell<Sessions>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    metrics: FetchSessionMetrics,
}

/// The gauges and counters of sessions.
#[derive(Debug, Default)]
pub(crate) struct FetchSessionMetrics {
    sessions: Gauge,
    partitions: Gauge,
    bytes: Gauge,
    evicted: Counter,
    declined: Counter,
    seen: RefCell<SessionTotals>,
}

impl FetchSessions {
    pub(crate) fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Rc<Self> {
        let config = SessionConfig {
            sessions_max: FETCH_SESSIONS_MAX,
            bytes_max: FETCH_SESSIONS_BYTES_MAX,
            safe_ms: FETCH_SESSION_SAFE_TIME.as_millis() as u64,
        };
        let sessions = RefCell::new(Sessions::new(config));
        Rc::new(Self { sessions, clock, rng, metrics: FetchSessionMetrics::default() })
    }

    /// What is to be read for a request; the error is one for the request as a whole.
    pub(crate) fn begin(&self, request: SessionRequest) -> Result<Begun, ErrorCode> {
        let begun = self.sessions.borrow_mut().begin(request, self.now_ms());
        self.count();
        begun
    }

    /// What the client is told of what was read; the error is one for the request as a whole.
    pub(crate) fn finish(&self, begun: &Begun, states: &[PartitionState]) -> Result<Told, ErrorCode> {
        let fresh_id = || (self.rng.next_u64() >> 33) as i32;
        let told = self.sessions.borrow_mut().finish(begun, states, fresh_id, self.now_ms());
        self.count();
        told
    }

    /// What is counted, to be registered.
    pub(crate) fn metrics(&self) -> &FetchSessionMetrics {
        &self.metrics
    }

    fn now_ms(&self) -> u64 {
        self.clock.mono().as_millis() as u64
    }

    fn count(&self) {
        self.metrics.observe(self.sessions.borrow().totals());
    }
}

impl FetchSessionMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("fetch_sessions", "Fetch sessions", self.sessions.clone());
        registry.register(
            "fetch_session_partitions",
            "Partitions of fetch sessions",
            self.partitions.clone(),
        );
        registry.register("fetch_session_bytes", "Bytes that fetch sessions take", self.bytes.clone());
        registry.register(
            "fetch_sessions_evicted",
            "Fetch sessions that made room for another",
            self.evicted.clone(),
        );
        registry.register(
            "fetch_sessions_declined",
            "Fetch sessions that were not given, or ended, for want of room",
            self.declined.clone(),
        );
    }

    fn observe(&self, totals: SessionTotals) {
        let seen = self.seen.replace(totals);
        self.sessions.set(totals.sessions as i64);
        self.partitions.set(totals.partitions as i64);
        self.bytes.set(totals.bytes as i64);
        self.evicted.inc_by(totals.evicted - seen.evicted);
        self.declined.inc_by(totals.declined - seen.declined);
    }
}
