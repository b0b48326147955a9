//! `ListOffsets`: where a partition begins and ends, and where a timestamp lies.

use headrace_log::{FoundOffset, LogError, PartitionLog};
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
    let topics = request.topics.into_iter().map(|topic| list_topic(context, topic, committed)).collect();
    Ok(ListOffsetsResponse { topics, ..Default::default() }.into())
}

fn list_topic<'a>(
    context: &Context<'_>,
    topic: ListOffsetsTopic<'a>,
    committed: bool,
) -> ListOffsetsTopicResponse<'a> {
    let id = context.resolve_for(AclOperation::Describe, TopicRef::Name(&topic.name));
    let rows = topic.partitions.iter().map(|wanted| {
        // What the version does not know is told before what there is not, and to nobody who may not ask.
        let is_known = context.version >= first_version(wanted.timestamp);
        let id = match id {
            Ok(_) | Err(ErrorCode::UnknownTopicOrPartition) if !is_known => {
                Err(ErrorCode::UnsupportedVersion)
            }
            id => id,
        };
        let listed = id.and_then(|id| list(context, id, wanted, committed));
        let (error, listed) =
            listed.map_or_else(|error| (error, NOTHING), |listed| (ErrorCode::None, listed));
        ListOffsetsPartitionResponse {
            partition_index: wanted.partition_index,
            error_code: error.code(),
            timestamp: listed.timestamp,
            offset: listed.offset,
            leader_epoch: if context.version < LEADER_EPOCH_SINCE { -1 } else { listed.leader_epoch },
        }
    });
    let partitions = rows.collect();
    ListOffsetsTopicResponse { name: topic.name, partitions }
}

fn list(
    context: &Context<'_>,
    topic: TopicId,
    wanted: &ListOffsetsPartition,
    committed: bool,
) -> Result<Listed, ErrorCode> {
    let partition = TopicPartition { topic, partition: PartitionIndex::new(wanted.partition_index) };
    let found = context.broker.topics.with_log(partition, |log| {
        read::check_epoch(wanted.current_leader_epoch, log.leader_epoch())?;
        find(log, wanted.timestamp, committed).map_err(|error| read::damage(partition, &error))
    });
    found?
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
fn find(log: &mut PartitionLog, timestamp: i64, committed: bool) -> Result<Listed, LogError> {
    let limits = DecompressionLimits { bytes_max: LOOKUP_BYTES_MAX, ..DecompressionLimits::default() };
    let leader_epoch = log.leader_epoch().get();
    let end = if committed { log.last_stable() } else { log.high_watermark() }.get();
    let told =
        |found: Option<FoundOffset>| found.filter(|found| found.offset < end).map_or(NOTHING, Listed::from);
    let at = |offset| Listed { timestamp: -1, offset, leader_epoch };
    Ok(match timestamp {
        LATEST => at(end),
        EARLIEST | EARLIEST_LOCAL => at(log.log_start().get()),
        MAX_TIMESTAMP => told(log.find_max_timestamp(limits)?),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => NOTHING,
        _ => told(log.find_timestamp(timestamp, limits)?),
    })
}

impl From<FoundOffset> for Listed {
    fn from(found: FoundOffset) -> Self {
        Self { timestamp: found.timestamp, offset: found.offset, leader_epoch: found.leader_epoch.get() }
    }
}
