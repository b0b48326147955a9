//! `Fetch`: reads whole batches below the high watermark, and waits until there are enough.
//!
//! Fetch sessions (KIP-227) are declined: every answer carries session id 0, so that clients send all their partitions.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use headrace_protocol::messages::{
    FetchRequest, FetchResponse,
    fetch_request::{FetchPartition, FetchTopic},
    fetch_response::{EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicId, TopicPartition};
use tokio::time::{Instant, timeout_at};

use super::Context;
use crate::{
    broker::Phase,
    close::Close,
    limits::FETCH_WAIT_MAX,
    reply::Answer,
    topics::{Fetched, Held, TopicRef, arrivals::Arrival, read::FetchSpec},
};

/// From this version on topics are named by id (KIP-516).
const TOPIC_IDS_SINCE: i16 = 13;
/// From this version on a replica says who it is in a tagged field.
const REPLICA_STATE_SINCE: i16 = 15;
const READ_COMMITTED: i8 = 1;
const NO_SESSION: i32 = 0;

/// What one attempt came to.
struct Attempt<'a> {
    topics: Vec<FetchableTopicResponse<'a>>,
    /// Topics that were read without an error, with the bytes of each.
    read: Vec<(TopicId, u64)>,
    bytes: usize,
    failed: bool,
    /// Room that the first batch takes, if there was less: nothing was read then.
    room_missed: Option<usize>,
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: FetchRequest<'a>,
) -> Result<Answer<FetchResponse<'a>>, Close> {
    if let Some(error) = request_error(context.version, &request) {
        return Ok(FetchResponse { error_code: error.code(), ..Default::default() }.into());
    }
    let wait = Duration::from_millis(request.max_wait_ms.max(0) as u64).min(FETCH_WAIT_MAX);
    let mut deadline = Instant::now() + wait;
    let mut room_min = 0;
    let bytes_min = request.min_bytes.min(request.max_bytes).max(0) as usize;
    loop {
        let wanted = request.max_bytes.max(0) as usize;
        let Some(room) = context.broker.topics.fetch_room(wanted, room_min).await else {
            return Err(Close::Stopping);
        };
        // Where room is short a part of what is there has to be enough.
        let enough = bytes_min.min(room.bytes() / 2);
        let attempt = read_all(context, &request, room);
        if let Some(bytes) = attempt.room_missed {
            room_min = bytes;
            continue;
        }
        if attempt.bytes >= enough || attempt.failed || Instant::now() >= deadline {
            context.broker.count_read(&attempt.read, context.connection.principal().as_deref());
            return Ok(response(attempt));
        }
        let arrival = wait_for(context, &request, enough - attempt.bytes);
        // Nothing is kept in memory while waiting.
        drop(attempt);
        if !arrived(context, &arrival, deadline).await {
            deadline = Instant::now();
        }
    }
}

/// A fetch of a replica, or one in a session that was never given out.
fn request_error(version: i16, request: &FetchRequest<'_>) -> Option<ErrorCode> {
    let replica =
        if version >= REPLICA_STATE_SINCE { request.replica_state.replica_id } else { request.replica_id };
    if replica >= 0 {
        return Some(ErrorCode::ClusterAuthorizationFailed);
    }
    // Epochs 0 and -1 begin a session and end one: both name all their partitions, whatever session was before.
    (request.session_epoch > 0).then_some(ErrorCode::FetchSessionIdNotFound)
}

