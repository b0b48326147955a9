//! Group commit of all partitions of a broker through one write-ahead log.
//!
//! A batch is written to its segment, which the page cache holds, and to the pending block of the write-ahead log. A round writes the
//! block and syncs it: one sync for every partition. Large batches are not written twice: their segments are synced instead. Segments
//! whose batches fill a file of the write-ahead log are synced in the background, and the file is used again.
//!
//! Nothing here acknowledges, reads a clock or knows an async runtime: whoever drives the [`Committer`] runs the jobs that it gives out.

pub mod accounts;
pub mod block;
pub mod committer;
pub mod entry;
pub mod error;
pub mod inspect;
pub mod limits;
pub mod logs;
pub mod prepare;
pub mod replay;
pub mod round;
mod segments;
pub mod settling;
pub mod unreplayed;
pub mod wal;

pub use accounts::{Accounts, Share};
pub use committer::{Appending, Committer, Flush, Queues};
pub use entry::{Entry, Place};
pub use error::CommitError;
pub use logs::Logs;
pub use prepare::{Prepare, Prepared};
pub use replay::{Replay, Replayed};
pub use round::{Done, Job, Round};
pub use settling::Settling;
pub use wal::{WalConfig, WalView};
