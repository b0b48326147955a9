//! `Produce`: appends batches, and answers once they are durable.

use std::time::Duration;

use headrace_protocol::messages::{
    ProduceRequest, ProduceResponse,
    produce_request::{PartitionProduceData, TopicProduceData},
    produce_response::{BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse},
};
use headrace_records::BatchHeader;
use headrace_security::acls::AclOperation;
use headrace_transactions::Producer;
use headrace_types::{ErrorCode, PartitionIndex, TopicPartition};
use tokio::time::timeout;

use super::{Context, permissions::denied};
use crate::{
    access::check_writes,
    close::Close,
    limits::PRODUCE_WAIT_MAX,
    reply::Answer,
    topics::{Accepted, IMPLICIT_SINCE, ProduceRefusal, Produced, TopicRef},
    transactions::Admission,
};

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS_SINCE: i16 = 13;
/// From this version on clients know that a transaction can be aborted and the producer go on (KIP-890).
const ABORTABLE_SINCE: i16 = 11;
const ACKS_NONE: i16 = 0;
const ACKS_LEADER: i16 = 1;
const ACKS_ALL: i16 = -1;

/// A batch that was appended: where its row of the answer is, and what must be durable before the answer goes.
struct Pending {
    topic: usize,
    partition: usize,
    log: TopicPartition,
    end_offset: i64,
    journal_end: i64,
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: ProduceRequest<'a>,
) -> Result<Answer<ProduceResponse<'a>>, Close> {
    let acks = request.acks;
    let timeout_ms = request.timeout_ms;
    let principal = context.connection.principal();
    let transactional_id = request.transactional_id.as_deref();
    let produce = Produce { context, principal: principal.as_deref(), acks, transactional_id };
    let mut pending = Vec::new();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    if is_transactional(&request.topic_data) && !produce.may_be_transactional() {
        responses.extend(request.topic_data.into_iter().map(refused_topic));
    } else {
        for (number, topic) in request.topic_data.into_iter().enumerate() {
            responses.push(produce.append_topic(number, topic, &mut pending));
        }
    }
    if acks == ACKS_NONE {
        let failed =
            responses.iter().flat_map(|topic| &topic.partition_responses).any(|row| row.error_code != 0);
        return if failed { Err(Close::Unacknowledged) } else { Ok(Answer::Nothing) };
    }
    await_durable(context, timeout_ms, &pending, &mut responses).await;
    Ok(ProduceResponse { responses, ..Default::default() }.into())
}

/// Whether a batch of the request says that it belongs to a transaction.
fn is_transactional(topics: &[TopicProduceData<'_>]) -> bool {
    let mut batches =
        topics.iter().flat_map(|topic| &topic.partition_data).filter_map(|data| data.records.as_ref());
    batches
        .any(|records| BatchHeader::parse(records).is_some_and(|header| header.attributes.is_transactional()))
}

/// The same for every partition, whether there is one or not.
fn refused_topic(topic: TopicProduceData<'_>) -> TopicProduceResponse<'_> {
    let refused = |data: &PartitionProduceData| {
        let refusal = denied(ErrorCode::TransactionalIdAuthorizationFailed);
        let refusal = ProduceRefusal { message: Some(refusal.message), ..refusal.code.into() };
        refused_row(data.index, refusal)
    };
    TopicProduceResponse {
        partition_responses: topic.partition_data.iter().map(refused).collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    }
}

/// What all batches of a request have in common.
struct Produce<'c> {
    context: &'c Context<'c>,
    principal: Option<&'c str>,
    acks: i16,
    transactional_id: Option<&'c str>,
}

impl Produce<'_> {
    fn may_be_transactional(&self) -> bool {
        self.transactional_id.is_some_and(|id| self.context.may_on_transactional_id(AclOperation::Write, id))
    }

    fn append_topic<'a>(
        &self,
        number: usize,
        topic: TopicProduceData<'a>,
        pending: &mut Vec<Pending>,
    ) -> TopicProduceResponse<'a> {
        let context = self.context;
        let named = TopicRef::of(context.version, TOPIC_IDS_SINCE, &topic.name, topic.topic_id);
        let id = context.resolve_for(AclOperation::Write, named);
        let mut rows = Vec::with_capacity(topic.partition_data.len());
        let mut has_appended = false;
        for data in topic.partition_data {
            let log = id.map(|topic| TopicPartition { topic, partition: PartitionIndex::new(data.index) });
            let index = data.index;
            let accepted =
                log.map_err(ProduceRefusal::from).and_then(|log| Ok((log, self.append(log, data)?)));
            rows.push(match accepted {
                Ok((log, accepted)) => {
                    let end_offset = accepted.appended.last_offset + 1;
                    has_appended |= !accepted.appended.duplicate;
                    let journal_end = accepted.journal_end;
                    pending.push(Pending {
                        topic: number,
                        partition: rows.len(),
                        log,
                        end_offset,
                        journal_end,
                    });
                    accepted_row(index, &accepted)
                }
                Err(refusal) => refused_row(index, refusal),
            });
        }
        if let (true, Ok(id)) = (has_appended, id) {
            context.broker.count_produced(id, self.principal);
        }
        TopicProduceResponse { name: topic.name, topic_id: topic.topic_id, partition_responses: rows }
    }

    fn append(&self, log: TopicPartition, data: PartitionProduceData) -> Result<Accepted, ProduceRefusal> {
        if ![ACKS_NONE, ACKS_LEADER, ACKS_ALL].contains(&self.acks) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        check_writes(self.context.broker.security.access())?;
        let records = data.records.unwrap_or_default();
        let api_version = self.context.version;
        let produced = Produced { principal: self.principal, records: &records, api_version };
        self.context.broker.topics.append(log, produced, &|header| self.admit(log, header))
    }

    /// Whether a batch may be part of a transaction now.
    fn admit(&self, log: TopicPartition, header: &BatchHeader) -> Result<i64, ErrorCode> {
        let transactional_id = self.transactional_id.unwrap_or_default();
        let adds = self.context.version >= IMPLICIT_SINCE;
        let producer = Producer { id: header.producer_id.get(), epoch: header.producer_epoch.get() };
        let admitted =
            self.context.broker.transactions.admit(Admission { transactional_id, adds }, producer, log);
        admitted.map_err(|error| match error {
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            ErrorCode::TransactionAbortable if self.context.version < ABORTABLE_SINCE => {
                ErrorCode::InvalidTxnState
            }
            // Older clients would not try again.
            ErrorCode::ConcurrentTransactions if !adds => ErrorCode::NotEnoughReplicas,
            ErrorCode::CoordinatorNotAvailable => ErrorCode::NotEnoughReplicas,
            error => error,
        })
    }
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
    let journal_end = pending.iter().map(|pending| pending.journal_end).max().unwrap_or_default();
    let durable = async {
        topics.durable(&goals).await;
        context.broker.transactions.durable_to(journal_end).await;
    };
    let in_time = timeout(wait, durable).await.is_ok();
    let is_added = context.broker.transactions.is_durable_to(journal_end);
    for row in pending {
        let error = match (topics.exists(row.log), in_time) {
            (false, _) => ErrorCode::UnknownTopicOrPartition,
            (true, false) if !(is_added && topics.is_durable(row.log, row.end_offset)) => {
                ErrorCode::RequestTimedOut
            }
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
