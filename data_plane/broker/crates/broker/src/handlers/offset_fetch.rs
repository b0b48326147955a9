//! `OffsetFetch`: how far groups have read. With `RequireStable` an offset is held back while a transaction commits another one (KIP-447).

use std::borrow::Cow;

use headrace_groups::{CommittedOffset, FetchedOffset, TopicSelection};
use headrace_protocol::messages::{
    OffsetFetchRequest, OffsetFetchResponse,
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
    offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
        OffsetFetchResponseTopic, OffsetFetchResponseTopics,
    },
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::Context;
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

/// From this version on a request is about several groups.
const BATCHED_SINCE: i16 = 8;
/// From this version on topics are named by their ids.
const TOPIC_IDS_SINCE: i16 = 10;
/// From this version on there is a place for an error of the group; before, each partition carries it.
const GROUP_ERROR_SINCE: i16 = 2;
const NO_OFFSET: i64 = -1;
const NO_EPOCH: i32 = -1;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: OffsetFetchRequest<'a>,
) -> Result<Answer<OffsetFetchResponse<'a>>, Close> {
    let stable = request.require_stable;
    if context.version >= BATCHED_SINCE {
        let mut groups = Vec::with_capacity(request.groups.len());
        for group in request.groups {
            groups.push(fetch(context, group, stable).await);
        }
        return Ok(OffsetFetchResponse { groups, ..Default::default() }.into());
    }
    let topics = request.topics.map(|topics| {
        let topic = |topic: OffsetFetchRequestTopic<'a>| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        };
        topics.into_iter().map(topic).collect()
    });
    let group = OffsetFetchRequestGroup { group_id: request.group_id, topics, ..Default::default() };
    Ok(single(fetch(context, group, stable).await).into())
}

/// The response of before there were several groups in one.
fn single(group: OffsetFetchResponseGroup<'_>) -> OffsetFetchResponse<'_> {
    let partition = |row: OffsetFetchResponsePartitions<'_>| OffsetFetchResponsePartition {
        partition_index: row.partition_index,
        committed_offset: row.committed_offset,
        committed_leader_epoch: row.committed_leader_epoch,
        metadata: row.metadata.map(|metadata| Cow::Owned(metadata.into_owned())),
        error_code: row.error_code,
    };
    let topic = |topic: OffsetFetchResponseTopics<'_>| OffsetFetchResponseTopic {
        name: Cow::Owned(topic.name.into_owned()),
        partitions: topic.partitions.into_iter().map(partition).collect(),
    };
    OffsetFetchResponse {
        topics: group.topics.into_iter().map(topic).collect(),
        error_code: group.error_code,
        ..Default::default()
    }
}

async fn fetch<'a>(
    context: &Context<'_>,
    group: OffsetFetchRequestGroup<'a>,
    stable: bool,
) -> OffsetFetchResponseGroup<'a> {
    let asked = if context.version < GROUP_ERROR_SINCE { group.topics.clone() } else { None };
    let fetched = match (context.check_group(AclOperation::Describe, &group.group_id), group.topics) {
        (Err(denied), _) => Err(denied),
        (Ok(()), None) => fetch_all(context, &group.group_id, stable).await,
        (Ok(()), Some(topics)) => fetch_some(context, &group.group_id, topics, stable).await,
    };
    let (topics, error) =
        fetched.map_or_else(|error| (failed(asked, error), error), |topics| (topics, ErrorCode::None));
    OffsetFetchResponseGroup { group_id: group.group_id, topics, error_code: error.code() }
}

/// The same error for every partition that is asked for.
fn failed<'a>(
    asked: Option<Vec<OffsetFetchRequestTopics<'a>>>,
    error: ErrorCode,
) -> Vec<OffsetFetchResponseTopics<'a>> {
    let nothing = |partition| FetchedOffset { partition, committed: None, is_unstable: false };
    let topic = |topic: OffsetFetchRequestTopics<'a>| OffsetFetchResponseTopics {
        partitions: topic.partition_indexes.iter().map(|index| row(nothing(*index), None, error)).collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    };
    asked.unwrap_or_default().into_iter().map(topic).collect()
}

