//! Which logs wait to be durable, and by which way they become so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use headrace_io::Disk;
use headrace_log::{AppendError, Appended, PartitionLog, Readable, SyncEnd};
use headrace_records::{BatchHeader, Marker};
use headrace_types::TopicPartition;

use crate::entry::Place;
use crate::error::CommitError;
use crate::logs::Logs;
use crate::prepare::{Prepare, Prepared};
use crate::round::{Done, Job, Round, shared};
use crate::wal::{self, Wal, WalConfig, WalView};

/// What an append waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// It is readable and acknowledged once it is durable.
    Strict,
    /// It is readable and acknowledged at once, and durable some time later.
    Relaxed,
}

/// A batch that is to be appended.
#[derive(Clone, Copy, Debug)]
pub struct Appending<'a> {
    /// The partition of the log.
    pub partition: TopicPartition,
    /// The batch, checked.
    pub batch: &'a [u8],
    /// Its header.
    pub header: &'a BatchHeader,
    /// Whether it is stamped with the time.
    pub append_time: bool,
    /// On whose account.
    pub principal: Option<&'a str>,
    /// What it waits for.
    pub flush: Flush,
}

/// What waits for a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Logs that wait for the next round.
    pub logs: usize,
    /// Batches that wait for the next round.
    pub batches: u64,
    /// Logs with batches that were acknowledged before they are durable.
    pub logs_relaxed: usize,
    /// Logs that are being synced in the background.
    pub logs_settling: usize,
}

/// How a log becomes durable in the next round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All that is not durable of it lies in the pending block.
    Block,
    /// Its segments are synced.
    Segments,
}

/// The group commit of a broker's logs.
///
/// A batch may be written to the block only if everything before it in its log is durable, or lies in the block before it. So a log
/// that has something else to sync is synced itself, and whatever is appended to it before the round begins goes with that.
#[derive(Debug)]
pub struct Committer {
    disk: Arc<dyn Disk>,
    dir: std::path::PathBuf,
    pub(crate) wal: Wal,
    dirty: BTreeMap<TopicPartition, Way>,
    batches: u64,
    /// Logs of the round that runs; those that its block makes durable with their ends.
    pub(crate) running: BTreeMap<TopicPartition, Option<SyncEnd>>,
    is_running: bool,
    /// Logs that are synced in the background.
    pub(crate) settling: BTreeSet<TopicPartition>,
    /// Logs with batches that were acknowledged before they are durable.
    relaxed: BTreeSet<TopicPartition>,
}

