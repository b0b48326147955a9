//! Forking the cluster: a data directory of another cluster that begins with the same topics, records, offsets of groups and
//! access rules.
//!
//! First everything is synced. Then, at one moment, it is decided what of each log goes along, and what of the groups and of the
//! transactions: a transaction that is decided is told everywhere in the fork too, one that is open is unknown there and is
//! aborted by the fork's broker when it starts. Until the files are there no segment is removed or replaced.
//!
//! With `keep_ids` the data directory is that of the same cluster, for whoever copies it elsewhere in order to rebuild the cluster
//! of it one day.

mod offline;
mod write;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use headrace_groups::ForkedPartition;
use headrace_io::{Clock, Disk};
use headrace_log::LogError;
use headrace_types::{Record, TopicPartition};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    broker::Broker,
    groups::Groups,
    limits::{FORK_COPIED_BYTES_MAX, FORK_OFFSETS_MAX},
    topics::{ForkPlan, ForkRefusal, SharedTopics},
    transactions::Transactions,
};
pub(crate) use offline::run as run_offline;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForkRequest {
    /// Where the fork is to lie. It must not exist, and lie on the file system of the data directory.
    directory: PathBuf,
    /// Takes what lies before the first record of this time or a later one, in ms since the Unix epoch.
    #[serde(default)]
    at_ms: Option<i64>,
    /// Takes of these partitions what lies before an offset.
    #[serde(default)]
    offsets: Vec<OffsetCut>,
    /// Whether this is to be the same cluster once more, which takes everything: topics keep their ids.
    #[serde(default)]
    keep_ids: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct OffsetCut {
    topic: String,
    partition: i32,
    offset: i64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ForkReport {
    /// When what goes along was decided, in ms since the Unix epoch.
    pub(crate) forked_at_ms: i64,
    pub(crate) topics: usize,
    pub(crate) partitions: usize,
    /// Segments that both clusters have, and their bytes.
    pub(crate) shared_segments: u64,
    pub(crate) shared_bytes: u64,
    pub(crate) copied_bytes: u64,
}

/// Why there is no fork.
#[derive(Debug, Error)]
pub(crate) enum ForkError {
    #[error("another fork is being made")]
    Busy,
    #[error("{0}")]
    Invalid(String),
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Refused(#[from] ForkRefusal),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl ForkError {
    /// A stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Busy => "fork_under_way",
            Self::Invalid(_) => "body_invalid",
            Self::Exists(_) => "directory_exists",
            Self::Refused(ForkRefusal::Offline(..)) => "partition_offline",
            Self::Refused(ForkRefusal::Unknown(..)) => "partition_unknown",
            Self::Refused(ForkRefusal::Behind(..)) => "offset_out_of_range",
            Self::Refused(ForkRefusal::Log(error)) | Self::Log(error) if error.is_full() => "disk_full",
            Self::Refused(ForkRefusal::Log(_)) | Self::Log(_) => "fork_failed",
        }
    }
}

/// What is forked.
pub(crate) struct Source {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    topics: SharedTopics,
    groups: Rc<Groups>,
    transactions: Rc<Transactions>,
    /// Whether the broker runs, with its tasks.
    is_served: bool,
}

/// Everything that is written.
struct Content {
    plan: ForkPlan,
    keeps_ids: bool,
    groups: Vec<Record>,
    transactions: Vec<Record>,
    forked_at_ms: i64,
}

/// One fork of a process at a time.
static BUSY: AtomicBool = AtomicBool::new(false);

struct Turn;

impl Turn {
    fn take() -> Result<Self, ForkError> {
        if BUSY.swap(true, Ordering::AcqRel) { Err(ForkError::Busy) } else { Ok(Self) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        BUSY.store(false, Ordering::Release);
    }
}

impl Source {
    /// A broker that runs.
    pub(crate) fn of(broker: &Broker, disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            clock: Arc::clone(&broker.clock),
            topics: Rc::clone(&broker.topics),
            groups: Rc::clone(&broker.groups),
            transactions: Rc::clone(&broker.transactions),
            is_served: true,
        }
    }

    /// Makes the fork; when this returns it is durable.
    pub(crate) async fn fork(self, request: ForkRequest) -> Result<ForkReport, ForkError> {
        let _turn = Turn::take()?;
        let offsets = request.checked()?;
        let takes_all = request.at_ms.is_none() && offsets.is_empty();
        let copied_bytes_max = takes_all.then_some(FORK_COPIED_BYTES_MAX);
        if self.is_served {
            self.topics.settle_for_fork(copied_bytes_max).await?;
        } else {
            self.topics.settle_unserved(copied_bytes_max).await?;
        }
        let _hold = self.topics.hold_segments();
        let content = self.content(&request, &offsets)?;
        let report = write::write(Arc::clone(&self.disk), content, request.directory).await?;
        tracing::info!(
            topics = report.topics,
            partitions = report.partitions,
            shared_bytes = report.shared_bytes,
            copied_bytes = report.copied_bytes,
            "the cluster was forked"
        );
        Ok(report)
    }

    /// Decides what goes along; nothing is awaited in between.
    fn content(
        &self,
        request: &ForkRequest,
        offsets: &BTreeMap<(String, i32), i64>,
    ) -> Result<Content, ForkError> {
        let forked_at_ms = self.clock.wall_ms();
        let (at_ms, keeps_ids) = (request.at_ms, request.keep_ids);
        let plan = self.topics.plan_fork(at_ms, offsets, keeps_ids)?;
        let by_source: BTreeMap<TopicPartition, &_> = plan.logs.iter().map(|log| (log.source, log)).collect();
        let partition = |topic: &str, index: i32| {
            let id = self.topics.resolve(crate::topics::TopicRef::Name(topic)).ok()?;
            let log = by_source.get(&TopicPartition { topic: id, partition: index.into() })?;
            Some(ForkedPartition { topic_id: id, forked_id: log.identity.topic, end: log.log.end() })
        };
        // Of an earlier moment the coordinator knows nothing: what is open there is aborted.
        let is_now = at_ms.is_none() && offsets.is_empty();
        let is_decided = |transactor: headrace_groups::Transactor| {
            is_now && self.transactions.is_decided(transactor.producer_id)
        };
        let groups = self.groups.fork(partition, is_decided);
        let identity = |source: TopicPartition| by_source.get(&source).map(|log| log.identity);
        let transactions = if is_now { self.transactions.fork(identity) } else { Vec::new() };
        drop(by_source);
        Ok(Content { plan, keeps_ids, groups, transactions, forked_at_ms })
    }
}

impl ForkRequest {
    /// The cuts by topic and partition.
    fn checked(&self) -> Result<BTreeMap<(String, i32), i64>, ForkError> {
        let invalid = |detail: &str| Err(ForkError::Invalid(detail.to_owned()));
        if !self.directory.is_absolute() {
            return invalid("directory is an absolute path");
        }
        if self.at_ms.is_some() && !self.offsets.is_empty() {
            return invalid("a fork ends at a moment or at offsets, not at both");
        }
        if self.keep_ids && (self.at_ms.is_some() || !self.offsets.is_empty()) {
            return invalid(
                "the same cluster once more takes everything: it ends at no moment and at no offset",
            );
        }
        if self.offsets.len() > FORK_OFFSETS_MAX {
            return invalid(&format!("offsets has at most {FORK_OFFSETS_MAX} entries"));
        }
        if self.offsets.iter().any(|cut| cut.offset < 0) {
            return invalid("an offset is not negative");
        }
        let cuts: BTreeMap<_, _> =
            self.offsets.iter().map(|cut| ((cut.topic.clone(), cut.partition), cut.offset)).collect();
        if cuts.len() < self.offsets.len() { invalid("a partition is named twice") } else { Ok(cuts) }
    }
}
