//! `ListOffsets`: where a partition begins and ends, and where a timestamp lies.

use headrace_log::{FoundOffset, PartitionLog, TimestampWanted};
use headrace_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse,
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
};
use headrace_records::DecompressionLimits;
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicId, TopicPartition};

use super::Context;
use crate::{
    close::Close,
    limits::LOOKUP_BYTES_MAX,
    reply::Answer,
    topics::{TopicRef, read},
};

/// From this version on the answer has a place for the leader epoch.
const LEADER_EPOCH_SINCE: i16 = 4;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

const READ_COMMITTED: i8 = 1;

/// An offset with what is known of it; -1 where nothing is.
#[derive(Debug, Clone, Copy)]
struct Listed {
    timestamp: i64,
    offset: i64,
    leader_epoch: i32,
}

const NOTHING: Listed = Listed { timestamp: -1, offset: -1, leader_epoch: -1 };

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: ListOffsetsRequest<'a>,
) -> Result<Answer<ListOffsetsResponse<'a>>, Close> {
    let committed = request.isolation_level == READ_COMMITTED;
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        topics.push(list_topic(context, topic, committed).await);
    }
    Ok(ListOffsetsResponse { topics, ..Default::default() }.into())
}

async fn list_topic<'a>(
    context: &Context<'_>,
    topic: ListOffsetsTopic<'a>,
    committed: bool,
) -> ListOffsetsTopicResponse<'a> {
    let resolve = || context.resolve_for(AclOperation::Describe, TopicRef::Name(&topic.name));
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for wanted in &topic.partitions {
        let id = resolve();
        // What the version does not know is told before what there is not, and to nobody who may not ask.
        let is_known = context.version >= first_version(wanted.timestamp);
        let id = match id {
            Ok(_) | Err(ErrorCode::UnknownTopicOrPartition) if !is_known => {
                Err(ErrorCode::UnsupportedVersion)
            }
            id => id,
        };
        let listed = match id {
            // The disk may have been waited for, and rights changed meanwhile.
            Ok(id) => list(context, id, wanted, committed).await.and_then(|listed| resolve().map(|_| listed)),
            Err(error) => Err(error),
        };
        let (error, listed) =
            listed.map_or_else(|error| (error, NOTHING), |listed| (ErrorCode::None, listed));
        partitions.push(ListOffsetsPartitionResponse {
            partition_index: wanted.partition_index,
            error_code: error.code(),
            timestamp: listed.timestamp,
            offset: listed.offset,
            leader_epoch: if context.version < LEADER_EPOCH_SINCE { -1 } else { listed.leader_epoch },
        });
    }
    ListOffsetsTopicResponse { name: topic.name, partitions }
}

async fn list(
    context: &Context<'_>,
    topic: TopicId,
    wanted: &ListOffsetsPartition,
    committed: bool,
) -> Result<Listed, ErrorCode> {
    let partition = TopicPartition { topic, partition: PartitionIndex::new(wanted.partition_index) };
    let topics = &context.broker.topics;
    let told = topics.with_log(partition, |log| {
        read::check_epoch(wanted.current_leader_epoch, log.leader_epoch())?;
        Ok(told(log, wanted.timestamp, committed))
    })??;
    let timestamp = match told {
        Told::Known(listed) => return Ok(listed),
        Told::Searched(wanted) => wanted,
    };
    let limits = DecompressionLimits { bytes_max: LOOKUP_BYTES_MAX, ..DecompressionLimits::default() };
    let found = topics.find_timestamp(partition, timestamp, limits).await?;
    let end = topics.with_log(partition, |log| end_of(log, committed))?;
    Ok(found.filter(|found| found.offset < end).map_or(NOTHING, Listed::from))
}

/// What a log tells of a timestamp without looking for it.
enum Told {
    Known(Listed),
    Searched(TimestampWanted),
}

/// The first version that knows a special timestamp (KIP-734, KIP-405, KIP-1005, KIP-1023).
fn first_version(timestamp: i64) -> i16 {
    match timestamp {
        EARLIEST.. => 1,
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        _ => i16::MAX,
    }
}

/// With `committed` nothing at or beyond the last stable offset is there.
fn end_of(log: &PartitionLog, committed: bool) -> i64 {
    if committed { log.last_stable() } else { log.high_watermark() }.get()
}

fn told(log: &PartitionLog, timestamp: i64, committed: bool) -> Told {
    let leader_epoch = log.leader_epoch().get();
    let at = |offset| Told::Known(Listed { timestamp: -1, offset, leader_epoch });
    match timestamp {
        LATEST => at(end_of(log, committed)),
        EARLIEST | EARLIEST_LOCAL => at(log.log_start().get()),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Told::Known(NOTHING),
        MAX_TIMESTAMP => Told::Searched(TimestampWanted::Largest),
        timestamp => Told::Searched(TimestampWanted::AtLeast(timestamp)),
    }
}

impl From<FoundOffset> for Listed {
    fn from(found: FoundOffset) -> Self {
        Self { timestamp: found.timestamp, offset: found.offset, leader_epoch: found.leader_epoch.get() }
    }
}
