//! `DescribeProducers` (KIP-664): the producers that partitions remember, and where their open transactions began.

use headrace_log::ProducerView;
use headrace_protocol::messages::{
    DescribeProducersRequest, DescribeProducersResponse,
    describe_producers_request::TopicRequest,
    describe_producers_response::{PartitionResponse, ProducerState, TopicResponse},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicId, TopicPartition};

use super::{Context, permissions::denied};
use crate::{
    close::Close,
    limits::DESCRIBED_PRODUCERS_MAX,
    reply::Answer,
    topics::{Refusal, TopicRef},
};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeProducersRequest<'a>,
) -> Result<Answer<DescribeProducersResponse<'a>>, Close> {
    let mut room = DESCRIBED_PRODUCERS_MAX;
    let topics = request.topics.into_iter().map(|topic| of_topic(context, topic, &mut room)).collect();
    Ok(DescribeProducersResponse { topics, ..Default::default() }.into())
}

fn of_topic<'a>(context: &Context<'_>, topic: TopicRequest<'a>, room: &mut usize) -> TopicResponse<'a> {
    let id = context.resolve_for(AclOperation::Read, TopicRef::Name(&topic.name));
    let rows = topic.partition_indexes.iter().map(|index| {
        let refused = |code| match code {
            ErrorCode::TopicAuthorizationFailed => denied(code),
            code => Refusal::new(code, "there is no such partition"),
        };
        let producers = id.map_err(refused).and_then(|id| of_partition(context, id, *index, room));
        let (error, active_producers) =
            producers.map_or_else(|error| (Some(error), Vec::new()), |found| (None, found));
        PartitionResponse {
            partition_index: *index,
            error_code: error.as_ref().map_or(ErrorCode::None, |error| error.code).code(),
            error_message: error.map(|error| error.message.into()),
            active_producers,
        }
    });
    let partitions = rows.collect();
    TopicResponse { name: topic.name, partitions }
}

fn of_partition(
    context: &Context<'_>,
    topic: TopicId,
    index: i32,
    room: &mut usize,
) -> Result<Vec<ProducerState>, Refusal> {
    let partition = TopicPartition { topic, partition: PartitionIndex::new(index) };
    let described = context.broker.topics.with_log(partition, |log| {
        let left = room.checked_sub(log.producers_count())?;
        *room = left;
        Some(log.producers().map(state).collect())
    });
    let unknown = |code| Refusal::new(code, "there is no such partition, or it can not be read");
    described.map_err(unknown)?.ok_or_else(|| {
        let message = format!(
            "one answer has at most {DESCRIBED_PRODUCERS_MAX} producers: ask for fewer partitions at once"
        );
        Refusal::new(ErrorCode::InvalidRequest, message)
    })
}

fn state(producer: ProducerView) -> ProducerState {
    ProducerState {
        producer_id: producer.id,
        producer_epoch: producer.epoch.into(),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_first_offset,
    }
}
