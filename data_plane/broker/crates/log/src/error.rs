//! What can go wrong in the storage.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the disk, or damage on it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk refused an operation.
    #[error("storage_io_failed: {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The disk does not give out what a file holds. Nothing that was written or promised is in doubt, so that it concerns nobody but
    /// who wanted to read.
    #[error("storage_read_failed: {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Data that was once synced is damaged or gone. The partition stays offline and nothing of it is touched.
    #[error("partition_corrupt: {path}: {detail}")]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A file of a newer or foreign format.
    #[error("storage_format_unknown: {path}: {detail}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
}

impl LogError {
    /// Wraps an I/O error with the path it happened on.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// Wraps an error of a read with the file that was read.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }

    /// Names damage.
    pub fn corrupt(path: &Path, detail: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_path_buf(), detail: detail.into() }
    }

    /// Whether a read that may not wait for the medium would have to.
    pub(crate) fn would_wait(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether the disk is full, which passes, unlike every other failure.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// Why a batch was not appended. Unless it is [`AppendError::Log`], the log is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Neither the producer's next batch nor a repetition of one of its last.
    #[error("producer {producer_id} sent sequence {sequence}, its last was {last_sequence}")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// What it sent.
        sequence: i32,
        /// What the partition remembers.
        last_sequence: i32,
    },
    /// A newer epoch of the producer has taken over.
    #[error("producer {producer_id} sent epoch {epoch}, the partition has seen {current_epoch}")]
    StaleProducerEpoch {
        /// The producer.
        producer_id: i64,
        /// What it sent.
        epoch: i16,
        /// What the partition has seen.
        current_epoch: i16,
    },
    /// A batch outside of the transaction that its producer has open.
    #[error("producer {producer_id} has a transaction open here, and the batch is not part of one")]
    TransactionOpen {
        /// The producer.
        producer_id: i64,
    },
    /// A marker of a coordinator that a newer one has taken over from.
    #[error("a coordinator of epoch {epoch} sent a marker, the partition has seen {current_epoch}")]
    StaleCoordinator {
        /// Its epoch.
        epoch: i32,
        /// What the partition has seen.
        current_epoch: i32,
    },
    /// The disk is full; what was written of the batch has been taken back.
    #[error("the disk is full")]
    Full,
    /// The disk failed: nothing may be acknowledged any more.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is below the log start or beyond the log end.
    #[error("offset {offset} is outside {log_start}..={log_end}")]
    OutOfRange {
        /// What was asked for.
        offset: i64,
        /// First offset that is kept.
        log_start: i64,
        /// Offset that the next batch will get.
        log_end: i64,
    },
    /// The disk failed or its content is damaged.
    #[error(transparent)]
    Log(#[from] LogError),
}
