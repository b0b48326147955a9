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

/// From this version of transactions on a marker has an epoch of its own, above that of what it ends (KIP-890).
const OWN_EPOCH_SINCE: i8 = 2;

/// A marker as it was asked for.
struct Wanted {
    marker: Marker,
    has_own_epoch: bool,
}

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
    let WritableTxnMarker { producer_id, topics, .. } = wanted;
    let marker = Marker {
        producer_id: producer_id.into(),
        producer_epoch: wanted.producer_epoch.into(),
        is_commit: wanted.transaction_result,
        coordinator_epoch: wanted.coordinator_epoch,
    };
    let wanted = Wanted { marker, has_own_epoch: wanted.transaction_version >= OWN_EPOCH_SINCE };
    let topics = topics.into_iter().map(|topic| in_topic(context, topic, &wanted, allowed, goals));
    WritableTxnMarkerResult { producer_id, topics: topics.collect() }
}

fn in_topic<'a>(
    context: &Context<'_>,
    topic: WritableTxnMarkerTopic<'a>,
    wanted: &Wanted,
    allowed: Result<(), ErrorCode>,
    goals: &mut Vec<(TopicPartition, i64)>,
) -> WritableTxnMarkerTopicResult<'a> {
    let topics = &context.broker.topics;
    let view = allowed.and_then(|()| topics.view(TopicRef::Name(&topic.name)));
    let rows = topic.partition_indexes.iter().map(|index| {
        let found = view.as_ref().map_err(|error| *error).and_then(|view| partition(view, *index));
        let written = found.and_then(|log| {
            check_epoch(context, log, wanted)?;
            Ok((log, topics.write_marker(log, &wanted.marker)?))
        });
        let error = written.as_ref().err().copied().unwrap_or(ErrorCode::None);
        goals.extend(written);
        WritableTxnMarkerPartitionResult { partition_index: *index, error_code: error.code() }
    });
    let partitions = rows.collect();
    WritableTxnMarkerTopicResult { name: topic.name, partitions }
}

/// A marker of the epoch of what is open is late: it belongs to a transaction before. Where nothing is open it was sent again.
fn check_epoch(context: &Context<'_>, log: TopicPartition, wanted: &Wanted) -> Result<(), ErrorCode> {
    let (id, epoch) = (wanted.marker.producer_id.get(), wanted.marker.producer_epoch.get());
    let is_late = context.broker.topics.with_log(log, |log| {
        log.has_open_transaction(id) && log.producer_epoch(id).is_some_and(|current| epoch <= current)
    })?;
    if wanted.has_own_epoch && is_late { Err(ErrorCode::InvalidProducerEpoch) } else { Ok(()) }
}
