//! One allowance: it fills at its rate up to a burst, and may be overdrawn once, which has to be waited for.

use std::time::Duration;

/// A rate, and how much of it may be used at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Units a second; more than 0.
    pub rate: f64,
    /// Units that a rested bucket holds.
    pub burst: f64,
}

/// What is left of an allowance. Time is monotonic, from any start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Units left; below 0 what was overdrawn.
    level: f64,
    filled_at: Duration,
}

impl Allowance {
    /// A rate with a burst of so many seconds of it.
    #[must_use]
    pub fn per_second(rate: f64, burst_seconds: f64) -> Self {
        Self { rate, burst: rate * burst_seconds }
    }
}

impl Bucket {
    /// A rested bucket.
    #[must_use]
    pub fn full(allowance: Allowance, now: Duration) -> Self {
        Self { level: allowance.burst, filled_at: now }
    }

    /// Takes some units, however few are left, and answers how long to wait until nothing is overdrawn.
    pub fn spend(&mut self, amount: f64, allowance: Allowance, now: Duration) -> Duration {
        self.fill(allowance, now);
        self.level -= amount;
        self.wait(allowance)
    }

    /// Takes some units unless the bucket is overdrawn; otherwise answers how long to wait.
    pub fn try_spend(&mut self, amount: f64, allowance: Allowance, now: Duration) -> Result<(), Duration> {
        self.fill(allowance, now);
        if self.level < 0.0 {
            return Err(self.wait(allowance));
        }
        self.level -= amount;
        Ok(())
    }

    /// Whether nothing of the burst is used.
    #[must_use]
    pub fn is_rested(&self, allowance: Allowance, now: Duration) -> bool {
        let mut filled = *self;
        filled.fill(allowance, now);
        filled.level >= allowance.burst
    }

    fn fill(&mut self, allowance: Allowance, now: Duration) {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.level = (self.level + passed * allowance.rate).min(allowance.burst);
        self.filled_at = self.filled_at.max(now);
    }

    fn wait(&self, allowance: Allowance) -> Duration {
        let seconds = (-self.level).max(0.0) / allowance.rate;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}
