//! The time, as it is passed in.

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; timers are set by it.
    pub monotonic_ms: u64,
    /// Milliseconds since the epoch; what is persisted is stamped with it.
    pub wall_ms: i64,
}

impl Now {
    pub(crate) fn after_ms(self, delay_ms: u64) -> u64 {
        self.monotonic_ms.saturating_add(delay_ms)
    }
}
