//! The files of the usage meter, in a directory of their own.

use std::{
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use headrace_io::Disk;
use headrace_log::{
    LogError,
    checked_file::{Content, Kind},
};
use headrace_usage::{Checkpoint, ClosedWindow, FormatError, ResumeError, StoredMeter};
use thiserror::Error;

/// Directory of the files, in the data directory.
pub(super) const DIRECTORY: &str = "usage";
/// The data directory, which the process works in.
const DATA_DIRECTORY: &str = ".";

const METER_FILE: &str = "meter";
const METER: Kind = Kind { magic: *b"HRUM", version: 1 };
const CHECKPOINT_FILE: &str = "checkpoint";
const CHECKPOINT: Kind = Kind { magic: *b"HRUC", version: 1 };
/// One file a window, named by its id.
const WINDOW_SUFFIX: &str = ".window";
const WINDOW: Kind = Kind { magic: *b"HRUW", version: 1 };

/// Why usage can not be read back or written down.
#[derive(Debug, Error)]
pub(crate) enum UsageError {
    #[error(transparent)]
    Disk(#[from] LogError),
    #[error("usage_file_damaged: {path}: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("usage_format_unknown: {path}: version {version}")]
    Version { path: PathBuf, version: u16 },
    #[error("usage_file_damaged: {path}: {source}")]
    Format { path: PathBuf, source: FormatError },
    #[error("usage_file_damaged: {path}: {source}")]
    Resume { path: PathBuf, source: ResumeError },
}

/// What a data directory knows of its usage.
pub(super) struct Loaded {
    pub(super) meter: StoredMeter,
    /// The windows since the meter was stored, oldest first.
    pub(super) windows: Vec<ClosedWindow>,
    pub(super) checkpoint: Option<Checkpoint>,
}

/// The files; clones are the same ones.
#[derive(Clone)]
pub(super) struct Store {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
}

impl UsageError {
    /// The file that is damaged, or of a format that is not known; of a failing disk the data directory.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Damaged { path, .. }
            | Self::Version { path, .. }
            | Self::Format { path, .. }
            | Self::Resume { path, .. } => path,
            Self::Disk(_) => Path::new(DATA_DIRECTORY),
        }
    }

    /// Whether the disk is full, which passes.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Disk(error) if error.is_full())
    }
}

