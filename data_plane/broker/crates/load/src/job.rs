//! What is measured.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::error::LoadError;

/// Bytes that one request may carry.
const REQUEST_BYTES_MAX: usize = 8 << 20;
const CONNECTIONS_MAX: usize = 1_000;
const IN_FLIGHT_MAX: usize = 10_000;
const SECONDS_MAX: f64 = 1_200.0;

/// One measurement: producing, consuming, or both at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// Where the broker listens.
    pub(crate) address: SocketAddr,
    /// The broker's process, whose cost is told.
    pub(crate) pid: u32,
    /// Seconds of load before the measurement begins.
    pub(crate) warmup_seconds: f64,
    /// Seconds that are measured.
    pub(crate) seconds: f64,
    /// What is written.
    pub(crate) produce: Option<Produce>,
    /// What is read.
    pub(crate) consume: Option<Consume>,
}

/// Requests with one batch for one partition each, to the partitions in turn, acknowledged by all replicas.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Produce {
    pub(crate) topic: String,
    pub(crate) partitions: i32,
    pub(crate) connections: usize,
    /// Unanswered requests of all connections together.
    pub(crate) in_flight: usize,
    /// Records in a batch.
    pub(crate) records: usize,
    /// Bytes of each record's value.
    pub(crate) value_bytes: usize,
    /// Requests a second of all connections together; as many as are answered if it is missing. With a rate the latency counts
    /// from when a request was due.
    pub(crate) rate: Option<f64>,
    /// Ends the job once so many bytes of values were acknowledged, warm-up included.
    pub(crate) bytes: Option<u64>,
    /// Milliseconds since the Unix epoch that records carry; now if it is missing.
    pub(crate) timestamp_ms: Option<i64>,
}

/// Connections that each read a whole topic from its start, one request after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consume {
    pub(crate) topic: String,
    pub(crate) partitions: i32,
    pub(crate) connections: usize,
    /// Bytes asked for at once.
    pub(crate) fetch_bytes: i32,
    /// What to do at the end of a partition: begin again, or wait for more.
    pub(crate) at_end: AtEnd,
    /// Ends the job once so many bytes were read, warm-up included.
    pub(crate) bytes: Option<u64>,
}

/// What a consumer does at the end.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtEnd {
    Rewind,
    Wait,
}

impl Job {
    /// Refuses what would measure nothing or take the machine.
    pub(crate) fn check(&self) -> Result<(), LoadError> {
        let ensure = |holds, what: &str| if holds { Ok(()) } else { Err(LoadError::Job(what.to_owned())) };
        ensure(self.address.ip().is_loopback(), "load goes to a loopback address only")?;
        ensure((0.0..=SECONDS_MAX).contains(&self.warmup_seconds), "warmup_seconds is out of bounds")?;
        ensure(self.seconds > 0.0 && self.seconds <= SECONDS_MAX, "seconds is out of bounds")?;
        ensure(self.produce.is_some() || self.consume.is_some(), "neither produce nor consume")?;
        if let Some(produce) = &self.produce {
            let connections = (1..=CONNECTIONS_MAX).contains(&produce.connections);
            let in_flight = (produce.connections..=IN_FLIGHT_MAX).contains(&produce.in_flight);
            ensure(connections && in_flight && produce.partitions > 0, "produce: counts are out of bounds")?;
            let bytes = produce.records.saturating_mul(produce.value_bytes);
            ensure(produce.records > 0 && bytes <= REQUEST_BYTES_MAX, "produce: a batch is too large")?;
            ensure(produce.rate.is_none_or(|rate| rate > 0.0), "produce: rate is not above 0")?;
        }
        if let Some(consume) = &self.consume {
            let counts = (1..=CONNECTIONS_MAX).contains(&consume.connections) && consume.partitions > 0;
            ensure(counts, "consume: counts are out of bounds")?;
            let bytes = (1..=REQUEST_BYTES_MAX as i32).contains(&consume.fetch_bytes);
            ensure(bytes, "consume: fetch_bytes is out of bounds")?;
        }
        Ok(())
    }

    pub(crate) fn warmup(&self) -> Duration {
        Duration::from_secs_f64(self.warmup_seconds)
    }

    pub(crate) fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(text: &str) -> Result<(), LoadError> {
        serde_json::from_str::<Job>(text).map_err(|error| LoadError::Job(error.to_string()))?.check()
    }

    fn with(address: &str, produce: &str) -> String {
        format!(
            r#"{{"address": "{address}", "pid": 1, "warmup_seconds": 0, "seconds": 1, "produce": {produce}}}"#
        )
    }

    #[test]
    fn what_measures_nothing_or_goes_elsewhere_is_refused() {
        let sound = r#"{"topic": "t", "partitions": 1, "connections": 1, "in_flight": 1, "records": 1, "value_bytes": 9}"#;
        job(&with("127.0.0.1:1", sound)).unwrap();
        let elsewhere = job(&with("192.0.2.1:1", sound)).unwrap_err();
        assert!(elsewhere.to_string().contains("loopback"));
        for (from, to) in [
            ("\"in_flight\": 1", "\"in_flight\": 0"),
            ("\"records\": 1", "\"records\": 100000000"),
            ("\"partitions\": 1", "\"partitions\": 0"),
            ("\"topic\"", "\"surprise\": 1, \"topic\""),
        ] {
            assert!(job(&with("127.0.0.1:1", &sound.replace(from, to))).is_err(), "{to}");
        }
        assert!(job(&with("127.0.0.1:1", "null")).unwrap_err().to_string().contains("neither"));
    }
}
