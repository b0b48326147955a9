//! `OffsetDelete` (KIP-496): a group forgets how far it has read partitions that none of its members reads.

use std::collections::BTreeSet;

use headrace_groups::TopicSelection;
use headrace_protocol::messages::{
    OffsetDeleteRequest, OffsetDeleteResponse,
    offset_delete_request::OffsetDeleteRequestTopic,
    offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::Context;
use crate::{close::Close, reply::Answer, topics::TopicRef};

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: OffsetDeleteRequest<'a>,
) -> Result<Answer<OffsetDeleteResponse<'a>>, Close> {
    if let Err(denied) = context.check_group(AclOperation::Delete, &request.group_id) {
        return Ok(OffsetDeleteResponse { error_code: denied.code(), ..Default::default() }.into());
    }
    let (selection, missing): (Vec<TopicSelection>, Vec<ErrorCode>) =
        request.topics.iter().map(|topic| existing(context, topic)).unzip();
    let deleted = context.broker.groups.delete_offsets(&request.group_id, &selection).await;
    Ok(match deleted {
        Err(error) => OffsetDeleteResponse { error_code: error.code(), ..Default::default() },
        Ok(results) => {
            let judged = selection.iter().zip(missing).zip(results);
            let rows = request.topics.into_iter().zip(judged);
            let topics =
                rows.map(|(topic, ((existing, missing), result))| answered(topic, existing, missing, result));
            let topics = topics.collect();
            OffsetDeleteResponse { topics, ..Default::default() }
        }
    }
    .into())
}

/// Those of the partitions that there are, and the error of the others.
fn existing(context: &Context<'_>, topic: &OffsetDeleteRequestTopic<'_>) -> (TopicSelection, ErrorCode) {
    let view = context.view_for(AclOperation::Read, TopicRef::Name(&topic.name));
    let missing = view.as_ref().err().copied().unwrap_or(ErrorCode::UnknownTopicOrPartition);
    let count = view.map_or(0, |view| view.partitions.len() as i32);
    let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
    let selection = TopicSelection {
        topic: topic.name.to_string(),
        partitions: indexes.filter(|index| (0..count).contains(index)).collect(),
    };
    (selection, missing)
}

fn answered<'a>(
    topic: OffsetDeleteRequestTopic<'a>,
    existing: &TopicSelection,
    missing: ErrorCode,
    result: ErrorCode,
) -> OffsetDeleteResponseTopic<'a> {
    let known: BTreeSet<i32> = existing.partitions.iter().copied().collect();
    let row = |index: i32| OffsetDeleteResponsePartition {
        partition_index: index,
        error_code: if known.contains(&index) { result } else { missing }.code(),
    };
    let partitions = topic.partitions.iter().map(|partition| row(partition.partition_index)).collect();
    OffsetDeleteResponseTopic { name: topic.name, partitions }
}
