//! Compaction: of every key the last record stays (`cleanup.policy=compact`).
//!
//! A pass reads the part of a log that was not compacted yet, its dirty part, and notes the last offset of each key there. It
//! then writes the closed segments up to the end of that part anew, oldest first, without the records that a later one
//! replaces. Each segment, or several small ones in a row, is written aside, synced, and put in place by one rename, so that a crash
//! leaves the old or the new one. Offsets never change: a compacted segment has gaps, and its header says where it ends.
//!
//! Only what is decided is touched. Records of aborted transactions go, those of committed ones are compacted like any other. A
//! marker stays as long as a batch of its transaction does, and then for `delete.retention.ms` (KIP-534).
//!
//! The log plans a pass and puts segments in place; everything between runs on another thread, in steps.

mod offset_map;
mod place;
mod plan;
mod rewrite;
mod transactions;

pub use place::Replacement;
pub use plan::{Due, Pass, PassPlan, Step};
