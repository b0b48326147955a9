//! What a job prints.

use serde::Serialize;

use crate::histogram::{Histogram, Summary};
use crate::process::Cost;

/// MB are 2^20 bytes.
const MB: f64 = 1_048_576.0;

/// What was measured between the end of the warm-up and the end.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) produce: Option<Flow>,
    pub(crate) consume: Option<Flow>,
    /// What the broker's process cost meanwhile.
    pub(crate) broker: Cost,
    /// What this process cost meanwhile.
    pub(crate) load: Cost,
}

/// One direction. Bytes are those of record batches.
#[derive(Debug, Serialize)]
pub(crate) struct Flow {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) mb_per_second: f64,
    #[serde(flatten)]
    pub(crate) latency: Summary,
}

/// What a connection counts while it is measured.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) latencies: Histogram,
    pub(crate) bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.latencies.add(&other.latencies);
        self.bytes += other.bytes;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement are far below 2^52")]
    pub(crate) fn flow(&self, seconds: f64) -> Flow {
        let requests = self.latencies.count();
        Flow {
            requests,
            bytes: self.bytes,
            requests_per_second: (requests as f64 / seconds).round(),
            mb_per_second: (self.bytes as f64 / MB / seconds * 10.0).round() / 10.0,
            latency: self.latencies.summary(),
        }
    }
}