impl Committer {
    /// A committer over logs that are durable. `dir` holds no write-ahead log; `salt` is random.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, dir: &Path, salt: u64, config: WalConfig) -> Self {
        Self {
            wal: Wal::new(Arc::clone(&disk), dir, salt, config),
            disk,
            dir: dir.to_path_buf(),
            dirty: BTreeMap::new(),
            batches: 0,
            running: BTreeMap::new(),
            is_running: false,
            settling: BTreeSet::new(),
            relaxed: BTreeSet::new(),
        }
    }

    /// Appends a batch to its log. Answers, beside what the log says, what is readable at once.
    pub fn append(
        &mut self,
        log: &mut PartitionLog,
        appending: &Appending<'_>,
        now_ms: i64,
    ) -> Result<(Appended, Readable), AppendError> {
        let Appending { partition, batch, header, append_time, principal, flush } = *appending;
        // What waits already was promised to be durable first.
        let waits = self.dirty.contains_key(&partition) || self.running.contains_key(&partition);
        let is_relaxed = flush == Flush::Relaxed && !waits;
        let may_be_in_block = !is_relaxed && self.may_be_in_block(partition, batch.len());
        let place = place_of(partition, log, header.last_offset_delta, header.records_count);
        let mut is_in_block = false;
        let appended = log.append_with(batch, header, append_time, now_ms, |parts| {
            is_in_block = self.wal.take(place, principal, parts, may_be_in_block);
        })?;
        if appended.duplicate {
            return Ok((appended, Readable::default()));
        }
        if is_relaxed {
            self.relaxed.insert(partition);
            return Ok((appended, log.made_readable(log.end())));
        }
        self.appended(partition, is_in_block);
        Ok((appended, Readable::default()))
    }

    /// Appends the marker that ends a transaction, on nobody's account.
    pub fn append_marker(
        &mut self,
        log: &mut PartitionLog,
        partition: TopicPartition,
        marker: &Marker,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let may_be_in_block = self.may_be_in_block(partition, 0);
        let place = place_of(partition, log, 0, 1);
        let mut is_in_block = false;
        let appended = log.append_marker_with(marker, now_ms, |parts| {
            is_in_block = self.wal.take(place, None, parts, may_be_in_block);
        })?;
        self.appended(partition, is_in_block);
        Ok(appended)
    }

    /// Whether everything before it in its log is durable, or lies in the pending block.
    fn may_be_in_block(&self, partition: TopicPartition, batch_bytes: usize) -> bool {
        let has_other =
            self.dirty.get(&partition) == Some(&Way::Segments) || self.relaxed.contains(&partition);
        self.wal.takes(batch_bytes) && !has_other
    }

    fn appended(&mut self, partition: TopicPartition, is_in_block: bool) {
        self.batches += 1;
        self.dirty.insert(partition, if is_in_block { Way::Block } else { Way::Segments });
    }

    /// Has the segments of a log synced in the next round.
    pub fn sync(&mut self, partition: TopicPartition) {
        self.dirty.insert(partition, Way::Segments);
    }

    /// Whether logs have batches that were acknowledged before they are durable.
    #[must_use]
    pub fn has_relaxed(&self) -> bool {
        !self.relaxed.is_empty()
    }

    /// Has those synced in the next round.
    pub fn sync_relaxed(&mut self) {
        for partition in std::mem::take(&mut self.relaxed) {
            self.sync(partition);
        }
    }

    /// Begins a round over everything that waits; `None` if nothing does or a round is running. Its segments come in at most
    /// `shares` jobs.
    pub fn begin(&mut self, shares: usize, logs: &mut impl Logs) -> Option<Round> {
        if self.is_running {
            return None;
        }
        let block = self.wal.seal();
        let mut plans = Vec::new();
        for (partition, way) in std::mem::take(&mut self.dirty) {
            let Some(log) = logs.log(partition) else { continue };
            match way {
                Way::Block => {
                    let end = log.end();
                    self.wal.covers(partition, end.offset);
                    self.running.insert(partition, Some(end));
                }
                // Two plans of one log must not run at once: the later one knows nothing of the files of the earlier.
                Way::Segments if self.settling.contains(&partition) => {
                    self.dirty.insert(partition, way);
                }
                Way::Segments => {
                    if let Some(plan) = log.sync_plan() {
                        self.running.insert(partition, None);
                        plans.push((partition, plan));
                    }
                }
            }
        }
        let mut jobs: Vec<Job> = block.map(Job::Block).into_iter().collect();
        jobs.extend(shared(plans, shares));
        if jobs.is_empty() {
            return None;
        }
        self.is_running = true;
        Some(Round { jobs, batches: std::mem::take(&mut self.batches) })
    }

    /// Ends the round that runs, all of whose jobs are done. Answers what became readable in each log.
    ///
    /// # Panics
    /// If no round is running: an end without a beginning would acknowledge what was never synced.
    pub fn finish(&mut self, done: Vec<Done>, logs: &mut impl Logs) -> Vec<(TopicPartition, Readable)> {
        assert!(std::mem::take(&mut self.is_running), "a round ended that was never begun");
        let mut ends: Vec<(TopicPartition, SyncEnd, bool)> = Vec::with_capacity(self.running.len());
        for (partition, end) in std::mem::take(&mut self.running) {
            ends.extend(end.map(|end| (partition, end, false)));
        }
        for done in done {
            match done {
                Done::Block(written) => self.wal.written(written),
                Done::Segments(synced) => {
                    ends.extend(synced.into_iter().map(|(partition, end)| (partition, end, true)));
                }
            }
        }
        let note = |(partition, end, is_synced): (TopicPartition, SyncEnd, bool)| {
            let log = logs.log(partition)?;
            Some((partition, if is_synced { log.synced(end) } else { log.made_durable(end) }))
        };
        ends.into_iter().filter_map(note).collect()
    }

    /// Forgets a log that was deleted.
    pub fn forget(&mut self, partition: TopicPartition) {
        self.dirty.remove(&partition);
        self.running.remove(&partition);
        self.relaxed.remove(&partition);
    }

    /// Whether a sync of this log may be running.
    #[must_use]
    pub fn is_syncing(&self, partition: TopicPartition) -> bool {
        self.running.contains_key(&partition) || self.settling.contains(&partition)
    }

    /// Whether nothing waits and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.dirty.is_empty() && !self.is_running && self.settling.is_empty() && !self.wal.is_preparing()
    }

    /// Whether a round has something to write though nothing waits for it.
    #[must_use]
    pub fn has_notes(&self) -> bool {
        self.wal.has_entries()
    }

    /// A file of the write-ahead log that is to be made; [`Self::prepared`] takes it.
    pub fn wants_file(&mut self) -> Option<Prepare> {
        self.wal.wants_file()
    }

    /// Takes a file that was made.
    pub fn prepared(&mut self, prepared: Prepared) {
        self.wal.prepared(prepared);
    }

    /// What can be seen of the write-ahead log.
    #[must_use]
    pub fn view(&self) -> WalView {
        self.wal.view()
    }

    /// What waits for a sync.
    #[must_use]
    pub fn queues(&self) -> Queues {
        Queues {
            logs: self.dirty.len(),
            batches: self.batches,
            logs_relaxed: self.relaxed.len(),
            logs_settling: self.settling.len(),
        }
    }

    /// Removes the write-ahead log: every log is synced and nothing will be appended any more.
    pub fn close(&self) -> Result<(), CommitError> {
        wal::remove(&*self.disk, &self.dir)
    }
}

/// The offsets that the next batch of a log takes.
fn place_of(partition: TopicPartition, log: &PartitionLog, last_offset_delta: i32, records: i32) -> Place {
    let base_offset = log.log_end().get();
    Place {
        partition,
        base_offset,
        next_offset: base_offset + i64::from(last_offset_delta) + 1,
        leader_epoch: log.leader_epoch().get(),
        records: records.max(0).unsigned_abs(),
        bytes: 0,
    }
}
