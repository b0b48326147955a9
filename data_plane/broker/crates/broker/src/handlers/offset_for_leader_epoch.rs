//! `OffsetForLeaderEpoch`: where a leader epoch ended, so that a client finds out whether its log was cut off (KIP-320).

use headrace_protocol::messages::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
    offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, LeaderEpoch, PartitionIndex, TopicId, TopicPartition};

use super::Context;
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, read::check_epoch},
};

/// Epoch and offset where nothing is known.
const NOTHING: (i32, i64) = (-1, -1);

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: OffsetForLeaderEpochRequest<'a>,
) -> Result<Answer<OffsetForLeaderEpochResponse<'a>>, Close> {
    let topics = request.topics.into_iter().map(|topic| end_of_topic(context, topic)).collect();
    Ok(OffsetForLeaderEpochResponse { topics, ..Default::default() }.into())
}

fn end_of_topic<'a>(
    context: &Context<'_>,
    topic: OffsetForLeaderTopic<'a>,
) -> OffsetForLeaderTopicResult<'a> {
    let id = context.resolve_for(AclOperation::Describe, TopicRef::Name(&topic.topic));
    let rows = topic.partitions.iter().map(|wanted| {
        let end = id.and_then(|id| end_of_epoch(context, id, wanted));
        let (error, end) = end.map_or_else(|error| (error, NOTHING), |end| (ErrorCode::None, end));
        EpochEndOffset {
            error_code: error.code(),
            partition: wanted.partition,
            leader_epoch: end.0,
            end_offset: end.1,
        }
    });
    let partitions = rows.collect();
    OffsetForLeaderTopicResult { topic: topic.topic, partitions }
}

fn end_of_epoch(
    context: &Context<'_>,
    topic: TopicId,
    wanted: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ErrorCode> {
    let partition = TopicPartition { topic, partition: PartitionIndex::new(wanted.partition) };
    let found = context.broker.topics.with_log(partition, |log| {
        let current = log.leader_epoch();
        check_epoch(wanted.current_leader_epoch, current)?;
        let asked = LeaderEpoch::new(wanted.leader_epoch);
        // An epoch that is yet to come has no end, and neither has one that never was.
        let end = if (0..=current.get()).contains(&asked.get()) { log.epoch_end(asked) } else { None };
        Ok(end.map_or(NOTHING, |(epoch, end)| (epoch.get(), end.get())))
    });
    found?
}
