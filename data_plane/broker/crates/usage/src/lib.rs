//! What the clients of a broker use, in windows: bytes appended and read, by topic and principal.
//!
//! A pure state machine. Appends, reads and the time go in; closed windows come out, to be made durable and then collected.
//! Whoever drives it keeps three promises:
//!
//! * it says how far each log is durable before a window closes, so that no window claims what a crash takes back;
//! * it makes a [`Checkpoint`] durable before data goes that no durable window counts;
//! * after a crash it tells what the logs hold beyond what was counted, which counts under the principal [`UNKNOWN`].
//!
//! Windows have ids 1, 2, 3 and so on; the ranges of one partition follow each other without a gap. A window never crosses a
//! full hour of UTC and never overlaps another one, however the clock jumps.

mod checkpoint;
mod meter;
mod open;
mod resume;
mod stored;
mod tally;
mod time;
mod topic_id;
mod window;

pub mod limits;

pub use checkpoint::Checkpoint;
pub use meter::{Meter, Snapshot, WindowUnknown};
pub use resume::ResumeError;
pub use stored::{ClosedWindow, FormatError, StoredMeter};
pub use tally::Append;
pub use time::{Now, WindowLength};
pub use window::{Quantity, Range, Share, Traffic, Window};

/// Counts what a crash left without a principal.
pub const UNKNOWN: &str = "unknown";
/// Counts the principals beyond the limits of a window.
pub const OTHER: &str = "other";
