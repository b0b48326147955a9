//! The disk-full reserve: appends are refused while there is still room to delete, checkpoint and commit offsets in.

use headrace_io::DiskSpace;

use crate::limits::{
    DISK_CHECK_INTERVAL_BYTES, DISK_CHECK_INTERVAL_MS, DISK_RESERVE_BYTES_MAX, DISK_RESERVE_DIVISOR,
};

/// Decides whether appends are allowed, and when free space is to be looked at again.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskGauge {
    /// Bytes that may still be appended before the next look.
    allowance_bytes: u64,
    /// Bytes that something else is about to take.
    promised_bytes: u64,
    looked_at_ms: Option<u64>,
}

impl DiskGauge {
    /// Whether free space must be looked at before `bytes` more are appended.
    #[must_use]
    pub fn is_due(&self, bytes: u64, mono_ms: u64) -> bool {
        let stale = |at: u64| mono_ms.saturating_sub(at) >= DISK_CHECK_INTERVAL_MS;
        bytes > self.allowance_bytes || self.looked_at_ms.is_none_or(stale)
    }

    /// Something else is about to take room: appends may not have it, until [`Self::forget`].
    pub fn promise(&mut self, bytes: u64) {
        self.promised_bytes = bytes;
        self.allowance_bytes = self.allowance_bytes.saturating_sub(bytes);
    }

    /// Forgets what was seen and promised: something else has taken room, or has not.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes note of the space that is left, before `bytes` are appended.
    pub fn looked(&mut self, space: DiskSpace, bytes: u64, mono_ms: u64) {
        let above = space.free_bytes.saturating_sub(reserve_bytes(space)).saturating_sub(self.promised_bytes);
        self.allowance_bytes = above.min(DISK_CHECK_INTERVAL_BYTES.max(bytes));
        self.looked_at_ms = Some(mono_ms);
    }

    /// Spends `bytes`; false if that would eat into the reserve.
    pub fn spend(&mut self, bytes: u64) -> bool {
        let Some(left) = self.allowance_bytes.checked_sub(bytes) else { return false };
        self.allowance_bytes = left;
        true
    }
}

/// Bytes that are kept free: 5 % of the file system, at most 1 GiB.
#[must_use]
pub fn reserve_bytes(space: DiskSpace) -> u64 {
    (space.total_bytes / DISK_RESERVE_DIVISOR).min(DISK_RESERVE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_stop_at_the_reserve_and_go_on_when_there_is_room() {
        let mut gauge = DiskGauge::default();
        assert!(gauge.is_due(1, 0));
        gauge.looked(DiskSpace { free_bytes: 600, total_bytes: 10_000 }, 1, 0);
        assert!(gauge.spend(100));
        assert!(gauge.is_due(1, 1) && !gauge.spend(1));
        gauge.looked(DiskSpace { free_bytes: 500, total_bytes: 10_000 }, 1, 1);
        assert!(!gauge.spend(1));
        gauge.looked(DiskSpace { free_bytes: 5_000, total_bytes: 10_000 }, 1, 2);
        assert!(gauge.spend(4_000));
    }

    #[test]
    fn space_is_looked_at_again_after_a_while_and_after_many_bytes() {
        let mut gauge = DiskGauge::default();
        gauge.looked(DiskSpace { free_bytes: u64::MAX, total_bytes: u64::MAX }, 1, 0);
        assert!(!gauge.is_due(DISK_CHECK_INTERVAL_BYTES, 10));
        assert!(gauge.is_due(DISK_CHECK_INTERVAL_BYTES + 1, 10));
        assert!(gauge.is_due(1, DISK_CHECK_INTERVAL_MS));
        gauge.forget();
        assert!(gauge.is_due(1, 11));
    }

    #[test]
    fn what_is_promised_to_something_else_is_not_appended() {
        let mut gauge = DiskGauge::default();
        let space = DiskSpace { free_bytes: 1_000, total_bytes: 10_000 };
        gauge.looked(space, 1, 0);
        gauge.promise(300);
        assert!(gauge.spend(200) && !gauge.spend(1));
        gauge.looked(space, 1, 1);
        assert!(gauge.spend(200) && !gauge.spend(1));
        gauge.forget();
        gauge.looked(space, 1, 2);
        assert!(gauge.spend(500));
    }
}
