//! `DescribeTopicPartitions` (KIP-966): topics in the order of their names, page by page.

use std::collections::BTreeSet;

use headrace_protocol::messages::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, describe_topic_partitions_request,
    describe_topic_partitions_response::{
        Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
    },
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, LeaderEpoch, TopicName};

use super::{Context, operations};
use crate::{
    close::Close,
    limits::DESCRIBED_PARTITIONS_MAX,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeTopicPartitionsRequest<'a>,
) -> Result<Answer<DescribeTopicPartitionsResponse<'a>>, Close> {
    if request.cursor.as_ref().is_some_and(|cursor| cursor.partition_index < 0) {
        let topics = request.topics.into_iter();
        let topics = topics.map(|topic| refused(context, topic.name.into_owned(), ErrorCode::InvalidRequest));
        return Ok(DescribeTopicPartitionsResponse { topics: topics.collect(), ..Default::default() }.into());
    }
    let limit = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let mut page = Page {
        context,
        room: limit.clamp(1, DESCRIBED_PARTITIONS_MAX),
        topics: Vec::new(),
        next_cursor: None,
    };
    let cursor = request.cursor.as_ref();
    for name in names(context, &request) {
        if !page.add(name, cursor) {
            break;
        }
    }
    let (topics, next_cursor) = (page.topics, page.next_cursor);
    Ok(DescribeTopicPartitionsResponse { topics, next_cursor, ..Default::default() }.into())
}

/// The names that are asked for and not before the cursor, in order; no names mean all topics.
fn names(context: &Context<'_>, request: &DescribeTopicPartitionsRequest<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = if request.topics.is_empty() {
        let all = context.broker.topics.views().into_iter().map(|view| view.name);
        all.filter(|name| context.may_on_topic(AclOperation::Describe, name)).collect()
    } else {
        request.topics.iter().map(|topic| topic.name.to_string()).collect()
    };
    if let Some(cursor) = &request.cursor {
        names = names.split_off(&*cursor.topic_name);
    }
    names
}

/// The answer while it is made.
struct Page<'a, 'b> {
    context: &'b Context<'b>,
    /// Partitions that still fit.
    room: usize,
    topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    next_cursor: Option<Cursor<'a>>,
}

impl Page<'_, '_> {
    /// Adds a topic, from the cursor on if it stands in it; whether the page can take another one.
    fn add(&mut self, name: String, cursor: Option<&describe_topic_partitions_request::Cursor<'_>>) -> bool {
        if self.room == 0 {
            self.next_cursor = Some(Cursor { topic_name: name.into(), partition_index: 0 });
            return false;
        }
        let from =
            cursor.filter(|cursor| cursor.topic_name == name).map_or(0, |cursor| cursor.partition_index);
        match self.context.view_for(AclOperation::Describe, TopicRef::Name(&name)) {
            Err(ErrorCode::UnknownTopicOrPartition) if TopicName::new(&name).is_err() => {
                self.topics.push(refused(self.context, name, ErrorCode::InvalidTopicException));
                true
            }
            Err(code) => {
                self.topics.push(refused(self.context, name, code));
                true
            }
            Ok(view) => self.add_view(view, from as usize),
        }
    }

    fn add_view(&mut self, view: TopicView, from: usize) -> bool {
        let all = view.partitions.len();
        let from = from.min(all);
        let until = all.min(from + self.room);
        self.room -= until - from;
        let here = self.context.broker.config.broker_id;
        let rows = (from..until).map(|index| partition(here, index as i32, view.partitions[index]));
        if until < all {
            let topic_name = view.name.clone().into();
            self.next_cursor = Some(Cursor { topic_name, partition_index: until as i32 });
        }
        self.topics.push(DescribeTopicPartitionsResponseTopic {
            topic_id: view.id.uuid(),
            partitions: rows.collect(),
            topic_authorized_operations: operations::on_topic(self.context, &view.name, true),
            name: Some(view.name.into()),
            ..Default::default()
        });
        until == all
    }
}

fn partition(here: i32, index: i32, epoch: Option<LeaderEpoch>) -> DescribeTopicPartitionsResponsePartition {
    let mut partition = DescribeTopicPartitionsResponsePartition {
        partition_index: index,
        leader_id: here,
        leader_epoch: epoch.unwrap_or(LeaderEpoch::NONE).get(),
        replica_nodes: vec![here],
        isr_nodes: vec![here],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..Default::default()
    };
    if epoch.is_none() {
        partition.error_code = ErrorCode::LeaderNotAvailable.code();
        partition.leader_id = -1;
        partition.isr_nodes.clear();
        partition.offline_replicas.push(here);
    }
    partition
}

fn refused<'a>(
    context: &Context<'_>,
    name: String,
    code: ErrorCode,
) -> DescribeTopicPartitionsResponseTopic<'a> {
    let is_told = code != ErrorCode::TopicAuthorizationFailed;
    DescribeTopicPartitionsResponseTopic {
        error_code: code.code(),
        topic_authorized_operations: operations::on_topic(context, &name, is_told),
        name: Some(name.into()),
        ..Default::default()
    }
}
