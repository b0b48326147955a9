//! Quotas in force: what clients have used of their rates and the cluster of its plan's, and the file that keeps the rates.

mod metrics;
mod plan;

use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use headrace_io::{Clock, Disk};
use headrace_log::{
    LogError,
    checked_file::{Content, Kind},
};
use headrace_quotas::{Entity, Ledger, QuotaFilter, QuotaFormatError, QuotaKey, QuotaSet, Subject};
use headrace_security::acls::SUPER_USER;
use headrace_types::ErrorCode;
use thiserror::Error;

use crate::{config::LimitsConfig, storage_failure::end_process, topics::Refusal};
pub(crate) use metrics::QuotaMetrics;
use metrics::{CLIENT, PLAN};
use plan::{PlanRates, units};

/// In the data directory, which the process works in.
pub(crate) const FILE: &str = "./quotas";
const KIND: Kind = Kind { magic: *b"HRQU", version: 1 };

/// Why quotas can not be read back or written down.
#[derive(Debug, Error)]
pub(crate) enum QuotasError {
    #[error(transparent)]
    Disk(#[from] LogError),
    #[error("quotas_file_damaged: {path}: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("quotas_format_unknown: {path}: version {version}")]
    Version { path: PathBuf, version: u16 },
}

/// Whose request it is.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    /// As `User:<name>`.
    pub(crate) principal: &'a str,
    pub(crate) client_id: &'a str,
}

/// What a request used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Bytes of a produce request.
    pub(crate) produced_bytes: u64,
    /// Bytes of records in the answer to a fetch.
    pub(crate) fetched_bytes: u64,
    /// How long the event loop worked at it.
    pub(crate) busy: Duration,
}

/// The rates of a cluster, and what is left of them.
pub(crate) struct Quotas {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    in_force: RefCell<QuotaSet>,
    ledger: RefCell<Ledger>,
    plan: PlanRates,
    per_address_max: Option<f64>,
    held: Cell<usize>,
    metrics: QuotaMetrics,
}

