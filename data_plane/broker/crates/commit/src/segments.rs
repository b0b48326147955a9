//! The files of the write-ahead log and what each of them waits for.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use headrace_io::DiskFile;
use headrace_types::TopicPartition;

use crate::block::FILE_HEADER_BYTES;
use crate::limits::BLOCK_ALIGNMENT;

/// A file of the write-ahead log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Its size.
    pub(crate) bytes: u64,
    /// Where the next block goes.
    pub(crate) position: u64,
    /// The last block that was written to it.
    pub(crate) last_sequence: u64,
    /// Logs that need it, with the offset up to which they must be synced first.
    pub(crate) logs: BTreeMap<TopicPartition, i64>,
    /// Whether it has blocks that no sync covers.
    pub(crate) has_unsynced: bool,
}

/// The files, by what becomes of them: free, current, full, settled, and free again.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// Written over from the beginning next.
    pub(crate) free: VecDeque<Segment>,
    pub(crate) current: Option<Segment>,
    /// Logs still need them; oldest first.
    pub(crate) full: VecDeque<Segment>,
    /// Nobody needs them, and no synced block says so yet; oldest first.
    pub(crate) settled: VecDeque<Segment>,
}

impl Segment {
    pub(crate) fn new(path: PathBuf, file: Arc<dyn DiskFile>, bytes: u64) -> Self {
        Self {
            path,
            file,
            bytes,
            position: FILE_HEADER_BYTES as u64,
            last_sequence: 0,
            logs: BTreeMap::new(),
            has_unsynced: false,
        }
    }

    /// Whether a block fits. The last page is kept for one that says which files are settled.
    pub(crate) fn fits(&self, block_bytes: usize) -> bool {
        self.position + block_bytes as u64 + BLOCK_ALIGNMENT as u64 <= self.bytes
    }
}

impl Segments {
    /// Goes on in a free file. Answers the one that was left if a later sync does not cover what lies in it.
    pub(crate) fn rotate(&mut self) -> Option<(PathBuf, Arc<dyn DiskFile>)> {
        let mut uncovered = None;
        if let Some(mut last) = self.current.take() {
            if std::mem::take(&mut last.has_unsynced) {
                uncovered = Some((last.path.clone(), Arc::clone(&last.file)));
            }
            self.full.push_back(last);
        }
        self.current = self.free.pop_front();
        uncovered
    }

    /// Frees the files whose blocks are all known to be settled, in a block that is synced.
    pub(crate) fn release(&mut self, settled_synced: u64) {
        while let Some(segment) = self.settled.pop_front_if(|segment| segment.last_sequence <= settled_synced)
        {
            self.free.push_back(Segment::new(segment.path, segment.file, segment.bytes));
        }
    }

    /// Number of files.
    pub(crate) fn count(&self) -> usize {
        self.free.len() + usize::from(self.current.is_some()) + self.full.len() + self.settled.len()
    }
}
