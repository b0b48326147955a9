//! The recovery point of a partition: every offset below it was synced once, so damage there is damage and not a torn tail.
//!
//! It is written after every sync and not synced itself: whatever value survives a power cut is true, only older. Two
//! slots are written in turn, so that a torn write leaves the other one.

use std::io;
use std::path::Path;
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};

use crate::error::LogError;

/// Name of the file in the partition's directory.
pub const FILE_NAME: &str = "recovery-point";

const MAGIC: [u8; 4] = *b"HRR1";
const SLOT_BYTES: usize = 16;
/// The slots lie in different sectors.
const SLOT_DISTANCE: u64 = 4096;

/// An open recovery point file.
#[derive(Clone, Debug)]
pub struct RecoveryPoint {
    file: Arc<dyn DiskFile>,
}

impl RecoveryPoint {
    /// Makes the file; the caller syncs the directory.
    pub fn create(disk: &dyn Disk, dir: &Path) -> Result<Self, LogError> {
        let path = dir.join(FILE_NAME);
        let mode = if disk.exists(&path).map_err(LogError::io(&path))? {
            OpenMode::ReadWrite
        } else {
            OpenMode::CreateNew
        };
        Ok(Self { file: disk.open(&path, mode).map_err(LogError::io(&path))? })
    }

    /// Makes the file of a log that is synced up to `offset`, durably but for its name.
    pub(crate) fn create_at(disk: &dyn Disk, dir: &Path, offset: i64) -> Result<(), LogError> {
        let point = Self::create(disk, dir)?;
        let path = dir.join(FILE_NAME);
        point.file.write_at(0, &[&encode(offset)]).map_err(LogError::io(&path))?;
        point.file.sync_data().map_err(LogError::io(&path))
    }

    /// Opens the file of a partition and reads it; `None` if there is none.
    pub fn open(disk: &dyn Disk, dir: &Path) -> Result<Option<(Self, i64)>, LogError> {
        let path = dir.join(FILE_NAME);
        let file = match disk.open(&path, OpenMode::ReadWrite) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::io(&path)(error)),
        };
        let offset = newest(&*file).map_err(LogError::io(&path))?;
        Ok(Some((Self { file }, offset)))
    }

    /// Reads the point of a partition and changes nothing; `None` if there is none.
    pub fn peek(disk: &dyn Disk, dir: &Path) -> Result<Option<i64>, LogError> {
        let path = dir.join(FILE_NAME);
        match disk.open(&path, OpenMode::Read) {
            Ok(file) => newest(&*file).map(Some).map_err(LogError::io(&path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io(&path)(error)),
        }
    }

    /// Writes the point; `turn` alternates the slots. On a full disk the older point stays, which is as true.
    pub fn store(&self, offset: i64, turn: u64) -> io::Result<()> {
        match self.file.write_at((turn % 2) * SLOT_DISTANCE, &[&encode(offset)]) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                Ok(())
            }
            stored => stored,
        }
    }
}

/// The largest offset of the sound slots, or 0.
fn newest(file: &dyn DiskFile) -> io::Result<i64> {
    let mut offset = 0;
    for slot in [0, SLOT_DISTANCE] {
        let mut bytes = [0; SLOT_BYTES];
        let read = file.read_at(slot, &mut bytes)?;
        offset = decode(&bytes[..read]).unwrap_or(0).max(offset);
    }
    Ok(offset)
}

fn encode(offset: i64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[..4].copy_from_slice(&MAGIC);
    slot[4..12].copy_from_slice(&offset.to_be_bytes());
    let crc = crc32c::crc32c(&slot[..12]);
    slot[12..].copy_from_slice(&crc.to_be_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<i64> {
    let slot: &[u8; SLOT_BYTES] = slot.try_into().ok()?;
    let offset =
        i64::from_be_bytes([slot[4], slot[5], slot[6], slot[7], slot[8], slot[9], slot[10], slot[11]]);
    (*slot == encode(offset)).then_some(offset)
}

#[cfg(test)]
mod tests {
    use headrace_io::SimDisk;

    use super::*;

    #[test]
    fn the_newest_sound_slot_counts() {
        let disk = SimDisk::new();
        let dir = Path::new("p");
        disk.create_dir_all(dir).unwrap();
        assert!(RecoveryPoint::open(&disk, dir).unwrap().is_none());
        let point = RecoveryPoint::create(&disk, dir).unwrap();
        point.store(10, 0).unwrap();
        point.store(20, 1).unwrap();
        assert_eq!(RecoveryPoint::open(&disk, dir).unwrap().unwrap().1, 20);
        disk.flip_bit(&dir.join(FILE_NAME), SLOT_DISTANCE as usize + 7, 2);
        assert_eq!(RecoveryPoint::open(&disk, dir).unwrap().unwrap().1, 10);
        disk.flip_bit(&dir.join(FILE_NAME), 0, 2);
        assert_eq!(RecoveryPoint::open(&disk, dir).unwrap().unwrap().1, 0);
    }
}
