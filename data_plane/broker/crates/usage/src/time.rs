//! Where windows end.

use crate::limits::WINDOW_SECONDS_MAX;

/// No window crosses a multiple of this, in ms.
const HOUR_MS: i64 = WINDOW_SECONDS_MAX as i64 * 1000;

/// What the clocks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the Unix epoch; may jump either way.
    pub wall_ms: i64,
    /// Milliseconds since some fixed moment; never goes back.
    pub mono_ms: i64,
}

/// How long windows are: a divisor of the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLength(i64);

impl WindowLength {
    /// A minute.
    pub const MINUTE: Self = Self(60_000);

    /// A length of 1 to [`WINDOW_SECONDS_MAX`] seconds that divides the hour; `None` for any other.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Option<Self> {
        let divides = seconds > 0 && WINDOW_SECONDS_MAX.is_multiple_of(seconds);
        divides.then_some(Self(i64::from(seconds) * 1000))
    }

    /// The length in ms.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The first end of a window after `at_ms`.
    pub(crate) fn end_after(self, at_ms: i64) -> i64 {
        next_multiple(at_ms, self.0)
    }
}

/// The end of the hour that `at_ms` lies in.
pub(crate) fn hour_end_after(at_ms: i64) -> i64 {
    next_multiple(at_ms, HOUR_MS)
}

fn next_multiple(at_ms: i64, step_ms: i64) -> i64 {
    (at_ms.div_euclid(step_ms) + 1) * step_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_divide_the_hour() {
        for seconds in [1, 2, 60, 900, 3600] {
            assert_eq!(WindowLength::from_seconds(seconds).unwrap().ms(), i64::from(seconds) * 1000);
        }
        for seconds in [0, 7, 61, 3601, 7200] {
            assert_eq!(WindowLength::from_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn windows_end_at_multiples_before_the_epoch_too() {
        let minute = WindowLength::from_seconds(60).unwrap();
        assert_eq!(minute.end_after(0), 60_000);
        assert_eq!(minute.end_after(59_999), 60_000);
        assert_eq!(minute.end_after(60_000), 120_000);
        assert_eq!(minute.end_after(-1), 0);
        assert_eq!(hour_end_after(HOUR_MS - 1), HOUR_MS);
    }
}
