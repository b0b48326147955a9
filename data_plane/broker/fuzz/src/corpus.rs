//! Kept inputs: a file a target, base64 of one input a line, sorted.

use std::{fs, io, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Where the inputs of a target are kept.
#[must_use]
pub fn path(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{target}.txt"))
}

/// The kept inputs of a target.
pub fn read(target: &str) -> io::Result<Vec<Vec<u8>>> {
    fs::read_to_string(path(target))?
        .lines()
        .map(|line| {
            BASE64_STANDARD.decode(line).map_err(|error| io::Error::other(format!("{line}: {error}")))
        })
        .collect()
}

/// An input as a line.
#[must_use]
pub fn line(input: &[u8]) -> String {
    BASE64_STANDARD.encode(input)
}
