//! Time: monotonic for durations and deadlines, wall for timestamps that people and records see.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Source of time.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn mono(&self) -> Duration;

    /// Milliseconds since the Unix epoch; may jump either way.
    fn wall_ms(&self) -> i64;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where the Clock trait meets the machine")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn mono(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the Clock trait meets the machine")]
    fn wall_ms(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or_default()
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<(Duration, i64)>,
}

impl ManualClock {
    /// A clock at monotonic zero and the given wall time.
    #[must_use]
    pub fn at(wall_ms: i64) -> Self {
        Self { now: Mutex::new((Duration::ZERO, wall_ms)) }
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        now.0 += by;
        now.1 += by.as_millis() as i64;
    }

    /// Sets the wall clock forward or back, as an administrator does.
    pub fn step_wall(&self, by_ms: i64) {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1 += by_ms;
    }
}

impl Clock for ManualClock {
    fn mono(&self) -> Duration {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn wall_ms(&self) -> i64 {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told() {
        let clock = ManualClock::at(1_000);
        clock.advance(Duration::from_millis(250));
        assert_eq!((clock.mono(), clock.wall_ms()), (Duration::from_millis(250), 1_250));
        clock.step_wall(-1_000);
        assert_eq!((clock.mono(), clock.wall_ms()), (Duration::from_millis(250), 250));
    }

    #[test]
    fn the_system_clock_never_goes_back() {
        let clock = SystemClock::new();
        let before = clock.mono();
        assert!(clock.mono() >= before);
        assert!(clock.wall_ms() > 1_700_000_000_000);
    }
}
