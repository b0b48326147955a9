//! How much memory bytes from outside may cost.

use crate::ALLOCATED;

/// What a target may allocate at once while it handles an input.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// However short the input is.
    pub floor_bytes: usize,
    /// For each byte of the input beside that.
    pub per_byte: usize,
}

/// What was seen of a target so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Inputs that were tried.
    pub executions: u64,
    /// The most that one of them had allocated at once.
    pub peak_bytes: usize,
    /// The most allocated beyond the floor, for each byte of the input, in thousandths.
    pub peak_per_byte_thousandths: usize,
}

impl Figures {
    fn count(&mut self, allowance: Allowance, length: usize, peak: usize) {
        self.executions += 1;
        self.peak_bytes = self.peak_bytes.max(peak);
        let beyond = peak.saturating_sub(allowance.floor_bytes);
        self.peak_per_byte_thousandths =
            self.peak_per_byte_thousandths.max(beyond.saturating_mul(1000) / length.max(1));
    }
}

impl Allowance {
    /// Runs what handles an input of `length` bytes.
    ///
    /// # Panics
    /// If it allocates more at once than is allowed.
    pub(crate) async fn hold<T>(
        self,
        length: usize,
        figures: &mut Figures,
        act: impl Future<Output = T>,
    ) -> T {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let outcome = act.await;
        let peak = ALLOCATED.peak_usage().saturating_sub(before);
        figures.count(self, length, peak);
        let most = self.floor_bytes.saturating_add(self.per_byte.saturating_mul(length));
        assert!(
            peak <= most,
            "{length} bytes made it allocate {peak} bytes at once, where {most} are allowed"
        );
        outcome
    }
}
