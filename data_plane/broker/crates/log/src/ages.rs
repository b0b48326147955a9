//! How old closed segments are, as far as it is known: retention asks again and again, and their indexes are not in memory.

use std::collections::BTreeMap;

use crate::lookup::LoadedSegment;
use crate::segment::{Active, Closed};

/// What decides when a segment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    /// Largest timestamp, or `i64::MIN`.
    pub(crate) max_timestamp: i64,
    /// When the segment was made.
    pub(crate) created_at_ms: i64,
}

/// The ages of the segments that were open once.
#[derive(Debug, Default)]
pub(crate) struct Ages(BTreeMap<i64, (Closed, Age)>);

impl Ages {
    /// Takes note of a segment that is open.
    pub(crate) fn note(&mut self, loaded: &LoadedSegment) {
        let (max_timestamp, created_at_ms) = (loaded.summary.max_timestamp, loaded.summary.created_at_ms);
        self.insert(loaded.closed, Age { max_timestamp, created_at_ms });
    }

    /// Takes note of a segment that is being closed.
    pub(crate) fn note_closed(&mut self, closed: Closed, active: &Active) {
        let (max_timestamp, created_at_ms) = (active.max_timestamp, active.created_at_ms);
        self.insert(closed, Age { max_timestamp, created_at_ms });
    }

    fn insert(&mut self, closed: Closed, age: Age) {
        self.0.insert(closed.base_offset, (closed, age));
    }

    /// The age of a segment, if it is known of the segment as it is.
    pub(crate) fn of(&self, closed: Closed) -> Option<Age> {
        self.0.get(&closed.base_offset).filter(|(known, _)| *known == closed).map(|(_, age)| *age)
    }

    /// Forgets every segment that begins before an offset.
    pub(crate) fn forget_before(&mut self, offset: i64) {
        self.0 = self.0.split_off(&offset);
    }
}
