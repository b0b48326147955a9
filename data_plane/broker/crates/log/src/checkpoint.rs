//! A checkpoint of a log at a synced offset: producers and the active segment's index, so that a restart re-reads
//! only what came after. It can always be rebuilt from the segments.

use crate::checked_file::Kind;
use crate::index::{SparseIndex, take_i64};
use crate::producers::Producers;
use crate::transactions::{AbortedHints, AbortedTransaction, decode_aborted, encode_aborted};

/// The file format.
pub const KIND: Kind = Kind { magic: *b"HRCP", version: 2 };
/// The format of before there were transactions.
pub const KIND_BEFORE: Kind = Kind { version: 1, ..KIND };
/// Name of the file in the partition's directory.
pub const FILE_NAME: &str = "checkpoint";

/// What a log knew when everything below `offset` was synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log end then.
    pub offset: i64,
    /// Base offset of the segment that was active then.
    pub segment_base: i64,
    /// Size of that segment then.
    pub position: u64,
    /// Largest timestamp of that segment then, or `i64::MIN`.
    pub max_timestamp: i64,
    /// The index of that segment then.
    pub index: SparseIndex,
    /// The producers then.
    pub producers: Producers,
    /// The aborted transactions whose markers that segment held then.
    pub aborted: Vec<AbortedTransaction>,
    /// Which of the segments before hold markers of aborted transactions.
    pub aborted_hints: AbortedHints,
}

impl Checkpoint {
    /// The payload of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for number in [self.offset, self.segment_base, self.position as i64, self.max_timestamp] {
            payload.extend_from_slice(&number.to_be_bytes());
        }
        self.index.encode(&mut payload);
        self.producers.encode(&mut payload);
        encode_aborted(&self.aborted, &mut payload);
        self.aborted_hints.encode(&mut payload);
        payload
    }

    /// Decodes the payload of a file of this kind.
    #[must_use]
    pub fn decode(mut payload: &[u8], kind: Kind) -> Option<Self> {
        let input = &mut payload;
        let has_transactions = kind == KIND;
        Some(Self {
            offset: take_i64(input)?,
            segment_base: take_i64(input)?,
            position: take_i64(input)? as u64,
            max_timestamp: take_i64(input)?,
            index: SparseIndex::decode(input)?,
            producers: Producers::decode(input, has_transactions)?,
            aborted: if has_transactions { decode_aborted(input)? } else { Vec::new() },
            aborted_hints: if has_transactions {
                AbortedHints::decode(input)?
            } else {
                AbortedHints::default()
            },
        })
    }
}
