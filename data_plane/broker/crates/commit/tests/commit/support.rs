//! What the tests of the committer share: a few logs, and a committer that is opened as a broker opens it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_commit::{
    Appending, CommitError, Committer, Done, Flush, Logs, Replay, Replayed, Settling, WalConfig, unreplayed,
};
use headrace_io::{Disk, SimDisk};
use headrace_log::{AppendError, Appended, LogConfig, LogError, PartitionLog};
use headrace_records::BatchHeader;
use headrace_types::{PartitionIndex, TopicId, TopicPartition};

pub(crate) const PARTITIONS: i32 = 3;

/// Files of eight pages, so that they fill and go round; larger batches go past them.
pub(crate) const WAL: WalConfig = WalConfig {
    first_segment_bytes: 8 * 4096,
    segment_bytes: 8 * 4096,
    segments_max: 3,
    bypass_bytes_min: 900,
};

pub(crate) const CONFIG: LogConfig = LogConfig {
    segment_bytes: 4000,
    segment_ms: i64::MAX,
    retention_ms: -1,
    retention_bytes: -1,
    compaction: None,
};

pub(crate) fn partition(index: i32) -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([1; 16]), partition: PartitionIndex::new(index) }
}

pub(crate) fn wal_dir() -> &'static Path {
    Path::new("data/wal")
}

pub(crate) fn dir_of(partition: TopicPartition) -> PathBuf {
    Path::new("data").join(partition.to_string())
}

pub(crate) fn disk() -> SimDisk {
    let disk = SimDisk::new();
    for index in 0..PARTITIONS {
        disk.create_dir_all(&dir_of(partition(index))).unwrap();
    }
    disk.sync_dir(Path::new("data")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    disk
}

/// The logs by partition; `None` is one that is offline.
#[derive(Debug, Default)]
pub(crate) struct Set(pub(crate) BTreeMap<TopicPartition, Option<PartitionLog>>);

impl Logs for Set {
    fn log(&mut self, partition: TopicPartition) -> Option<&mut PartitionLog> {
        self.0.get_mut(&partition)?.as_mut()
    }

    fn is_offline(&self, partition: TopicPartition) -> bool {
        matches!(self.0.get(&partition), Some(None))
    }
}

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) logs: Set,
    pub(crate) committer: Committer,
    pub(crate) replayed: Replayed,
}

impl Store {
    pub(crate) fn open(disk: &SimDisk) -> Result<Self, CommitError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut logs = Set::default();
        for index in 0..PARTITIONS {
            let partition = partition(index);
            logs.0.insert(partition, open_log(&shared, partition).ok());
        }
        let mut replayed = Replayed::default();
        if let Some(replay) = Replay::open(Arc::clone(&shared), wal_dir())? {
            replayed = replay.run(&mut logs, dir_of, 0)?;
            for (partition, _) in &replayed.failed {
                logs.0.insert(*partition, None);
            }
            replay.remove()?;
        }
        // A number that no earlier life had: operations only grow.
        let committer = Committer::new(shared, wal_dir(), disk.operations(), WAL);
        Ok(Self { logs, committer, replayed })
    }

    pub(crate) fn append(&mut self, index: i32, batch: &[u8], flush: Flush) -> Result<Appended, AppendError> {
        let partition = partition(index);
        let header = BatchHeader::parse(batch).unwrap();
        let principal = Some(if index == 0 { "User:zero" } else { "User:other" });
        let appending = Appending { partition, batch, header: &header, append_time: false, principal, flush };
        let log = self.logs.log(partition).unwrap();
        Ok(self.committer.append(log, &appending, 0)?.0)
    }

    pub(crate) fn begin(&mut self) -> Result<Option<Vec<Done>>, CommitError> {
        let Some(round) = self.committer.begin(2, &mut self.logs) else { return Ok(None) };
        round.jobs.into_iter().map(headrace_commit::Job::run).collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn finish(&mut self, done: Vec<Done>) {
        self.committer.finish(done, &mut self.logs);
    }

    pub(crate) fn round(&mut self) -> Result<bool, CommitError> {
        let Some(done) = self.begin()? else { return Ok(false) };
        self.finish(done);
        Ok(true)
    }

    pub(crate) fn prepare(&mut self) -> Result<(), CommitError> {
        while let Some(prepare) = self.committer.wants_file() {
            let prepared = prepare.run()?;
            self.committer.prepared(prepared);
        }
        Ok(())
    }

    /// One step of settling; false if there was nothing to do.
    pub(crate) fn settle(&mut self) -> Result<bool, CommitError> {
        match self.committer.settle(&mut self.logs) {
            Settling::Nothing => return Ok(false),
            Settling::Sync(plans) => {
                let run = |(partition, plan): (_, headrace_log::SyncPlan)| Ok((partition, plan.run()?));
                let ends = plans.into_iter().map(run).collect::<Result<Vec<_>, LogError>>()?;
                self.committer.settled_logs(ends, &mut self.logs);
            }
            Settling::Settled => self.committer.settled_file(),
        }
        Ok(true)
    }

    pub(crate) fn close(mut self) -> Result<(), CommitError> {
        self.committer.sync_relaxed();
        while self.round()? {}
        for log in self.logs.0.values_mut().flatten() {
            if let Some(plan) = log.closing_plan() {
                let end = plan.run()?;
                log.synced(end);
            }
        }
        self.committer.close()
    }

    pub(crate) fn high_watermark(&mut self, index: i32) -> i64 {
        self.logs.log(partition(index)).unwrap().high_watermark().get()
    }

    /// Values of everything readable.
    pub(crate) fn bytes(&mut self, index: i32) -> Vec<u8> {
        let log = self.logs.log(partition(index)).unwrap();
        let (mut out, start) = (Vec::new(), log.log_start().get());
        log.read(start, usize::MAX >> 1, true, &mut out).unwrap();
        out
    }
}

fn open_log(disk: &Arc<dyn Disk>, partition: TopicPartition) -> Result<PartitionLog, LogError> {
    let dir = dir_of(partition);
    let mut log = PartitionLog::open(Arc::clone(disk), &dir, partition, CONFIG, 0)?;
    unreplayed::replay_into(&**disk, &dir, &mut log, 0)?;
    Ok(log)
}
