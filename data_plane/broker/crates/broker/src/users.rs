//! The file of SCRAM users.

use std::path::{Path, PathBuf};

use headrace_io::Disk;
use headrace_log::{
    LogError,
    checked_file::{Content, Kind},
};
use headrace_security::{ScramUsers, UsersFormatError};
use thiserror::Error;

/// In the data directory, which the process works in.
const FILE: &str = "./users";
const KIND: Kind = Kind { magic: *b"HRUS", version: 1 };

/// Why users can not be read back or written down.
#[derive(Debug, Error)]
pub(crate) enum UsersError {
    #[error(transparent)]
    Disk(#[from] LogError),
    #[error("users_file_damaged: {path}: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("users_format_unknown: {path}: version {version}")]
    Version { path: PathBuf, version: u16 },
}

/// Reads the users back. A damaged file is no empty one: who was let in by it must not be forgotten silently.
pub(crate) fn read(disk: &dyn Disk) -> Result<ScramUsers, UsersError> {
    let path = Path::new(FILE);
    match KIND.read(disk, path)? {
        Content::Absent => Ok(ScramUsers::default()),
        Content::Sound(payload) => ScramUsers::decode(&payload).map_err(|error| damaged(&error)),
        Content::Damaged => Err(UsersError::Damaged {
            path: path.to_path_buf(),
            detail: "the checksum does not match".to_owned(),
        }),
        Content::UnknownVersion(version) => Err(UsersError::Version { path: path.to_path_buf(), version }),
    }
}

/// Writes the users down; durable once it returns.
pub(crate) fn write(disk: &dyn Disk, users: &ScramUsers) -> Result<(), UsersError> {
    let payload = users.encode().map_err(|error| damaged(&error))?;
    Ok(KIND.replace(disk, Path::new(FILE), &payload)?)
}

fn damaged(error: &UsersFormatError) -> UsersError {
    UsersError::Damaged { path: FILE.into(), detail: error.to_string() }
}
