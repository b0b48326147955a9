//! `DescribeQuorum` (KIP-595): who votes on the cluster's metadata, as a cluster of one broker sees it. The metadata is no log here,
//! so that its only voter is never behind and its offsets stay at 0.

use headrace_protocol::messages::{
    DescribeQuorumRequest, DescribeQuorumResponse,
    describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::DENIED};
use crate::{close::Close, reply::Answer};

/// The one topic that has a quorum, and its one partition.
const METADATA_TOPIC: &str = "__cluster_metadata";
const METADATA_PARTITION: i32 = 0;
/// From this version on the answer has addresses (KIP-853).
const NODES_SINCE: i16 = 2;
/// The only leader that there ever was is the first one.
const LEADER_EPOCH: i32 = 1;
const NEVER_BEHIND: i64 = 0;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeQuorumRequest<'a>,
) -> Result<Answer<DescribeQuorumResponse<'a>>, Close> {
    if let Err(denied) = context.check_cluster(AclOperation::Describe) {
        return Ok(DescribeQuorumResponse {
            error_code: denied.code(),
            error_message: Some(DENIED.into()),
            ..Default::default()
        }
        .into());
    }
    if !is_of_metadata(&request) {
        let topics = request.topics.into_iter().map(|topic| TopicData {
            partitions: topic.partitions.iter().map(|row| unknown(row.partition_index)).collect(),
            topic_name: topic.topic_name,
        });
        return Ok(DescribeQuorumResponse { topics: topics.collect(), ..Default::default() }.into());
    }
    let partitions = vec![quorum(context)];
    Ok(DescribeQuorumResponse {
        topics: vec![TopicData { topic_name: METADATA_TOPIC.into(), partitions }],
        nodes: if context.version < NODES_SINCE { Vec::new() } else { vec![node(context)] },
        ..Default::default()
    }
    .into())
}

/// Only the metadata may be asked about, and nothing beside it.
fn is_of_metadata(request: &DescribeQuorumRequest<'_>) -> bool {
    let [topic] = request.topics.as_slice() else { return false };
    let [partition] = topic.partitions.as_slice() else { return false };
    topic.topic_name == METADATA_TOPIC && partition.partition_index == METADATA_PARTITION
}

fn unknown<'a>(partition_index: i32) -> PartitionData<'a> {
    PartitionData {
        partition_index,
        error_code: ErrorCode::UnknownTopicOrPartition.code(),
        ..Default::default()
    }
}

fn quorum<'a>(context: &Context<'_>) -> PartitionData<'a> {
    let now_ms = context.broker.clock.wall_ms();
    let leader_id = context.broker.config.broker_id;
    let voter = ReplicaState {
        replica_id: leader_id,
        log_end_offset: NEVER_BEHIND,
        last_fetch_timestamp: now_ms,
        last_caught_up_timestamp: now_ms,
        ..Default::default()
    };
    PartitionData {
        partition_index: METADATA_PARTITION,
        leader_id,
        leader_epoch: LEADER_EPOCH,
        high_watermark: NEVER_BEHIND,
        current_voters: vec![voter],
        ..Default::default()
    }
}

fn node<'a>(context: &'a Context<'_>) -> Node<'a> {
    let listener = &context.connection.listener;
    let listeners = vec![Listener {
        // Kafka's admin client takes no other names.
        name: listener.name.to_uppercase().into(),
        host: listener.advertised.host.as_str().into(),
        port: listener.advertised.port,
    }];
    Node { node_id: context.broker.config.broker_id, listeners }
}
