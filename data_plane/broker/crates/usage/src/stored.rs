//! What is kept on disk, as JSON.

use std::collections::BTreeMap;

use headrace_types::{PartitionIndex, TopicPartition};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{topic_id, window::Window};

/// A payload that was not written by this format.
#[derive(Debug, thiserror::Error)]
#[error("not a {what}: {source}")]
pub struct FormatError {
    what: &'static str,
    source: serde_json::Error,
}

/// A closed window, and when the one after it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedWindow {
    /// The window.
    pub window: Window,
    /// Later than the window's end if the broker did not run in between.
    pub next_started_at_ms: i64,
}

/// What is known of the windows up to one of them, whose files may then go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMeter {
    /// Names the sequence of windows; made once.
    pub meter_id: Uuid,
    /// Windows up to this one are acknowledged.
    pub acknowledged_through: u64,
    /// Cursors and times are those after this window.
    pub through: u64,
    /// When the window after it began, in ms since the Unix epoch.
    pub next_started_at_ms: i64,
    /// By partition: the end of its last range.
    pub cursors: BTreeMap<TopicPartition, i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterDocument {
    meter_id: Uuid,
    acknowledged_through: u64,
    through: u64,
    next_started_at_ms: i64,
    cursors: BTreeMap<String, BTreeMap<i32, i64>>,
}

impl ClosedWindow {
    /// The payload of the window's file.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        encode(self, "usage window")
    }

    /// Reads the payload of a window's file.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        decode(payload, "usage window")
    }
}

impl StoredMeter {
    /// The payload of the meter's file.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let mut cursors: BTreeMap<String, BTreeMap<i32, i64>> = BTreeMap::new();
        for (log, offset) in &self.cursors {
            let topic = cursors.entry(topic_id::encode(log.topic)).or_default();
            topic.insert(log.partition.get(), *offset);
        }
        let document = MeterDocument {
            meter_id: self.meter_id,
            acknowledged_through: self.acknowledged_through,
            through: self.through,
            next_started_at_ms: self.next_started_at_ms,
            cursors,
        };
        encode(&document, "usage meter")
    }

    /// Reads the payload of the meter's file.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        let document: MeterDocument = decode(payload, "usage meter")?;
        let mut cursors = BTreeMap::new();
        for (text, partitions) in document.cursors {
            let topic = topic_id::decode(&text).ok_or_else(|| {
                let source = serde::de::Error::custom(format!("{text:?} is no topic id"));
                FormatError { what: "usage meter", source }
            })?;
            for (index, offset) in partitions {
                cursors.insert(TopicPartition { topic, partition: PartitionIndex::new(index) }, offset);
            }
        }
        Ok(Self {
            meter_id: document.meter_id,
            acknowledged_through: document.acknowledged_through,
            through: document.through,
            next_started_at_ms: document.next_started_at_ms,
            cursors,
        })
    }
}

pub(crate) fn encode(value: &impl Serialize, what: &'static str) -> Result<Vec<u8>, FormatError> {
    serde_json::to_vec(value).map_err(|source| FormatError { what, source })
}

pub(crate) fn decode<T: DeserializeOwned>(payload: &[u8], what: &'static str) -> Result<T, FormatError> {
    serde_json::from_slice(payload).map_err(|source| FormatError { what, source })
}
