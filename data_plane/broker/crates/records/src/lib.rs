//! Kafka record batches, format version 2 (KIP-98): views over borrowed bytes, the rules a broker checks before it
//! appends one, rewriting in place, bounded iteration of the records inside, and a builder.
//!
//! A batch stays opaque on its way to disk: only its 61-byte header is read and its first 16 bytes are replaced.

pub mod builder;
pub mod compression;
pub mod filter;
pub mod header;
pub mod iterate;
pub mod marker;
pub mod rewrite;
pub mod validate;
pub mod varint;

pub use builder::{BatchBuilder, NewRecord};
pub use compression::{Compression, DecompressionLimits};
pub use filter::{Filtered, emptied, filter, with_horizon};
pub use header::{Attributes, BatchHeader, HEADER_BYTES, TimestampType};
pub use iterate::{Record, RecordSet, RecordsError};
pub use marker::Marker;
pub use rewrite::{StampedHeader, stamp};
pub use validate::{BatchError, ProduceRules, RecordRefusal, TimestampRules, validate_produced};
