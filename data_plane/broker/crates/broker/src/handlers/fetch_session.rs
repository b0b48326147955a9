//! The part of `Fetch` that sessions are about (KIP-227): which partitions a request means, and which of them the answer tells.

use std::rc::Rc;

use headrace_fetch::{Ask, Begun, PartitionKey, PartitionState, SessionRequest, TopicKey};
use headrace_protocol::messages::{
    FetchRequest, FetchResponse,
    fetch_request::{FetchPartition, FetchTopic, ForgottenTopic},
    fetch_response::{FetchableTopicResponse, PartitionData},
};
use headrace_types::ErrorCode;
use uuid::Uuid;

use super::Context;

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS_SINCE: i16 = 13;

/// What is to be read for a request; the error is one for the request as a whole.
pub(super) fn begin(context: &Context<'_>, request: FetchRequest<'_>) -> Result<Begun, ErrorCode> {
    let uses_topic_ids = context.version >= TOPIC_IDS_SINCE;
    let owner = context.connection.with_principal(|principal| principal.unwrap_or_default().into());
    context.broker.fetch_sessions.begin(SessionRequest {
        owner,
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        uses_topic_ids,
        asks: request.topics.into_iter().flat_map(|topic| asks(uses_topic_ids, topic)).collect(),
        forgotten: request
            .forgotten_topics_data
            .into_iter()
            .flat_map(|topic| keys(uses_topic_ids, topic))
            .collect(),
    })
}

fn topic_key(uses_topic_ids: bool, name: &str, id: Uuid) -> TopicKey {
    if uses_topic_ids { TopicKey::Id(id.into()) } else { TopicKey::Name(Rc::from(name)) }
}

fn asks(uses_topic_ids: bool, topic: FetchTopic<'_>) -> impl Iterator<Item = Ask> {
    let key = topic_key(uses_topic_ids, &topic.topic, topic.topic_id);
    topic.partitions.into_iter().map(move |wanted: FetchPartition| Ask {
        key: PartitionKey { topic: key.clone(), partition: wanted.partition },
        offset: wanted.fetch_offset,
        bytes_max: wanted.partition_max_bytes,
        current_leader_epoch: wanted.current_leader_epoch,
        last_fetched_epoch: wanted.last_fetched_epoch,
    })
}

fn keys(uses_topic_ids: bool, topic: ForgottenTopic<'_>) -> impl Iterator<Item = PartitionKey> {
    let key = topic_key(uses_topic_ids, &topic.topic, topic.topic_id);
    topic.partitions.into_iter().map(move |partition| PartitionKey { topic: key.clone(), partition })
}

/// The answer with what was read, one row for each ask.
pub(super) fn finish(
    context: &Context<'_>,
    begun: &Begun,
    rows: Vec<PartitionData>,
) -> FetchResponse<'static> {
    let states: Vec<PartitionState> = rows.iter().map(state).collect();
    let told = match context.broker.fetch_sessions.finish(begun, &states) {
        Ok(told) => told,
        Err(error) => return refusal(error),
    };
    let mut responses: Vec<FetchableTopicResponse<'static>> = Vec::new();
    let mut last = None;
    let rows = begun.asks.iter().zip(rows).zip(told.included);
    for ((ask, row), _) in rows.filter(|(_, included)| *included) {
        let topic = &ask.key.topic;
        match responses.last_mut().filter(|_| last == Some(topic)) {
            Some(response) => response.partitions.push(row),
            None => responses.push(topic_response(topic, row)),
        }
        last = Some(topic);
    }
    FetchResponse { session_id: told.session_id, responses, ..Default::default() }
}

fn topic_response(topic: &TopicKey, row: PartitionData) -> FetchableTopicResponse<'static> {
    let (name, topic_id) = match topic {
        TopicKey::Name(name) => (name.to_string(), Uuid::nil()),
        TopicKey::Id(id) => (String::new(), id.uuid()),
    };
    FetchableTopicResponse { topic: name.into(), topic_id, partitions: vec![row] }
}

fn state(row: &PartitionData) -> PartitionState {
    let failed = row.error_code != ErrorCode::None.code();
    PartitionState {
        has_records: row.records.as_ref().is_some_and(|records| !records.is_empty()),
        has_news: failed || row.diverging_epoch.end_offset >= 0,
        failed,
        high_watermark: row.high_watermark,
        log_start_offset: row.log_start_offset,
    }
}

/// An answer that says only why there is no other.
pub(super) fn refusal(error: ErrorCode) -> FetchResponse<'static> {
    FetchResponse { error_code: error.code(), ..Default::default() }
}
