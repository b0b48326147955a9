//! Blocks of the write-ahead log: what one round wrote, numbered and checked.
//!
//! Every file begins with a page of its own that names the format and a number drawn for this life of the write-ahead log. Only
//! blocks with that number count, so that no client can send records that look like a block.

use crate::limits::{BLOCK_ALIGNMENT, BLOCK_BYTES_MAX};

/// The format that is written, and the only one so far.
pub const VERSION: u16 = 1;

/// Bytes before the entries of a block.
pub const HEADER_BYTES: usize = 64;
/// Bytes before the first block of a file.
pub const FILE_HEADER_BYTES: usize = BLOCK_ALIGNMENT;

const MAGIC: [u8; 4] = *b"HRWB";
const FILE_MAGIC: [u8; 4] = *b"HRWL";
const CRC_AT: usize = 60;
const FILE_CRC_AT: usize = 16;

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Its number: one more than that of the block before, beginning at 1.
    pub sequence: u64,
    /// Every block up to this one had been synced when it was written.
    pub synced_through: u64,
    /// What blocks up to this one hold was synced in its segments when it was written: they may be overwritten.
    pub settled_through: u64,
    /// Bytes of its entries.
    pub payload_bytes: u32,
    /// CRC-32C of its entries.
    pub payload_crc: u32,
}

impl BlockHeader {
    /// Magic (4), version (2), zero (2), sequence (8), synced through (8), settled through (8), payload bytes (4), zero (4), salt (8),
    /// payload CRC (4), zero (8), CRC-32C of all that (4).
    #[must_use]
    pub fn encode(&self, salt: u64) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.synced_through.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.settled_through.to_be_bytes());
        bytes[32..36].copy_from_slice(&self.payload_bytes.to_be_bytes());
        bytes[40..48].copy_from_slice(&salt.to_be_bytes());
        bytes[48..52].copy_from_slice(&self.payload_crc.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The header at the front of `bytes`; `None` if there is no sound one of this salt.
    #[must_use]
    pub fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let header = Self {
            sequence: u64_at(bytes, 8),
            synced_through: u64_at(bytes, 16),
            settled_through: u64_at(bytes, 24),
            payload_bytes: u32_at(bytes, 32),
            payload_crc: u32_at(bytes, 48),
        };
        let is_sound = header.encode(salt) == *bytes && header.block_bytes() <= BLOCK_BYTES_MAX;
        is_sound.then_some(header)
    }

    /// Bytes of the whole block in its file.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        block_bytes(self.payload_bytes as usize)
    }
}

/// Bytes of a block in its file.
pub(crate) fn block_bytes(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes).next_multiple_of(BLOCK_ALIGNMENT)
}

/// What the first page of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileHeader {
    /// A file of this format, with the salt of its blocks.
    Sound(u64),
    /// A version that this program does not know.
    UnknownVersion(u16),
    /// No sound header.
    Damaged,
}

/// The first page of a file: magic (4), version (2), zero (2), salt (8), CRC-32C (4), zeros.
#[must_use]
pub fn encode_file_header(salt: u64) -> [u8; FILE_HEADER_BYTES] {
    let mut page = [0; FILE_HEADER_BYTES];
    page[..4].copy_from_slice(&FILE_MAGIC);
    page[4..6].copy_from_slice(&VERSION.to_be_bytes());
    page[8..16].copy_from_slice(&salt.to_be_bytes());
    let crc = crc32c::crc32c(&page[..FILE_CRC_AT]);
    page[FILE_CRC_AT..FILE_CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    page
}

/// Reads the first page of a file.
#[must_use]
pub fn decode_file_header(page: &[u8]) -> FileHeader {
    let Some(head) = page.first_chunk::<{ FILE_CRC_AT + 4 }>() else { return FileHeader::Damaged };
    if head[..4] != FILE_MAGIC || crc32c::crc32c(&head[..FILE_CRC_AT]) != u32_at(head, FILE_CRC_AT) {
        return FileHeader::Damaged;
    }
    match u16::from_be_bytes([head[4], head[5]]) {
        VERSION => FileHeader::Sound(u64_at(head, 8)),
        version => FileHeader::UnknownVersion(version),
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: u64 = 0x1234_5678_9abc_def0;

    #[test]
    fn a_header_comes_back_and_every_damage_is_seen() {
        let header = BlockHeader {
            sequence: 9,
            synced_through: 8,
            settled_through: 3,
            payload_bytes: 5000,
            payload_crc: 7,
        };
        let bytes = header.encode(SALT);
        assert_eq!(BlockHeader::decode(&bytes, SALT), Some(header));
        assert_eq!(BlockHeader::decode(&bytes, SALT + 1), None, "of another life");
        assert_eq!(header.block_bytes(), 2 * BLOCK_ALIGNMENT);
        for at in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[at] ^= 0x20;
            assert_eq!(BlockHeader::decode(&damaged, SALT), None, "byte {at}");
        }
        let huge = BlockHeader { payload_bytes: BLOCK_BYTES_MAX as u32, ..header };
        assert_eq!(BlockHeader::decode(&huge.encode(SALT), SALT), None);
    }

    #[test]
    fn a_newer_file_is_told_from_a_damaged_one() {
        let mut page = encode_file_header(SALT);
        assert_eq!(decode_file_header(&page), FileHeader::Sound(SALT));
        page[9] ^= 1;
        assert_eq!(decode_file_header(&page), FileHeader::Damaged);
        page[9] ^= 1;
        page[5] = 2;
        let crc = crc32c::crc32c(&page[..FILE_CRC_AT]);
        page[FILE_CRC_AT..FILE_CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode_file_header(&page), FileHeader::UnknownVersion(2));
        assert_eq!(decode_file_header(&page[..10]), FileHeader::Damaged);
    }
}
