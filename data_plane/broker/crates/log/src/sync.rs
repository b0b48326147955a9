//! Making appends durable: a plan is taken from the log, run on another thread, and its end reported back.

use std::path::PathBuf;
use std::sync::Arc;

use headrace_io::disk::replace_file;
use headrace_io::{Disk, DiskFile};

use crate::checkpoint;
use crate::error::LogError;
use crate::museum::{Bug, is_out};
use crate::recovery_point::RecoveryPoint;

/// Up to where a log is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncEnd {
    /// Every offset below is durable.
    pub offset: i64,
    /// The segment in which that offset lies.
    pub segment_base: i64,
    /// The position of that offset in the segment.
    pub position: u64,
    /// Bytes appended since the log was opened, up to that offset.
    pub appended_bytes: u64,
}

/// Everything that has to happen before the appends it covers may be acknowledged.
#[derive(Debug)]
pub struct SyncPlan {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) dir_changed: bool,
    /// Files with their paths, oldest first.
    pub(crate) files: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    pub(crate) point: Option<(RecoveryPoint, u64)>,
    /// Paths and bytes of index files of segments that were closed.
    pub(crate) indexes: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) checkpoint: Option<Vec<u8>>,
    pub(crate) end: SyncEnd,
}

impl SyncPlan {
    /// Syncs files and directory, then notes the recovery point and writes what a restart profits from.
    ///
    /// After an error nothing that the plan covers, and nothing appended later, may be acknowledged: the kernel may
    /// have dropped the data and a second sync would lie.
    pub fn run(self) -> Result<SyncEnd, LogError> {
        for (path, file) in &self.files {
            file.sync_data().map_err(LogError::io(path))?;
        }
        if self.dir_changed {
            self.disk.sync_dir(&self.dir).map_err(LogError::io(&self.dir))?;
        }
        if let Some((point, turn)) = &self.point {
            let ahead = i64::from(is_out(Bug::WrongRecoveryPoint));
            point.store(self.end.offset + ahead, *turn).map_err(LogError::io(&self.dir))?;
        }
        self.write_rebuildable()?;
        Ok(self.end)
    }

    /// Indexes and checkpoints only make restarts faster: on a full disk the log goes without them and is as safe.
    fn write_rebuildable(&self) -> Result<(), LogError> {
        let indexes = self.indexes.iter().map(|(path, bytes)| (path.clone(), bytes));
        let checkpoint = self.checkpoint.iter().map(|bytes| (self.dir.join(checkpoint::FILE_NAME), bytes));
        for (path, bytes) in indexes.chain(checkpoint) {
            match replace_file(&*self.disk, &path, bytes).map_err(LogError::io(&path)) {
                Err(error) if !error.is_full() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}
