//! Putting a compacted segment in the place of those that it was made of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile};

use crate::error::LogError;
use crate::partition::PartitionLog;
use crate::segment::{self, ASIDE, Closed};
use crate::transactions::AbortedTransaction;

/// A segment that was written aside, synced, and is to be put in place.
#[derive(Debug)]
pub struct Replacement {
    pub(super) sources: Vec<Closed>,
    pub(super) closed: Closed,
    /// The aborted transactions whose markers it holds.
    pub(super) aborted: Vec<AbortedTransaction>,
    /// The file that the rename takes the name of: freeing its blocks may take long, so it stays open until that does not matter.
    pub(super) replaced: Arc<dyn DiskFile>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
}

impl PartitionLog {
    /// Puts a compacted segment in place, by renames alone; whoever reads the old one goes on. False if the log has not got the
    /// segments any more that it was made of: it is then to be [discarded](Replacement::discard), else
    /// [settled](Replacement::settle).
    ///
    /// A full disk leaves the log as it was.
    pub fn put_in_place(&mut self, replacement: &Replacement) -> Result<bool, LogError> {
        let Replacement { sources, closed, aborted, .. } = replacement;
        let is_there = |at: &usize| self.closed[*at..].starts_with(sources);
        let at = self.closed.iter().position(|known| known.base_offset == closed.base_offset);
        let Some(at) = at.filter(is_there) else { return Ok(false) };
        // The old index must not be taken for one of the new segment: rather none, which is made again when it is needed.
        segment::remove_index(&*self.disk, &self.dir, closed.base_offset)?;
        self.loaded = None;
        self.resumes.clear();
        self.rename_aside(&segment::log_name(closed.base_offset))?;
        self.closed.splice(at..at + sources.len(), [*closed]);
        for source in sources {
            self.aborted_hints.forget(source.base_offset);
        }
        self.aborted_hints.note(closed.base_offset, aborted);
        // Without a checkpoint a restart would read everything again: the last one may speak of a segment that was replaced.
        self.want_checkpoint();
        match self.rename_aside(&segment::index_name(closed.base_offset)) {
            Err(error) if !error.is_full() => Err(error),
            Ok(()) | Err(_) => Ok(true),
        }
    }

    fn rename_aside(&self, name: &str) -> Result<(), LogError> {
        let path = self.dir.join(name);
        self.disk.rename(&aside(&self.dir, name), &path).map_err(LogError::io(&path))
    }
}

impl Replacement {
    /// Bytes that were written.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.closed.size
    }

    /// Bytes that are freed.
    #[must_use]
    pub fn freed_bytes(&self) -> u64 {
        let before: u64 = self.sources.iter().map(|closed| closed.size).sum();
        before.saturating_sub(self.closed.size)
    }

    /// Makes the new name durable, and only then removes the other segments that the new one stands for.
    pub fn settle(self) -> Result<(), LogError> {
        self.disk.sync_dir(&self.dir).map_err(LogError::io(&self.dir))?;
        for covered in self.sources.iter().skip(1) {
            segment::remove(&*self.disk, &self.dir, covered.base_offset)?;
        }
        drop(self.replaced);
        Ok(())
    }

    /// Removes what was written aside.
    pub fn discard(self) -> Result<(), LogError> {
        remove_aside(&*self.disk, &self.dir, self.closed.base_offset)
    }
}

/// Removes what a rewriting left aside.
pub(super) fn remove_aside(disk: &dyn Disk, dir: &Path, base_offset: i64) -> Result<(), LogError> {
    for name in [segment::log_name(base_offset), segment::index_name(base_offset)] {
        let path = aside(dir, &name);
        if disk.exists(&path).map_err(LogError::io(&path))? {
            disk.remove(&path).map_err(LogError::io(&path))?;
        }
    }
    Ok(())
}

/// Where a file lies that is not in place yet.
pub(super) fn aside(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}{ASIDE}"))
}
