//! Limits of the write-ahead log.

/// Bytes of the first file of the write-ahead log, which is made in a few milliseconds: the first round waits for it.
pub const FIRST_SEGMENT_BYTES: u64 = 2 * 1024 * 1024;

/// Bytes of every other file of the write-ahead log.
pub const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Most files of the write-ahead log: with [`SEGMENT_BYTES`] they bound what a start reads again.
pub const SEGMENTS_MAX: usize = 4;

/// Largest block: more than one round of small batches comes to.
pub const BLOCK_BYTES_MAX: usize = 1024 * 1024;

/// Blocks begin at multiples of this, so that no block shares a page of the disk with another.
pub const BLOCK_ALIGNMENT: usize = 4096;

/// A batch of this size or more is not written to the write-ahead log: syncing its segment costs less than writing it twice.
pub const BYPASS_BYTES_MIN: usize = 64 * 1024;

/// Bytes of notes about appends that may wait for room in the write-ahead log; beyond it they are dropped, and after a kill the usage
/// counts on nobody's account.
pub const NOTES_BYTES_MAX: usize = 256 * 1024;

/// Rounds between two attempts to make a file of the write-ahead log on a disk that was nearly full.
pub const ROUNDS_BETWEEN_ATTEMPTS: u32 = 1024;

/// Logs that are synced at once in the background, one after the other: large batches of these wait for it.
pub const SETTLED_AT_ONCE: usize = 8;

/// Bytes of zeros that are written at once to a new file.
pub const ZEROS_BYTES: usize = 256 * 1024;

/// Largest file of batches that could not be replayed.
pub const UNREPLAYED_BYTES_MAX: u64 = 256 * 1024 * 1024;
