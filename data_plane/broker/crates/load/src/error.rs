//! Why a measurement is worth nothing.

use thiserror::Error;

/// Why a measurement is worth nothing.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("the job: {0}")]
    Job(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the broker answered {what} with error code {code}")]
    Refused { what: &'static str, code: i16 },
    #[error("an answer that can not be read: {0}")]
    Answer(&'static str),
    #[error("nothing was answered in the measured time")]
    Nothing,
}
