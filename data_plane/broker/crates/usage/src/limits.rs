//! Limits of what is counted.

/// Longest window, in seconds; shorter ones divide it.
pub const WINDOW_SECONDS_MAX: u32 = 3600;

/// Principals that one window tells apart; what further ones use counts under [`crate::OTHER`].
pub const PRINCIPALS_PER_WINDOW_MAX: usize = 1000;

/// Longest name of a principal that is told apart, in bytes; a longer one counts under [`crate::OTHER`].
pub const PRINCIPAL_BYTES_MAX: usize = 256;

/// Quantities that one window tells apart: a window with this many closes early, and while it can not, what comes counts
/// under [`crate::OTHER`].
pub const WINDOW_ENTRIES_MAX: usize = 10_000;

/// Bytes appended after which a window closes early: a start after a kill reads about this much of the logs again at most.
pub const WINDOW_APPENDED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Windows that may wait to be acknowledged; while there are more, a window lasts to the end of its hour.
pub const WINDOWS_WAITING_MAX: u64 = 10_000;

/// Windows closed after which the cursors are written anew, so that a start reads no more windows than this.
pub const WINDOWS_PER_STORED_METER: u64 = 64;
