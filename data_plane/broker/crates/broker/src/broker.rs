//! What every part of the process shares. One thread runs it all, so it is shared by `Rc` and changed through cells.

use std::{path::Path, rc::Rc, sync::Arc, time::Duration};

use headrace_commit::{CommitError, WalConfig};
use headrace_groups::GroupConfig;
use headrace_io::{Clock, Disk, Rng};
use headrace_security::{Access, acls::SUPER_USER};
use headrace_transactions::TransactionConfig;
use headrace_types::TopicId;
use thiserror::Error;
use tokio::{sync::watch, task::spawn_local};

use crate::{
    acls::{Acls, AclsError},
    config::Config,
    connections::{Connections, Ending},
    failed_logins::FailedLogins,
    fetch_sessions::FetchSessions,
    groups::Groups,
    journal::{self, JournalError},
    metrics::Metrics,
    quotas::{Quotas, QuotasError},
    request_memory::{RequestMemory, RequestWaits},
    security::{Security, SecurityError},
    tls::{Tls, TlsError},
    topics::{SharedTopics, Topics},
    transactions::Transactions,
    usage::{self, Usage, UsageError},
};

/// How far the process has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Recovering; connections wait.
    Starting,
    /// Serving.
    Ready,
    /// Answering what is in flight, taking nothing new.
    Stopping,
}

/// Why the state of a broker can not be opened.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Security(#[from] SecurityError),
    #[error(transparent)]
    Acls(#[from] AclsError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Quotas(#[from] QuotasError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Topics(#[from] CommitError),
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// The state of one broker.
pub(crate) struct Broker {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) security: Security,
    pub(crate) acls: Acls,
    pub(crate) quotas: Quotas,
    pub(crate) connections: Connections,
    pub(crate) fetch_sessions: Rc<FetchSessions>,
    pub(crate) groups: Rc<Groups>,
    pub(crate) topics: SharedTopics,
    pub(crate) transactions: Rc<Transactions>,
    pub(crate) usage: Rc<Usage>,
    pub(crate) metrics: Metrics,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) tls: Option<Tls>,
    /// When the process started, in milliseconds since the epoch.
    pub(crate) started_at_ms: i64,
    /// When its state was opened, on the monotonic clock.
    pub(crate) opened_at: Duration,
    pub(crate) request_memory: RequestMemory,
    pub(crate) failed_logins: FailedLogins,
}

impl Broker {
    /// A broker that is starting.
    pub(crate) fn open(
        config: Config,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        started_at_ms: i64,
    ) -> Result<Rc<Self>, OpenError> {
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let security = Security::load(&config, Arc::clone(&disk), Arc::clone(&clock), Arc::clone(&rng))?;
        let directory = Path::new(journal::GROUPS.directory);
        let group_config =
            GroupConfig { groups_max: config.limits.groups_max, ..config.groups.coordinator() };
        let acls = Acls::open(Arc::clone(&disk), &config)?;
        let quotas = Quotas::open(Arc::clone(&disk), Arc::clone(&clock), &config.limits)?;
        let groups = Groups::open(Arc::clone(&disk), directory, Arc::clone(&clock), group_config)?;
        let length = config.usage.window_length();
        let usage = Usage::open(Arc::clone(&disk), Arc::clone(&clock), rng.as_ref(), length)?;
        let topics = Topics::open(
            Arc::clone(&disk),
            Arc::clone(&clock),
            Arc::clone(&rng),
            &config.limits,
            Rc::clone(&usage),
            WalConfig::default(),
        )?;
        topics.begin_metering()?;
        topics.forget_replayed()?;
        let transactions = Transactions::open(
            disk,
            Arc::clone(&clock),
            TransactionConfig::default(),
            Rc::clone(&topics),
            Rc::clone(&groups),
        )?;
        let failed_logins = FailedLogins::default();
        let fetch_sessions = FetchSessions::new(Arc::clone(&clock), Arc::clone(&rng));
        let metrics = Metrics::new(
            topics.metrics(),
            fetch_sessions.metrics(),
            groups.metrics(),
            transactions.metrics(),
            usage.metrics(),
            quotas.metrics(),
            failed_logins.metrics(),
        );
        Ok(Rc::new(Self {
            started_at_ms,
            opened_at: clock.mono(),
            connections: Connections::new(&config.limits),
            config,
            clock,
            rng,
            security,
            acls,
            request_memory: RequestMemory::new(RequestWaits::clone(&metrics.request_waits)),
            metrics,
            fetch_sessions,
            quotas,
            groups,
            topics,
            transactions,
            usage,
            phase: watch::Sender::new(Phase::Starting),
            tls,
            failed_logins,
        }))
    }

    /// Puts the credentials and token keys on disk in force, and ends the connections of those that may be here no longer.
    pub(crate) fn reload_credentials(&self) -> Result<u64, SecurityError> {
        self.security.reload(&self.config)?;
        let mut ended = self.connections.end(Ending::Revoked, |identity| !self.security.uphold(identity));
        if self.security.access() == Access::Suspended {
            ended += self.connections.end(Ending::Suspended, |identity| identity.principal != SUPER_USER);
        }
        ended += self.connections.end_from(|address| !self.security.allows_network(address));
        let generation = self.security.generation();
        tracing::info!(
            credentials_generation = generation,
            access = self.security.access().word(),
            connections_closed = ended,
            "credentials reloaded"
        );
        Ok(generation)
    }

    /// Starts what runs beside the connections.
    pub(crate) fn start(self: &Rc<Self>) {
        spawn_local(Rc::clone(&self.topics).keep_durable());
        spawn_local(Rc::clone(&self.topics).keep_relaxed());
        spawn_local(Rc::clone(&self.topics).keep_retention());
        spawn_local(Rc::clone(&self.topics).keep_compacting());
        spawn_local(usage::keep_closing(Rc::clone(self)));
        spawn_local(Rc::clone(&self.groups).keep_durable());
        spawn_local(Rc::clone(&self.groups).keep_time());
        spawn_local(Rc::clone(&self.transactions).keep_durable());
        spawn_local(Rc::clone(&self.transactions).keep_time());
        self.transactions.resume();
        let (groups, mut phase) = (Rc::clone(&self.groups), self.phase.subscribe());
        spawn_local(async move {
            if phase.wait_for(|phase| *phase == Phase::Stopping).await.is_ok() {
                groups.end_waiting();
            }
        });
    }

    /// Makes everything durable; nothing is served any more.
    pub(crate) async fn shut_down(&self) {
        self.topics.close().await;
        self.usage.shut_down(&self.topics);
        self.topics.leave_no_wal();
        self.groups.close().await;
        self.transactions.close().await;
    }

    /// Counts a produce request that appended to a topic.
    pub(crate) fn count_produced(&self, topic: TopicId, principal: Option<&str>) {
        if let Some(name) = self.topics.name_of(topic) {
            self.usage.produced(topic, name.as_str(), principal);
        }
    }

    /// Counts an answer to a fetch: the bytes of batches that it holds of each topic.
    pub(crate) fn count_read(&self, read: &[(TopicId, u64)], principal: Option<&str>) {
        for (topic, bytes) in read {
            if let Some(name) = self.topics.name_of(*topic) {
                self.usage.read(*topic, name.as_str(), principal, *bytes);
            }
        }
    }

    /// How many partitions there are.
    pub(crate) fn partition_count(&self) -> usize {
        self.topics.partitions_count()
    }
}
