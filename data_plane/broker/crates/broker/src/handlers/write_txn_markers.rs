//! `WriteTxnMarkers`: an administrator ends a transaction in single partitions (`kafka-transactions abort`, KIP-664).

use headrace_protocol::messages::{
    WriteTxnMarkersRequest, WriteTxnMarkersResponse,
    write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic},
    write_txn_markers_response::{
        WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    },
};
use headrace_records::Marker;
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, TopicPartition};

use super::{Context, transactional::partition};
use crate::{close::Close, reply::Answer, topics::TopicRef};

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: WriteTxnMarkersRequest<'a>,
) -> Result<Answer<WriteTxnMarkersResponse<'a>>, Close> {
    let allowed = context
        .check_cluster(AclOperation::Alter)
        .or_else(|_| context.check_cluster(AclOperation::ClusterAction));
    let mut goals = Vec::new();
    let results = request.markers.into_iter().map(|marker| write(context, marker, allowed, &mut goals));
    let markers = results.collect();
    context.broker.topics.durable(&goals).await;
    Ok(WriteTxnMarkersResponse { markers }.into())
}

fn write<'a>(
    context: &Context<'_>,
    wanted: WritableTxnMarker<'a>,
    allowed: Result<(), ErrorCode>,
    goals: &mut Vec<(TopicPartition, i64)>,
) -> WritableTxnMarkerResult<'a> {
    let marker = Marker {
        producer_id: wanted.producer_id.into(),
        producer_epoch: wanted.producer_epoch.into(),
        is_commit: wanted.transaction_result,
        coordinator_epoch: wanted.coordinator_epoch,
    };
    let topics = wanted.topics.into_iter().map(|topic| in_topic(context, topic, &marker, allowed, goals));
    WritableTxnMarkerResult { producer_id: wanted.producer_id, topics: topics.collect() }
}

fn in_topic<'a>(
    context: &Context<'_>,
    topic: WritableTxnMarkerTopic<'a>,
    marker: &Marker,
    allowed: Result<(), ErrorCode>,
    goals: &mut Vec<(TopicPartition, i64)>,
) -> WritableTxnMarkerTopicResult<'a> {
    let topics = &context.broker.topics;
    let view = allowed.and_then(|()| topics.view(TopicRef::Name(&topic.name)));
    let rows = topic.partition_indexes.iter().map(|index| {
        let found = view.as_ref().map_err(|error| *error).and_then(|view| partition(view, *index));
        let written = found.and_then(|log| Ok((log, topics.write_marker(log, marker)?)));
        let error = written.as_ref().err().copied().unwrap_or(ErrorCode::None);
        goals.extend(written);
        WritableTxnMarkerPartitionResult { partition_index: *index, error_code: error.code() }
    });
    let partitions = rows.collect();
    WritableTxnMarkerTopicResult { name: topic.name, partitions }
}