fn response(attempt: Attempt<'_>) -> Answer<FetchResponse<'_>> {
    FetchResponse { session_id: NO_SESSION, responses: attempt.topics, ..Default::default() }.into()
}

/// Waits for data; false once there is nothing more to wait for.
async fn arrived(context: &Context<'_>, arrival: &Arrival, deadline: Instant) -> bool {
    let mut phase = context.broker.phase.subscribe();
    let stopping = phase.wait_for(|phase| *phase == Phase::Stopping);
    tokio::select! {
        biased;
        _ = stopping => false,
        arrived = timeout_at(deadline, arrival.arrived()) => arrived.is_ok(),
    }
}

fn wait_for(context: &Context<'_>, request: &FetchRequest<'_>, missing_bytes: usize) -> Rc<Arrival> {
    let topics = &context.broker.topics;
    let partitions = request.topics.iter().flat_map(|topic| {
        let id = context.resolve_for(AclOperation::Read, reference(context, topic)).ok();
        let partition = move |wanted: &FetchPartition| {
            Some(TopicPartition { topic: id?, partition: PartitionIndex::new(wanted.partition) })
        };
        topic.partitions.iter().filter_map(partition)
    });
    topics.arrivals().wait_for(partitions, missing_bytes as u64)
}

fn reference<'t>(context: &Context<'_>, topic: &'t FetchTopic<'_>) -> TopicRef<'t> {
    TopicRef::of(context.version, TOPIC_IDS_SINCE, &topic.topic, topic.topic_id)
}

/// Reads every partition in the order of the request until the room is used up.
fn read_all<'a>(context: &Context<'_>, request: &FetchRequest<'a>, mut room: Held) -> Attempt<'a> {
    let topics = Vec::with_capacity(request.topics.len());
    let mut attempt = Attempt { topics, read: Vec::new(), bytes: 0, failed: false, room_missed: None };
    let committed = request.isolation_level == READ_COMMITTED;
    for topic in &request.topics {
        let id = context.resolve_for(AclOperation::Read, reference(context, topic));
        let mut rows = Vec::with_capacity(topic.partitions.len());
        let mut read = None;
        for wanted in &topic.partitions {
            let mut fetched = match id {
                Ok(topic) => {
                    let partition =
                        TopicPartition { topic, partition: PartitionIndex::new(wanted.partition) };
                    let unused = request.max_bytes.max(0) as usize
                        - attempt.bytes.min(request.max_bytes.max(0) as usize);
                    let spec = spec(wanted, &room, unused, attempt.bytes == 0);
                    context.broker.topics.fetch(partition, &spec)
                }
                Err(error) => Fetched::failed(error),
            };
            if fetched.room_missed.is_some() {
                return Attempt { room_missed: fetched.room_missed, ..attempt };
            }
            attempt.bytes += fetched.records.len();
            if fetched.error.is_none() {
                *read.get_or_insert(0) += fetched.records.len() as u64;
            }
            attempt.failed |= fetched.error.is_some() || fetched.diverging.is_some();
            let records = room.hold(std::mem::take(&mut fetched.records));
            rows.push(row(context, wanted.partition, &fetched, records, committed));
        }
        attempt.read.extend(id.ok().zip(read));
        attempt.topics.push(FetchableTopicResponse {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            partitions: rows,
        });
    }
    attempt
}

fn spec(wanted: &FetchPartition, room: &Held, unused: usize, is_first: bool) -> FetchSpec {
    FetchSpec {
        offset: wanted.fetch_offset,
        bytes_max: room.bytes().min(unused).min(wanted.partition_max_bytes.max(0) as usize),
        first_bytes_max: if is_first { room.bytes() } else { 0 },
        current_leader_epoch: wanted.current_leader_epoch,
        last_fetched_epoch: wanted.last_fetched_epoch,
    }
}

fn row(
    context: &Context<'_>,
    partition_index: i32,
    fetched: &Fetched,
    records: Bytes,
    committed: bool,
) -> PartitionData {
    let mut row = PartitionData {
        partition_index,
        error_code: fetched.error.unwrap_or(ErrorCode::None).code(),
        high_watermark: fetched.high_watermark,
        // Without transactions everything that is synced is stable.
        last_stable_offset: fetched.high_watermark,
        log_start_offset: fetched.log_start_offset,
        aborted_transactions: committed.then(Vec::new),
        records: Some(records),
        ..Default::default()
    };
    if let Some((epoch, end_offset)) = fetched.diverging {
        row.diverging_epoch = EpochEndOffset { epoch, end_offset };
    }
    if matches!(fetched.error, Some(ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch)) {
        let leader_id = context.broker.config.broker_id;
        row.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch: fetched.leader_epoch };
    }
    row
}