impl Store {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self::at(disk, Path::new(DATA_DIRECTORY).join(DIRECTORY))
    }

    /// The files in a directory.
    pub(super) fn at(disk: Arc<dyn Disk>, directory: PathBuf) -> Self {
        Self { disk, directory }
    }

    /// Where the files lie.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads what there is; none in a data directory that has no meter yet. Windows that were acknowledged go.
    pub(super) fn load(&self) -> Result<Option<Loaded>, UsageError> {
        if !self.disk.exists(&self.directory).map_err(LogError::io(&self.directory))? {
            return Ok(None);
        }
        let names = self.disk.list(&self.directory).map_err(LogError::io(&self.directory))?;
        let ids = self.window_ids()?;
        let Some(meter) = self.read_meter()? else {
            let path = self.directory.join(METER_FILE);
            return match names.iter().find(|name| window_id(name).is_some() || *name == CHECKPOINT_FILE) {
                // Beginning again would give the same ids to other windows.
                Some(name) => Err(damaged(&path, format!("the file is missing, and '{name}' is there"))),
                None => Ok(None),
            };
        };
        self.check_ids(&meter, &ids)?;
        for id in ids.iter().filter(|id| **id <= meter.acknowledged_through) {
            self.remove_window(*id)?;
        }
        let since = ids.iter().filter(|id| **id > meter.through);
        let windows = since.map(|id| Ok(self.read_window(*id)?.0)).collect::<Result<_, UsageError>>()?;
        Ok(Some(Loaded { meter, windows, checkpoint: self.load_checkpoint()? }))
    }

    /// Ids of the windows whose files are there.
    pub(super) fn window_ids(&self) -> Result<Vec<u64>, LogError> {
        let names = self.disk.list(&self.directory).map_err(LogError::io(&self.directory))?;
        Ok(names.iter().filter_map(|name| window_id(name)).collect())
    }

    /// Reads what is known of the windows up to one; none if there is no such file.
    pub(super) fn read_meter(&self) -> Result<Option<StoredMeter>, UsageError> {
        let path = self.directory.join(METER_FILE);
        let Some(payload) = self.read(METER, &path)? else { return Ok(None) };
        StoredMeter::decode(&payload).map(Some).map_err(|source| UsageError::Format { path, source })
    }

    /// Reads the checkpoint and the size of its payload; none if there is no such file.
    pub(super) fn read_checkpoint(&self) -> Result<Option<(Checkpoint, usize)>, UsageError> {
        let path = self.directory.join(CHECKPOINT_FILE);
        let Some(payload) = self.read(CHECKPOINT, &path)? else { return Ok(None) };
        let checkpoint = Checkpoint::decode(&payload);
        Ok(Some((checkpoint.map_err(|source| UsageError::Format { path, source })?, payload.len())))
    }

    /// Every window after the last one that was acknowledged must be there, up to the last one that is known of.
    fn check_ids(&self, meter: &StoredMeter, ids: &[u64]) -> Result<(), UsageError> {
        let mut expected = meter.acknowledged_through + 1;
        for id in ids.iter().filter(|id| **id > meter.acknowledged_through) {
            if *id != expected {
                break;
            }
            expected += 1;
        }
        let last = ids.last().copied().unwrap_or(0).max(meter.through);
        if expected > last {
            return Ok(());
        }
        Err(damaged(&self.window_path(expected), format!("the file is missing, windows go up to {last}")))
    }

    /// The last checkpoint. One that is damaged is left out: what it held is found in the logs again, but for reads and for
    /// topics that are gone.
    fn load_checkpoint(&self) -> Result<Option<Checkpoint>, UsageError> {
        match self.read_checkpoint() {
            Err(error @ UsageError::Damaged { .. }) => {
                tracing::error!(%error, "usage since the last window counts as unknown");
                Ok(None)
            }
            read => Ok(read?.map(|(checkpoint, _)| checkpoint)),
        }
    }

    /// Reads a window that waits; with the size of its payload.
    pub(super) fn read_window(&self, id: u64) -> Result<(ClosedWindow, usize), UsageError> {
        let path = self.window_path(id);
        let Some(payload) = self.read(WINDOW, &path)? else {
            return Err(damaged(&path, "the file is missing"));
        };
        let closed = ClosedWindow::decode(&payload)
            .map_err(|source| UsageError::Format { path: path.clone(), source });
        let closed = closed?;
        if closed.window.id != id {
            return Err(damaged(&path, format!("it holds window {}", closed.window.id)));
        }
        Ok((closed, payload.len()))
    }

    /// Makes the directory.
    pub(super) fn create_dir(&self) -> Result<(), UsageError> {
        self.disk.create_dir_all(&self.directory).map_err(LogError::io(&self.directory))?;
        let parent = Path::new(DATA_DIRECTORY);
        Ok(self.disk.sync_dir(parent).map_err(LogError::io(parent))?)
    }

    pub(super) fn write_meter(&self, meter: &StoredMeter) -> Result<(), UsageError> {
        self.write(METER, &self.directory.join(METER_FILE), meter.encode())
    }

    pub(super) fn write_window(&self, closed: &ClosedWindow) -> Result<(), UsageError> {
        self.write(WINDOW, &self.window_path(closed.window.id), closed.encode())
    }

    pub(super) fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), UsageError> {
        self.write(CHECKPOINT, &self.directory.join(CHECKPOINT_FILE), checkpoint.encode())
    }

    /// Removes the files of windows that are acknowledged.
    pub(super) fn remove_windows(&self, ids: RangeInclusive<u64>) -> Result<(), UsageError> {
        ids.into_iter().try_for_each(|id| self.remove_window(id))
    }

    fn remove_window(&self, id: u64) -> Result<(), UsageError> {
        let path = self.window_path(id);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::io(&path)(error).into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn window_path(&self, id: u64) -> PathBuf {
        self.directory.join(format!("{id:020}{WINDOW_SUFFIX}"))
    }

    fn read(&self, kind: Kind, path: &Path) -> Result<Option<Vec<u8>>, UsageError> {
        match kind.read(&*self.disk, path)? {
            Content::Absent => Ok(None),
            Content::Sound(payload) => Ok(Some(payload)),
            Content::Damaged => Err(damaged(path, "the checksum does not match")),
            Content::UnknownVersion(version) => {
                Err(UsageError::Version { path: path.to_path_buf(), version })
            }
        }
    }

    fn write(
        &self,
        kind: Kind,
        path: &Path,
        payload: Result<Vec<u8>, FormatError>,
    ) -> Result<(), UsageError> {
        let payload = payload.map_err(|source| UsageError::Format { path: path.to_path_buf(), source })?;
        Ok(kind.replace(&*self.disk, path, &payload)?)
    }
}

fn damaged(path: &Path, detail: impl Into<String>) -> UsageError {
    UsageError::Damaged { path: path.to_path_buf(), detail: detail.into() }
}

/// The window that a file of this name holds.
fn window_id(name: &str) -> Option<u64> {
    name.strip_suffix(WINDOW_SUFFIX)?.parse().ok()
}
