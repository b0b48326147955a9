//! Small files with a magic, a version, a length and a checksum, so that a torn or foreign one is never taken for good.

use std::path::Path;

use headrace_io::Disk;
use headrace_io::disk::{read_file, replace_file};

use crate::error::LogError;
use crate::limits::SIDE_FILE_BYTES_MAX;

/// Magic (4), version (2), zero (2), payload length (8), CRC-32C of everything before and of the payload (4).
const HEADER_BYTES: usize = 20;
const CRC_AT: usize = 16;

/// A kind of checked file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// First four bytes.
    pub magic: [u8; 4],
    /// The version that is written and read.
    pub version: u16,
}

/// What reading a checked file found.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// There is no such file.
    Absent,
    /// The file is torn or damaged.
    Damaged,
    /// A version that this program does not know.
    UnknownVersion(u16),
    /// The payload.
    Sound(Vec<u8>),
}

impl Kind {
    /// The bytes of a file with this payload.
    #[must_use]
    pub fn encode(self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
        bytes.extend_from_slice(&self.magic);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), payload);
        bytes.extend_from_slice(&crc.to_be_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    /// Checks the bytes of a file.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Content {
        let Some((head, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Content::Damaged;
        };
        let length = u64::from_be_bytes([
            head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15],
        ]);
        let crc = u32::from_be_bytes([head[16], head[17], head[18], head[19]]);
        let computed = crc32c::crc32c_append(crc32c::crc32c(&head[..CRC_AT]), payload);
        if head[..4] != self.magic || length != payload.len() as u64 || crc != computed {
            return Content::Damaged;
        }
        match u16::from_be_bytes([head[4], head[5]]) {
            version if version == self.version => Content::Sound(payload.to_vec()),
            version => Content::UnknownVersion(version),
        }
    }

    /// Reads the file at `path`.
    pub fn read(self, disk: &dyn Disk, path: &Path) -> Result<Content, LogError> {
        match read_file(disk, path, SIDE_FILE_BYTES_MAX) {
            Ok(bytes) => Ok(self.decode(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Content::Absent),
            Err(error) => Err(LogError::read(path)(error)),
        }
    }

    /// Reads the file at `path`, which may also be of the version before; says which it is.
    pub fn read_either(
        self,
        before: Self,
        disk: &dyn Disk,
        path: &Path,
    ) -> Result<(Self, Content), LogError> {
        match self.read(disk, path)? {
            Content::UnknownVersion(version) if version == before.version => {
                Ok((before, before.read(disk, path)?))
            }
            content => Ok((self, content)),
        }
    }

    /// Replaces the file at `path` durably.
    pub fn replace(self, disk: &dyn Disk, path: &Path, payload: &[u8]) -> Result<(), LogError> {
        replace_file(disk, path, &self.encode(payload)).map_err(LogError::io(path))
    }
}

impl Content {
    /// The payload of a file that must not be damaged once it exists; `None` if there is none.
    pub fn required(self, path: &Path) -> Result<Option<Vec<u8>>, LogError> {
        match self {
            Self::Absent => Ok(None),
            Self::Sound(payload) => Ok(Some(payload)),
            Self::Damaged => Err(LogError::corrupt(path, "the checksum does not match")),
            Self::UnknownVersion(version) => {
                Err(LogError::Format { path: path.to_path_buf(), detail: format!("version {version}") })
            }
        }
    }

    /// The payload of a file that can be rebuilt: anything but a sound one is as good as absent.
    #[must_use]
    pub fn rebuildable(self) -> Option<Vec<u8>> {
        match self {
            Self::Sound(payload) => Some(payload),
            Self::Absent | Self::Damaged | Self::UnknownVersion(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { magic: *b"TEST", version: 3 };

    #[test]
    fn a_payload_comes_back_and_every_damage_is_seen() {
        let bytes = KIND.encode(b"payload");
        assert_eq!(KIND.decode(&bytes), Content::Sound(b"payload".to_vec()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(KIND.decode(&damaged), Content::Damaged, "byte {at}");
            assert_eq!(KIND.decode(&bytes[..at]), Content::Damaged, "cut at {at}");
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let newer = Kind { version: 4, ..KIND }.encode(b"x");
        assert_eq!(KIND.decode(&newer), Content::UnknownVersion(4));
        assert!(matches!(KIND.decode(&newer).required(Path::new("f")), Err(LogError::Format { .. })));
    }
}
