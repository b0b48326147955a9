//! Where reads ended: whoever goes on there need not look for the place. Between two entries of a long segment's index there may be
//! thousands of small batches.

use std::collections::VecDeque;

use crate::index::Entry;

/// Ends that are remembered: one for each consumer that follows a partition, and some more.
const RESUMES_MAX: usize = 16;

/// A place between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resume {
    segment_base: i64,
    offset: i64,
    position: u64,
}

/// The places at which the last reads ended, newest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resumes(VecDeque<Resume>);

impl Resumes {
    /// Notes that the batch at `position` of a segment, if there is one yet, is the first from `offset` on.
    pub(crate) fn note(&mut self, segment_base: i64, offset: i64, position: u64) {
        let resume = Resume { segment_base, offset, position };
        self.0.retain(|known| *known != resume);
        if self.0.len() == RESUMES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(resume);
    }

    /// The last place known of a segment at or before `offset`, if it lies behind what the index says.
    pub(crate) fn improve(&self, segment_base: i64, offset: i64, by_index: Entry) -> Entry {
        let known =
            self.0.iter().filter(|known| known.segment_base == segment_base && known.offset <= offset);
        match known.max_by_key(|known| known.position).filter(|known| known.position > by_index.position) {
            Some(known) => Entry { offset: known.offset, position: known.position, ..by_index },
            None => by_index,
        }
    }

    /// Forgets everything: segments were written anew.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_INDEX: Entry = Entry { offset: 10, position: 1_000, max_timestamp_before: 5 };

    #[test]
    fn the_nearest_place_before_the_offset_counts_and_only_of_the_segment() {
        let mut resumes = Resumes::default();
        assert_eq!(resumes.improve(0, 20, BY_INDEX), BY_INDEX);
        for (segment, offset, position) in [(0, 15, 1_500), (0, 12, 1_200), (0, 21, 2_100), (7, 20, 2_000)] {
            resumes.note(segment, offset, position);
        }
        let at = |offset, position| Entry { offset, position, ..BY_INDEX };
        assert_eq!(resumes.improve(0, 20, BY_INDEX), at(15, 1_500));
        assert_eq!(resumes.improve(0, 14, BY_INDEX), at(12, 1_200));
        assert_eq!(resumes.improve(0, 11, BY_INDEX), BY_INDEX);
        let further = at(16, 1_600);
        assert_eq!(resumes.improve(0, 20, further), further);
        resumes.clear();
        assert_eq!(resumes.improve(0, 20, BY_INDEX), BY_INDEX);
    }

    #[test]
    fn few_are_remembered_each_once() {
        let mut resumes = Resumes::default();
        for round in 0..3 {
            for number in 0..RESUMES_MAX as i64 + round {
                resumes.note(0, number, number as u64);
            }
        }
        assert_eq!(resumes.0.len(), RESUMES_MAX);
        resumes.note(0, 3, 3);
        resumes.note(0, 3, 3);
        assert_eq!(resumes.0.iter().filter(|known| known.offset == 3).count(), 1);
    }
}
