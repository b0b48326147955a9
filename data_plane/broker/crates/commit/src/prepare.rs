//! Making a file of the write-ahead log: full of zeros, so that a sync of a block that is written later has no block of the file
//! system to allocate and nothing to note in its journal.

use std::path::PathBuf;
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_log::gauge::reserve_bytes;
use headrace_log::museum::{Bug, is_out};

use crate::block::encode_file_header;
use crate::error::{CommitError, is_full};
use crate::limits::ZEROS_BYTES;
use crate::segments::Segment;

/// Ending of a file's name.
pub const SUFFIX: &str = ".wal";

/// A file that is to be made.
#[derive(Debug)]
pub struct Prepare {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) number: usize,
    pub(crate) bytes: u64,
    pub(crate) salt: u64,
}

/// What became of it.
#[derive(Debug)]
pub struct Prepared {
    /// None where the disk has no room to spare.
    pub(crate) segment: Option<Segment>,
}

impl Prepare {
    /// Bytes that the file will take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the file, durably. The room that is kept free for other things is not touched.
    pub fn run(self) -> Result<Prepared, CommitError> {
        let parent = self.dir.parent().map(PathBuf::from).unwrap_or_default();
        let space = self.disk.space(&parent).map_err(CommitError::io(&parent))?;
        if space.free_bytes.saturating_sub(reserve_bytes(space)) < 2 * self.bytes {
            return Ok(Prepared { segment: None });
        }
        if !self.disk.exists(&self.dir).map_err(CommitError::io(&self.dir))? {
            self.disk.create_dir_all(&self.dir).map_err(CommitError::io(&self.dir))?;
            self.disk.sync_dir(&parent).map_err(CommitError::io(&parent))?;
        }
        let path = self.dir.join(format!("{:04}{SUFFIX}", self.number));
        let unfinished = path.with_extension("tmp");
        match self.fill(&unfinished) {
            Ok(file) => {
                self.disk.rename(&unfinished, &path).map_err(CommitError::io(&path))?;
                if !is_out(Bug::LostRename) {
                    self.disk.sync_dir(&self.dir).map_err(CommitError::io(&self.dir))?;
                }
                Ok(Prepared { segment: Some(Segment::new(path, file, self.bytes)) })
            }
            Err(error) if is_full(&error) => {
                self.disk.remove(&unfinished).map_err(CommitError::io(&unfinished))?;
                Ok(Prepared { segment: None })
            }
            Err(error) => Err(CommitError::io(&unfinished)(error)),
        }
    }

    fn fill(&self, path: &std::path::Path) -> std::io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(path, OpenMode::Replace)?;
        let header = encode_file_header(self.salt);
        file.write_at(0, &[&header])?;
        let zeros = vec![0; ZEROS_BYTES];
        let mut position = header.len() as u64;
        while position < self.bytes {
            let count = zeros.len().min((self.bytes - position) as usize);
            file.write_at(position, &[&zeros[..count]])?;
            position += count as u64;
        }
        file.sync_data()?;
        Ok(file)
    }
}
