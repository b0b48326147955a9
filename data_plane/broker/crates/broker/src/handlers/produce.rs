//! `Produce`: appends batches, and answers once they are durable.

use std::time::Duration;

use headrace_protocol::messages::{
    ProduceRequest, ProduceResponse,
    produce_request::{PartitionProduceData, TopicProduceData},
    produce_response::{BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicPartition};
use tokio::time::timeout;

use super::Context;
use crate::{
    close::Close,
    limits::PRODUCE_WAIT_MAX,
    reply::Answer,
    topics::{Accepted, ProduceRefusal, TopicRef},
};

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS_SINCE: i16 = 13;
const ACKS_NONE: i16 = 0;
const ACKS_LEADER: i16 = 1;
const ACKS_ALL: i16 = -1;

/// A batch that was appended: where its row of the answer is, and what must be durable before the answer goes.
struct Pending {
    topic: usize,
    partition: usize,
    log: TopicPartition,
    end_offset: i64,
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: ProduceRequest<'a>,
) -> Result<Answer<ProduceResponse<'a>>, Close> {
    let acks = request.acks;
    let timeout_ms = request.timeout_ms;
    let principal = context.connection.principal();
    let mut pending = Vec::new();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for (number, topic) in request.topic_data.into_iter().enumerate() {
        responses.push(append_topic(context, principal.as_deref(), acks, number, topic, &mut pending));
    }
    if acks == ACKS_NONE {
        let failed =
            responses.iter().flat_map(|topic| &topic.partition_responses).any(|row| row.error_code != 0);
        return if failed { Err(Close::Unacknowledged) } else { Ok(Answer::Nothing) };
    }
    await_durable(context, timeout_ms, &pending, &mut responses).await;
    Ok(ProduceResponse { responses, ..Default::default() }.into())
}

fn append_topic<'a>(
    context: &Context<'_>,
    principal: Option<&str>,
    acks: i16,
    number: usize,
    topic: TopicProduceData<'a>,
    pending: &mut Vec<Pending>,
) -> TopicProduceResponse<'a> {
    let named = TopicRef::of(context.version, TOPIC_IDS_SINCE, &topic.name, topic.topic_id);
    let id = context.resolve_for(AclOperation::Write, named);
    let mut rows = Vec::with_capacity(topic.partition_data.len());
    let mut has_appended = false;
    for data in topic.partition_data {
        let log = id.map(|topic| TopicPartition { topic, partition: PartitionIndex::new(data.index) });
        let index = data.index;
        let accepted = log
            .map_err(ProduceRefusal::from)
            .and_then(|log| Ok((log, append(context, principal, acks, log, data)?)));
        rows.push(match accepted {
            Ok((log, accepted)) => {
                let end_offset = accepted.appended.last_offset + 1;
                has_appended |= !accepted.appended.duplicate;
                pending.push(Pending { topic: number, partition: rows.len(), log, end_offset });
                accepted_row(index, &accepted)
            }
            Err(refusal) => refused_row(index, refusal),
        });
    }
    if let (true, Ok(id)) = (has_appended, id) {
        context.broker.count_produced(id, principal);
    }
    TopicProduceResponse { name: topic.name, topic_id: topic.topic_id, partition_responses: rows }
}

fn append(
    context: &Context<'_>,
    principal: Option<&str>,
    acks: i16,
    log: TopicPartition,
    data: PartitionProduceData,
) -> Result<Accepted, ProduceRefusal> {
    if ![ACKS_NONE, ACKS_LEADER, ACKS_ALL].contains(&acks) {
        return Err(ErrorCode::InvalidRequiredAcks.into());
    }
    context.broker.access.get().check_writes()?;
    let records = data.records.unwrap_or_default();
    context.broker.topics.append(principal, log, &records, context.version)
}

async fn await_durable(
    context: &Context<'_>,
    timeout_ms: i32,
    pending: &[Pending],
    responses: &mut [TopicProduceResponse<'_>],
) {
    let topics = &context.broker.topics;
    let goals: Vec<_> = pending.iter().map(|pending| (pending.log, pending.end_offset)).collect();
    let wait = Duration::from_millis(timeout_ms.max(0) as u64).min(PRODUCE_WAIT_MAX);
    let in_time = timeout(wait, topics.durable(&goals)).await.is_ok();
    for row in pending {
        let error = match (topics.exists(row.log), in_time) {
            (false, _) => ErrorCode::UnknownTopicOrPartition,
            (true, false) if !topics.is_durable(row.log, row.end_offset) => ErrorCode::RequestTimedOut,
            (true, _) => continue,
        };
        let response = &mut responses[row.topic].partition_responses[row.partition];
        *response = refused_row(response.index, error.into());
    }
}

fn accepted_row<'a>(index: i32, accepted: &Accepted) -> PartitionProduceResponse<'a> {
    PartitionProduceResponse {
        index,
        base_offset: accepted.appended.base_offset,
        log_append_time_ms: if accepted.append_time { accepted.appended.max_timestamp } else { -1 },
        log_start_offset: accepted.log_start_offset,
        ..Default::default()
    }
}

fn refused_row<'a>(index: i32, refusal: ProduceRefusal) -> PartitionProduceResponse<'a> {
    let records = refusal.records.iter().map(|record| BatchIndexAndErrorMessage {
        batch_index: record.index,
        batch_index_error_message: Some(record.detail.into()),
    });
    PartitionProduceResponse {
        index,
        error_code: refusal.code.code(),
        base_offset: -1,
        record_errors: records.collect(),
        error_message: refusal.message.map(Into::into),
        ..Default::default()
    }
}
