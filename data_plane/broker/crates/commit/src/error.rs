//! What can go wrong with the write-ahead log.

use std::io;
use std::path::{Path, PathBuf};

use headrace_log::LogError;

/// A failure of the disk, or damage on it.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The disk refused an operation.
    #[error("wal_io_failed: {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Something that was synced is damaged or gone. Nothing was changed.
    #[error("wal_damaged: {path}: {detail}")]
    Damaged {
        /// The damaged file or its directory.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A file of a newer or foreign format.
    #[error("wal_format_unknown: {path}: {detail}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A partition's log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl CommitError {
    /// Wraps an I/O error with the path it happened on.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// Names damage.
    pub(crate) fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), detail: detail.into() }
    }
}

/// Whether the disk is full, which passes, unlike every other failure.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