/// Every offset of the group whose topic still exists, and may be seen.
async fn fetch_all<'a>(
    context: &Context<'_>,
    group_id: &str,
    stable: bool,
) -> Result<Vec<OffsetFetchResponseTopics<'a>>, ErrorCode> {
    let fetched = context.broker.groups.fetch_offsets(group_id, None).await?;
    let existing = fetched.into_iter().filter_map(|topic| {
        let known = context.view_for(AclOperation::Describe, TopicRef::Name(&topic.topic)).ok()?;
        let rows = topic.partitions.into_iter().map(|offset| {
            let error = stability(&offset, stable);
            row(offset, Some(&known), error)
        });
        let is_told = |row: &OffsetFetchResponsePartitions<'_>| {
            row.committed_offset != NO_OFFSET || row.error_code != ErrorCode::None.code()
        };
        let partitions: Vec<_> = rows.filter(is_told).collect();
        let topic =
            OffsetFetchResponseTopics { name: topic.topic.into(), topic_id: known.id.into(), partitions };
        (!topic.partitions.is_empty()).then_some(topic)
    });
    Ok(existing.collect())
}

async fn fetch_some<'a>(
    context: &Context<'_>,
    group_id: &str,
    topics: Vec<OffsetFetchRequestTopics<'a>>,
    stable: bool,
) -> Result<Vec<OffsetFetchResponseTopics<'a>>, ErrorCode> {
    let known: Vec<Result<TopicView, ErrorCode>> =
        topics.iter().map(|topic| resolve(context, topic)).collect();
    let select =
        |(topic, known): (&OffsetFetchRequestTopics<'_>, &Result<TopicView, ErrorCode>)| TopicSelection {
            topic: known
                .as_ref()
                .map_or_else(|_| topic.name.clone().into_owned(), |known| known.name.clone()),
            partitions: topic.partition_indexes.clone(),
        };
    let selection: Vec<TopicSelection> = topics.iter().zip(&known).map(select).collect();
    let fetched = context.broker.groups.fetch_offsets(group_id, Some(&selection)).await?;
    let answered = topics.into_iter().zip(&known).zip(fetched).map(|((topic, known), fetched)| {
        let error = match known {
            // Of a name that no topic has there is no offset, and that is no error.
            Ok(_) | Err(ErrorCode::UnknownTopicOrPartition) => ErrorCode::None,
            Err(error) => *error,
        };
        let known = known.as_ref().ok();
        let rows = fetched.partitions.into_iter().map(|offset| {
            let error = if error == ErrorCode::None { stability(&offset, stable) } else { error };
            row(offset, known, error)
        });
        OffsetFetchResponseTopics { name: topic.name, topic_id: topic.topic_id, partitions: rows.collect() }
    });
    Ok(answered.collect())
}

fn resolve(context: &Context<'_>, topic: &OffsetFetchRequestTopics<'_>) -> Result<TopicView, ErrorCode> {
    let wanted = TopicRef::of(context.version, TOPIC_IDS_SINCE, &topic.name, topic.topic_id);
    context.view_for(AclOperation::Describe, wanted)
}

/// The code of an offset that a transaction is about to replace, for who wants only what can not change so.
fn stability(offset: &FetchedOffset, stable: bool) -> ErrorCode {
    if stable && offset.is_unstable { ErrorCode::UnstableOffsetCommit } else { ErrorCode::None }
}

/// An offset that was committed for an earlier topic of the same name is none of this one's.
fn row(
    offset: FetchedOffset,
    topic: Option<&TopicView>,
    error: ErrorCode,
) -> OffsetFetchResponsePartitions<'static> {
    let is_current = |committed: &CommittedOffset| topic.is_some_and(|topic| topic.id == committed.topic_id);
    let committed = offset.committed.filter(is_current).filter(|_| error == ErrorCode::None);
    OffsetFetchResponsePartitions {
        partition_index: offset.partition,
        committed_offset: committed.as_ref().map_or(NO_OFFSET, |committed| committed.offset),
        committed_leader_epoch: committed.as_ref().map_or(NO_EPOCH, |committed| committed.leader_epoch),
        metadata: Some(committed.map_or_else(String::new, |committed| committed.metadata).into()),
        error_code: error.code(),
    }
}
