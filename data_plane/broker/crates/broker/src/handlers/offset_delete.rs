//! `OffsetDelete` (KIP-496): a group forgets how far it has read partitions that none of its members reads.

use std::{borrow::Cow, collections::BTreeSet};

use bytes::Bytes;
use headrace_groups::TopicSelection;
use headrace_protocol::{
    Decode, Message, Reader,
    messages::{
        ConsumerProtocolSubscription, OffsetDeleteRequest, OffsetDeleteResponse,
        offset_delete_request::OffsetDeleteRequestTopic,
        offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
    },
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
    let deleted = context.broker.groups.delete_offsets(&request.group_id, &selection, topics_read).await;
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

/// The topics in a consumer's subscription, which it joined with; none if it can not be read. A newer version may have more at
/// its end (`ConsumerProtocol` of Apache Kafka).
fn topics_read(metadata: &Bytes) -> Option<Vec<String>> {
    let known = ConsumerProtocolSubscription::VERSIONS;
    let mut reader = Reader::new(metadata);
    let version = reader.i16().ok()?;
    if version < *known.start() {
        return None;
    }
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, version.min(*known.end())).ok()?;
    Some(subscription.topics.into_iter().map(Cow::into_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_read_and_nonsense_is_not() {
        let subscribed: &[u8] = b"\0\x01\0\0\0\x02\0\x01a\0\x01b\xff\xff\xff\xff\0\0\0\0";
        let read = |metadata: &[u8]| topics_read(&Bytes::copy_from_slice(metadata));
        assert_eq!(read(subscribed), Some(vec!["a".to_owned(), "b".to_owned()]));
        for end in 0..subscribed.len() {
            assert_eq!(read(&subscribed[..end]), None, "cut at {end}");
        }
        assert_eq!(read(b"\xff\xff\0\0\0\0"), None);
    }
}
