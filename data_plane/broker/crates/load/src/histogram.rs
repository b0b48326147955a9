//! Latencies in buckets of at most 1.6 % width, whatever their size.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each power of two.
const FINE: u64 = 64;
const FINE_BITS: u32 = FINE.trailing_zeros();
/// Nanoseconds of every `u64` find a bucket.
const BUCKETS: usize = (64 - FINE_BITS as usize + 1) * FINE as usize;

/// A histogram of durations.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_ns: u64,
}

/// What is told of a histogram, in microseconds.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the JSON that is printed say their unit")]
pub(crate) struct Summary {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) max_us: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max_ns: 0 }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, duration: Duration) {
        let ns = duration.as_nanos() as u64;
        self.counts[bucket(ns)] += 1;
        self.total += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    pub(crate) fn count(&self) -> u64 {
        self.total
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            p50_us: self.quantile_us(0.5),
            p99_us: self.quantile_us(0.99),
            p999_us: self.quantile_us(0.999),
            max_us: us(self.max_ns),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement are far below 2^52")]
    fn quantile_us(&self, quantile: f64) -> f64 {
        let rank = (self.total as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                return us(upper_ns(bucket).min(self.max_ns));
            }
        }
        us(self.max_ns)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a microsecond is exact enough")]
fn us(ns: u64) -> f64 {
    (ns / 100) as f64 / 10.0
}

fn bucket(ns: u64) -> usize {
    if ns < FINE {
        return ns as usize;
    }
    let shift = ns.ilog2() - FINE_BITS;
    ((u64::from(shift) + 1) * FINE + ((ns >> shift) - FINE)) as usize
}

/// The largest duration that falls into a bucket.
fn upper_ns(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < FINE {
        return bucket;
    }
    let (shift, fine) = (bucket / FINE - 1, bucket % FINE);
    ((FINE + fine) << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_bounds_and_is_narrow() {
        for ns in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 10_000_000_000, u64::MAX] {
            let upper = upper_ns(bucket(ns));
            assert!(upper >= ns && upper - ns <= ns / 63, "{ns} {upper}");
            assert_eq!(bucket(upper), bucket(ns));
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut halves = [Histogram::default(), Histogram::default()];
        for us in 1..=1_000 {
            halves[us as usize % 2].record(Duration::from_micros(us));
        }
        let [mut all, other] = halves;
        all.add(&other);
        let summary = all.summary();
        assert_eq!(all.count(), 1_000);
        assert!((summary.p50_us - 500.0).abs() < 9.0, "{summary:?}");
        assert!((summary.p99_us - 990.0).abs() < 17.0, "{summary:?}");
        assert!((summary.max_us - 1_000.0).abs() < f64::EPSILON, "{summary:?}");
    }
}
