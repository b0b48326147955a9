//! Batches of a partition that is offline: they were acknowledged, and the write-ahead log that holds them is about to go.

use std::path::Path;

use headrace_io::Disk;
use headrace_io::disk::read_file;
use headrace_log::checked_file::Kind;
use headrace_log::{LogError, PartitionLog};

use crate::limits::UNREPLAYED_BYTES_MAX;

/// The file format.
pub const KIND: Kind = Kind { magic: *b"HRUR", version: 1 };
/// Name of the file in the partition's directory.
pub const FILE_NAME: &str = "unreplayed";

/// Adds a batch: its length (4), and itself.
pub(crate) fn add(payload: &mut Vec<u8>, batch: &[u8]) {
    payload.extend_from_slice(&(batch.len() as u32).to_be_bytes());
    payload.extend_from_slice(batch);
}

/// Keeps batches, in order, behind those that are kept already.
pub(crate) fn keep(disk: &dyn Disk, dir: &Path, batches: &[u8]) -> Result<(), LogError> {
    let path = dir.join(FILE_NAME);
    let mut payload = load(disk, &path)?.unwrap_or_default();
    payload.extend_from_slice(batches);
    KIND.replace(disk, &path, &payload)
}

fn load(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    let bytes = match read_file(disk, path, UNREPLAYED_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LogError::io(path)(error)),
    };
    KIND.decode(&bytes).required(path)
}

/// Batches that are kept in `dir`, and their bytes; none if there is no such file.
pub(crate) fn look(disk: &dyn Disk, dir: &Path) -> Result<Option<(u64, u64)>, LogError> {
    let path = dir.join(FILE_NAME);
    let Some(payload) = load(disk, &path)? else { return Ok(None) };
    let (mut count, mut bytes) = (0, 0);
    let mut batches = Batches { path: &path, rest: &payload };
    while let Some(batch) = batches.next()? {
        count += 1;
        bytes += batch.len() as u64;
    }
    Ok(Some((count, bytes)))
}

/// The batches of a file, in order.
struct Batches<'a> {
    path: &'a Path,
    rest: &'a [u8],
}

impl<'a> Batches<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, LogError> {
        let Some((length, after)) = self.rest.split_first_chunk::<4>() else { return Ok(None) };
        let batch = after.split_at_checked(u32::from_be_bytes(*length) as usize);
        let (batch, after) = batch.ok_or_else(|| LogError::corrupt(self.path, "a batch is cut off"))?;
        self.rest = after;
        Ok(Some(batch))
    }
}

/// Appends what was kept to a log that can be opened again, durably, and forgets it.
pub fn replay_into(disk: &dyn Disk, dir: &Path, log: &mut PartitionLog, now_ms: i64) -> Result<(), LogError> {
    let path = dir.join(FILE_NAME);
    let Some(payload) = load(disk, &path)? else { return Ok(()) };
    let mut batches = Batches { path: &path, rest: &payload };
    while let Some(batch) = batches.next()? {
        log.replay(batch, now_ms)?;
    }
    if let Some(plan) = log.sync_plan() {
        log.synced(plan.run()?);
    }
    disk.remove(&path).map_err(LogError::io(&path))?;
    disk.sync_dir(dir).map_err(LogError::io(dir))
}
