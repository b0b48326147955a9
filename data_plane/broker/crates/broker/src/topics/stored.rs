//! How much of what a cluster may store is used.

use std::cell::Cell;

/// Refuses what would be stored beyond a limit. What logs hold is added up only when it may matter: until then appends are
/// counted on top of the last sum, so that the count is below what there is by the heads of new segments and markers of transactions alone.
#[derive(Debug)]
pub(super) struct StorageLimit {
    bytes_max: Option<u64>,
    /// What is stored, as far as it is known.
    counted: Cell<u64>,
}

/// More would be stored than may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverLimit {
    pub(super) stored: u64,
    pub(super) bytes_max: u64,
}

impl StorageLimit {
    /// None is no limit.
    pub(super) fn new(bytes_max: Option<u64>) -> Self {
        Self { bytes_max, counted: Cell::new(u64::MAX) }
    }

    /// Counts so many bytes more, or refuses them. `measure` adds up what logs hold.
    pub(super) fn take(&self, bytes: u64, measure: impl FnOnce() -> u64) -> Result<(), OverLimit> {
        let Some(bytes_max) = self.bytes_max else { return Ok(()) };
        let mut wanted = self.counted.get().saturating_add(bytes);
        if wanted > bytes_max {
            let stored = measure();
            self.counted.set(stored);
            wanted = stored.saturating_add(bytes);
            if wanted > bytes_max {
                return Err(OverLimit { stored, bytes_max });
            }
        }
        self.counted.set(wanted);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_to_the_byte_is_taken_and_one_more_is_not() {
        let limit = StorageLimit::new(Some(100));
        assert_eq!(limit.take(60, || 0), Ok(()));
        assert_eq!(limit.take(40, || unreachable!("the count says that it fits")), Ok(()));
        assert_eq!(limit.take(1, || 100), Err(OverLimit { stored: 100, bytes_max: 100 }));
    }

    #[test]
    fn what_was_removed_makes_room_again() {
        let limit = StorageLimit::new(Some(100));
        assert_eq!(limit.take(100, || 0), Ok(()));
        assert_eq!(limit.take(30, || 70), Ok(()));
        assert_eq!(limit.take(1, || 100), Err(OverLimit { stored: 100, bytes_max: 100 }));
    }

    #[test]
    fn what_there_was_at_the_start_counts() {
        assert!(StorageLimit::new(Some(100)).take(1, || 100).is_err());
        assert_eq!(StorageLimit::new(Some(100)).take(1, || 99), Ok(()));
        assert_eq!(StorageLimit::new(None).take(u64::MAX, || u64::MAX), Ok(()));
    }
}