impl Quotas {
    /// Reads the rates back. A damaged file is no empty one: starting without it would lift what was limited.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        limits: &LimitsConfig,
    ) -> Result<Self, QuotasError> {
        let in_force = read(&*disk, Path::new(FILE))?;
        let metrics = QuotaMetrics::default();
        metrics.entities.set(in_force.len() as i64);
        Ok(Self {
            plan: PlanRates::new(limits, clock.mono()),
            per_address_max: limits.connections_per_address_per_second_max.map(f64::from),
            disk,
            clock,
            in_force: RefCell::new(in_force),
            ledger: RefCell::default(),
            held: Cell::new(0),
            metrics,
        })
    }

    /// What is counted of quotas, to be registered.
    pub(crate) fn metrics(&self) -> &QuotaMetrics {
        &self.metrics
    }

    /// Counts what a request used, and answers how long its connection is to rest. What the control plane does is nobody's.
    pub(crate) fn charge(&self, client: Client<'_>, used: Used) -> Duration {
        if client.principal == SUPER_USER {
            return Duration::ZERO;
        }
        let amounts = [
            (QuotaKey::ProducerByteRate, units(used.produced_bytes)),
            (QuotaKey::ConsumerByteRate, units(used.fetched_bytes)),
            (QuotaKey::RequestPercentage, used.busy.as_secs_f64() * 100.0),
        ];
        let used = amounts.into_iter().filter(|(_, amount)| *amount > 0.0);
        used.map(|(key, amount)| self.spend(client, key, amount)).max().unwrap_or_default()
    }

    /// Counts partitions that are to be made or removed. Where `is_strict`, too many are refused with the time to wait (KIP-599);
    /// else they are done all the same, and the answer is how long the connection is to rest.
    pub(crate) fn mutate(
        &self,
        client: Client<'_>,
        partitions: usize,
        is_strict: bool,
    ) -> Result<Duration, Duration> {
        let (key, amount, now) =
            (QuotaKey::ControllerMutationRate, units(partitions as u64), self.clock.mono());
        if !is_strict {
            return Ok(self.spend(client, key, amount));
        }
        let of_plan = self.plan.overdrawn(key, now);
        if of_plan > Duration::ZERO {
            self.metrics.throttle(key, PLAN, of_plan);
            return Err(of_plan);
        }
        if let Some((subject, rate)) = self.rate_of(client, key) {
            let spent = self.ledger.borrow_mut().try_spend(key, subject, rate, amount, now);
            spent.inspect_err(|wait| self.metrics.throttle(key, CLIENT, *wait))?;
        }
        self.plan.spend(key, amount, now);
        Ok(Duration::ZERO)
    }

    /// Whether an address may connect once more; if not, how long it had better wait. When the whole cluster is connected to too
    /// often, only addresses are let in that did not contribute to it (KIP-612).
    pub(crate) fn connect(&self, address: IpAddr) -> Result<(), Duration> {
        let (key, now) = (QuotaKey::ConnectionCreationRate, self.clock.mono());
        let text = address.to_string();
        let own = self.in_force.borrow().rate_of_address(&text);
        let rates = [own.as_ref().map(|(_, rate)| *rate), self.per_address_max];
        let rate = rates.into_iter().flatten().reduce(f64::min);
        let subject = Subject::Address(text);
        let mut ledger = self.ledger.borrow_mut();
        let of_plan = self.plan.overdrawn(key, now);
        let is_rested = rate.is_some_and(|rate| ledger.is_rested(key, &subject, rate, now));
        if of_plan > Duration::ZERO && !is_rested {
            self.metrics.throttle(key, PLAN, of_plan);
            return Err(of_plan);
        }
        if let Some(rate) = rate {
            let spent = ledger.try_spend(key, subject, rate, 1.0, now);
            spent.inspect_err(|wait| self.metrics.throttle(key, CLIENT, *wait))?;
        }
        self.plan.spend(key, 1.0, now);
        Ok(())
    }

    /// Whether one more refused connection may be held for a while, of at most so many; [`Self::release`] gives it back.
    pub(crate) fn hold(&self, most: usize) -> bool {
        let is_free = self.held.get() < most;
        self.held.set(self.held.get() + usize::from(is_free));
        is_free
    }

    /// A refused connection is let go.
    pub(crate) fn release(&self) {
        self.held.set(self.held.get() - 1);
    }

    /// The entities that a filter means, with their rates.
    pub(crate) fn matching(&self, filter: &QuotaFilter) -> Vec<(Entity, Vec<(QuotaKey, f64)>)> {
        let set = self.in_force.borrow();
        let found = set.matching(filter).into_iter();
        found
            .map(|(entity, rates)| (entity, rates.iter().map(|(key, rate)| (*key, *rate)).collect()))
            .collect()
    }

    /// Changes the rates as a whole: durably first, then for every request that follows. What `change` refuses leaves all as it was.
    pub(crate) fn change(
        &self,
        validate_only: bool,
        change: impl FnOnce(&mut QuotaSet) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut next = self.in_force.borrow().clone();
        change(&mut next)?;
        if validate_only || *self.in_force.borrow() == next {
            return Ok(());
        }
        self.write(&next).map_err(|error| refusal(&error))?;
        tracing::info!(entities = next.len(), "quotas changed");
        self.metrics.entities.set(next.len() as i64);
        *self.in_force.borrow_mut() = next;
        Ok(())
    }

    fn write(&self, next: &QuotaSet) -> Result<(), QuotasError> {
        let path = Path::new(FILE);
        let payload = next.encode().map_err(|error| damaged(path, &error))?;
        Ok(KIND.replace(&*self.disk, path, &payload)?)
    }

    fn spend(&self, client: Client<'_>, key: QuotaKey, amount: f64) -> Duration {
        let now = self.clock.mono();
        let of_plan = self.plan.spend(key, amount, now);
        let own = self.rate_of(client, key).map_or(Duration::ZERO, |(subject, rate)| {
            let mut ledger = self.ledger.borrow_mut();
            let wait = ledger.spend(key, subject, rate, amount, now);
            self.metrics.subjects.set(ledger.len() as i64);
            wait
        });
        for (by, wait) in [(PLAN, of_plan), (CLIENT, own)] {
            self.metrics.throttle(key, by, wait);
        }
        of_plan.max(own)
    }

    fn rate_of(&self, client: Client<'_>, key: QuotaKey) -> Option<(Subject, f64)> {
        let set = self.in_force.borrow();
        if set.is_empty() || client.principal == SUPER_USER {
            return None;
        }
        let user = client.principal.strip_prefix("User:").unwrap_or(client.principal);
        set.rate_of(key, user, client.client_id)
    }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<QuotaSet, QuotasError> {
    match KIND.read(disk, path)? {
        Content::Absent => Ok(QuotaSet::default()),
        Content::Sound(payload) => QuotaSet::decode(&payload).map_err(|error| damaged(path, &error)),
        Content::Damaged => {
            let path = path.to_path_buf();
            Err(QuotasError::Damaged { path, detail: "the checksum does not match".to_owned() })
        }
        Content::UnknownVersion(version) => Err(QuotasError::Version { path: path.to_path_buf(), version }),
    }
}

fn damaged(path: &Path, error: &QuotaFormatError) -> QuotasError {
    QuotasError::Damaged { path: path.to_path_buf(), detail: error.to_string() }
}

/// What a change is refused with: a full disk passes; after any other failure nothing may be promised any more.
fn refusal(error: &QuotasError) -> Refusal {
    match error {
        QuotasError::Disk(error) if error.is_full() => {
            tracing::warn!(%error, "the disk is full");
            Refusal::new(ErrorCode::KafkaStorageError, "the disk of the cluster is full")
        }
        failed => end_process(failed),
    }
}
