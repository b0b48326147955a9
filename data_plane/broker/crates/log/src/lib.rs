//! The storage of a broker: partition logs, producer state, group commit and the topic catalog.
//!
//! Everything goes through the `Disk` trait and is told the time. Nothing here acknowledges: a log knows what is
//! synced (its high watermark), and whoever acknowledges waits for that.

pub mod advance;
mod ages;
pub mod catalog;
pub mod checked_file;
pub mod checkpoint;
pub mod compaction;
pub mod epochs;
pub mod error;
pub mod fork;
pub mod gauge;
pub mod index;
pub mod inspect;
pub mod limits;
pub mod lookup;
pub mod measure;
pub mod museum;
pub mod partition;
pub mod producer_ids;
pub mod producers;
pub mod read;
pub mod recovery;
pub mod recovery_point;
mod resume;
pub mod retention;
pub mod scan;
pub mod segment;
mod segment_read;
pub mod sync;
pub mod timestamp_search;
pub mod transactions;

pub use catalog::{Catalog, CatalogError, TopicMeta};
pub use compaction::{Due, Pass, PassPlan, Replacement, Step};
pub use error::{AppendError, LogError, ReadError};
pub use fork::{ForkCut, Forked, LogFork};
pub use gauge::DiskGauge;
pub use lookup::{ColdSegment, LoadedSegment};
pub use measure::Measured;
pub use partition::{Appended, CompactionConfig, LogConfig, PartitionLog};
pub use producer_ids::ProducerIds;
pub use producers::ProducerView;
pub use read::{Batches, TryRead};
pub use retention::Retained;
pub use segment_read::{ColdBatches, ColdRead, ReadLimits};
pub use sync::{SyncEnd, SyncPlan};
pub use timestamp_search::{FoundOffset, TimestampSearch, TimestampWanted};
pub use transactions::{AbortedSearch, AbortedTransaction, OpenTransaction, Readable};
