//! `OffsetCommit`: how far a group has read; durable before it is answered.

use headrace_groups::{CommitRequest, OffsetCommit};
use headrace_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, text};
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

/// From this version on topics are named by their ids.
const TOPIC_IDS_SINCE: i16 = 10;
/// From this version on a group that does not exist has an error of its own.
const GROUP_ID_NOT_FOUND_SINCE: i16 = 9;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: OffsetCommitRequest<'a>,
) -> Result<Answer<OffsetCommitResponse<'a>>, Close> {
    if let Err(denied) = context.check_group(AclOperation::Read, &request.group_id) {
        let topics = request.topics.into_iter().map(|topic| refused(topic, denied));
        return Ok(OffsetCommitResponse { topics: topics.collect(), ..Default::default() }.into());
    }
    let mut offsets = Vec::new();
    let mut topics: Vec<_> =
        request.topics.into_iter().map(|topic| sort_out(context, topic, &mut offsets)).collect();
    if offsets.is_empty() {
        // Nor does a group come to be by a commit of nothing.
        return Ok(OffsetCommitResponse { topics, ..Default::default() }.into());
    }
    let commit = CommitRequest {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        generation: request.generation_id_or_member_epoch,
        knows_group_id_not_found: context.version >= GROUP_ID_NOT_FOUND_SINCE,
        transactor: None,
        offsets,
    };
    let results = context.broker.groups.commit(&commit).await;
    // The partitions that were handed on, in the order in which they were.
    let handed_on =
        topics.iter_mut().flat_map(|topic| &mut topic.partitions).filter(|row| row.error_code == PENDING);
    for (index, row) in handed_on.enumerate() {
        let result = results.as_ref().map_or_else(|error| *error, |results| results[index]);
        row.error_code = result.code();
    }
    Ok(OffsetCommitResponse { topics, ..Default::default() }.into())
}

/// Stands in a row until the coordinator has judged it; no error has this code.
const PENDING: i16 = i16::MIN;

/// Makes the rows of a topic's response; what the coordinator is to judge goes to `offsets`.
fn sort_out<'a>(
    context: &Context<'_>,
    topic: OffsetCommitRequestTopic<'a>,
    offsets: &mut Vec<OffsetCommit>,
) -> OffsetCommitResponseTopic<'a> {
    let wanted = TopicRef::of(context.version, TOPIC_IDS_SINCE, &topic.name, topic.topic_id);
    let known = context.view_for(AclOperation::Read, wanted);
    let rows = topic.partitions.into_iter().map(|partition| {
        let partition_index = partition.partition_index;
        let error_code = match &known {
            Err(error) => error.code(),
            Ok(known)
                if usize::try_from(partition_index).is_ok_and(|index| index < known.partitions.len()) =>
            {
                offsets.push(offset(known, partition));
                PENDING
            }
            Ok(_) => ErrorCode::UnknownTopicOrPartition.code(),
        };
        OffsetCommitResponsePartition { partition_index, error_code }
    });
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions: rows.collect() }
}

/// The same for every partition, whether there is one or not.
fn refused(topic: OffsetCommitRequestTopic<'_>, error: ErrorCode) -> OffsetCommitResponseTopic<'_> {
    let row = |partition: &OffsetCommitRequestPartition<'_>| OffsetCommitResponsePartition {
        partition_index: partition.partition_index,
        error_code: error.code(),
    };
    let partitions = topic.partitions.iter().map(row).collect();
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions }
}

fn offset(topic: &TopicView, partition: OffsetCommitRequestPartition<'_>) -> OffsetCommit {
    OffsetCommit {
        topic: topic.name.clone(),
        topic_id: topic.id,
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: text(partition.committed_metadata).unwrap_or_default(),
    }
}
