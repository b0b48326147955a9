//! Requests and states as the tests need them.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by several test programs")]

use headrace_fetch::{Ask, PartitionKey, PartitionState, SessionConfig, SessionRequest, TopicKey};
use headrace_types::TopicId;

pub const SAFE_MS: u64 = 120_000;

pub fn config(sessions_max: usize, bytes_max: usize) -> SessionConfig {
    SessionConfig { sessions_max, bytes_max, safe_ms: SAFE_MS }
}

pub fn key(partition: i32) -> PartitionKey {
    PartitionKey { topic: TopicKey::Name("topic".into()), partition }
}

pub fn key_by_id(partition: i32) -> PartitionKey {
    PartitionKey { topic: TopicKey::Id(TopicId::from_random([7; 16])), partition }
}

pub fn ask(partition: i32, offset: i64) -> Ask {
    Ask { key: key(partition), offset, bytes_max: 1_000, current_leader_epoch: -1, last_fetched_epoch: -1 }
}

pub fn asks(partitions: impl IntoIterator<Item = i32>) -> Vec<Ask> {
    partitions.into_iter().map(|partition| ask(partition, 0)).collect()
}

pub fn request(session_id: i32, session_epoch: i32, asks: Vec<Ask>) -> SessionRequest {
    SessionRequest {
        owner: "User:one".into(),
        session_id,
        session_epoch,
        uses_topic_ids: false,
        asks,
        forgotten: Vec::new(),
    }
}

/// Nothing to read up to this high watermark.
pub fn quiet(high_watermark: i64) -> PartitionState {
    PartitionState { has_records: false, has_news: false, failed: false, high_watermark, log_start_offset: 0 }
}

pub fn loud(high_watermark: i64) -> PartitionState {
    PartitionState { has_records: true, ..quiet(high_watermark) }
}

pub fn failed() -> PartitionState {
    PartitionState { has_news: true, failed: true, log_start_offset: -1, ..quiet(-1) }
}

/// Ids that count up.
pub fn ids() -> impl FnMut() -> i32 {
    let mut last = 0;
    move || {
        last += 1;
        last
    }
}
