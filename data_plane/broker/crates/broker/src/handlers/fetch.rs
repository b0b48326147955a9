//! `Fetch`: reads whole batches below the high watermark, and waits until there are enough. Which partitions are read, and
//! which of them are told, is the session's to say (`fetch_session.rs`).

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use headrace_fetch::{Ask, TopicKey};
use headrace_log::ColdBatches;
use headrace_protocol::messages::{
    FetchRequest, FetchResponse,
    fetch_response::{AbortedTransaction, EpochEndOffset, LeaderIdAndEpoch, PartitionData},
};
use headrace_records::BatchHeader;
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicId, TopicPartition};
use tokio::time::{Instant, timeout_at};

use super::{Context, fetch_session};
use crate::{
    broker::Phase,
    close::Close,
    limits::FETCH_WAIT_MAX,
    reply::Answer,
    topics::{Fetched, Held, TopicRef, arrivals::Arrival, read::FetchSpec},
};

/// From this version on a replica says who it is in a tagged field.
const REPLICA_STATE_SINCE: i16 = 15;
const READ_COMMITTED: i8 = 1;

/// What a fetch asks as a whole.
#[derive(Clone, Copy)]
struct Limits {
    bytes_min: u64,
    bytes_max: usize,
    deadline: Instant,
    is_committed: bool,
}

/// What one attempt came to.
struct Attempt {
    /// One for each ask.
    rows: Vec<PartitionData>,
    /// Topics that were read without an error, with the bytes of each.
    read: Vec<(TopicId, u64)>,
    bytes: usize,
    /// Partitions that there are and that may be read.
    found: Vec<TopicPartition>,
    /// Whether one of them has to be told of at once.
    is_urgent: bool,
    /// Whether the disk was waited for in between.
    has_waited: bool,
    /// Room that the first batch takes, if there was less: nothing was read then.
    room_missed: Option<usize>,
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: FetchRequest<'a>,
) -> Result<Answer<FetchResponse<'a>>, Close> {
    if is_replica(context.version, &request) {
        return Ok(fetch_session::refusal(ErrorCode::ClusterAuthorizationFailed).into());
    }
    let wait = Duration::from_millis(request.max_wait_ms.max(0) as u64).min(FETCH_WAIT_MAX);
    let limits = Limits {
        bytes_min: request.min_bytes.min(request.max_bytes).max(0) as u64,
        bytes_max: request.max_bytes.max(0) as usize,
        deadline: Instant::now() + wait,
        is_committed: request.isolation_level == READ_COMMITTED,
    };
    let begun = match fetch_session::begin(context, request) {
        Ok(begun) => begun,
        Err(error) => return Ok(fetch_session::refusal(error).into()),
    };
    let attempt = read_enough(context, &begun.asks, limits).await?;
    let told = fetch_session::finish(context, &begun, attempt.rows);
    if told.error_code == ErrorCode::None.code() {
        context.charge_fetched(attempt.bytes as u64);
        context.broker.count_read(&attempt.read, context.connection.principal().as_deref());
    }
    Ok(told.into())
}

fn is_replica(version: i16, request: &FetchRequest<'_>) -> bool {
    let replica =
        if version >= REPLICA_STATE_SINCE { request.replica_state.replica_id } else { request.replica_id };
    replica >= 0
}

/// Reads until there is enough, or nothing more to wait for.
async fn read_enough(context: &Context<'_>, asks: &[Ask], limits: Limits) -> Result<Attempt, Close> {
    let mut room_min = 0;
    let mut has_waited = false;
    let mut deadline = limits.deadline;
    loop {
        let Some(room) = context.broker.topics.fetch_room(limits.bytes_max, room_min).await else {
            return Err(Close::Stopping);
        };
        let attempt = read_all(context, asks, limits, room).await;
        if let Some(bytes) = attempt.room_missed {
            room_min = bytes;
            continue;
        }
        // What nobody can read is told when the wait is over, or at once if it became so meanwhile: a client would else ask
        // again and again for a topic that is gone.
        let lost = attempt.found.is_empty() || (has_waited && attempt.found.len() < asks.len());
        if attempt.bytes as u64 >= limits.bytes_min || attempt.is_urgent || lost || Instant::now() >= deadline
        {
            return Ok(attempt);
        }
        let visible = visible_bytes(asks, &attempt.rows, limits.is_committed);
        if visible >= limits.bytes_min {
            return Ok(attempt);
        }
        if attempt.has_waited {
            // What has arrived meanwhile wakes nobody who begins to wait only now. What was read is in memory by now.
            continue;
        }
        let arrival =
            context.broker.topics.wait_for(&attempt.found, limits.bytes_min - visible, limits.is_committed);
        // Nothing is kept in memory while waiting.
        drop(attempt);
        has_waited = true;
        if !arrived(context, arrival.as_ref(), deadline).await {
            deadline = Instant::now();
        }
    }
}

/// Waits for data; false once there is nothing more to wait for.
async fn arrived(context: &Context<'_>, arrival: Option<&Rc<Arrival>>, deadline: Instant) -> bool {
    let mut phase = context.broker.phase.subscribe();
    let stopping = phase.wait_for(|phase| *phase == Phase::Stopping);
    let arrival = async {
        match arrival {
            Some(arrival) => arrival.arrived().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = stopping => false,
        arrived = timeout_at(deadline, arrival) => arrived.is_ok(),
    }
}

fn reference(key: &TopicKey) -> TopicRef<'_> {
    match key {
        TopicKey::Name(name) => TopicRef::Name(name),
        TopicKey::Id(id) => TopicRef::Id(*id),
    }
}

/// Reads every partition in order until the room is used up.
async fn read_all(context: &Context<'_>, asks: &[Ask], limits: Limits, mut room: Held) -> Attempt {
    let mut attempt = Attempt {
        rows: Vec::with_capacity(asks.len()),
        read: Vec::new(),
        bytes: 0,
        found: Vec::with_capacity(asks.len()),
        is_urgent: false,
        has_waited: false,
        room_missed: None,
    };
    let mut last: Option<(&TopicKey, Result<TopicId, ErrorCode>)> = None;
    for ask in asks {
        let known = last.filter(|(key, _)| *key == &ask.key.topic).map(|(_, id)| id);
        let unused = limits.bytes_max.saturating_sub(attempt.bytes);
        let spec =
            FetchSpec { committed: limits.is_committed, ..spec(ask, &room, unused, attempt.bytes == 0) };
        let read = read_one(context, ask, &spec, known).await;
        let Read { topic, mut fetched, has_waited } = read;
        last = Some((&ask.key.topic, topic));
        attempt.has_waited |= has_waited;
        if fetched.room_missed.is_some() {
            return Attempt { room_missed: fetched.room_missed, ..attempt };
        }
        let records = topic.map_or_else(
            |_| Bytes::new(),
            |topic| {
                let partition = TopicPartition { topic, partition: PartitionIndex::new(ask.key.partition) };
                let records = std::mem::take(&mut fetched.records);
                context.broker.topics.send(partition, ask.offset, records, &mut room)
            },
        );
        attempt.take(context, ask.key.partition, topic.ok(), &fetched, records, limits.is_committed);
    }
    attempt
}

/// What reading one partition came to.
struct Read {
    topic: Result<TopicId, ErrorCode>,
    fetched: Fetched,
    /// Whether the disk was waited for: what was looked at before may have changed.
    has_waited: bool,
}

/// What waiting for the disk has brought; nothing where a segment went meanwhile.
enum Waited {
    /// Batches that were not in memory.
    Read(Option<ColdBatches>),
    /// All that was read, with what is known of its transactions now.
    Aborted(Option<Box<Fetched>>),
}

/// Reads one partition. `topic` is what its topic resolves to, where that is known; it is asked again after each wait for the disk.
async fn read_one(
    context: &Context<'_>,
    ask: &Ask,
    spec: &FetchSpec,
    topic: Option<Result<TopicId, ErrorCode>>,
) -> Read {
    let resolve = || context.resolve_for(AclOperation::Read, reference(&ask.key.topic));
    let topics = &context.broker.topics;
    let mut topic = topic.unwrap_or_else(resolve);
    let (mut cold, mut has_waited) = (None, false);
    loop {
        let id = match topic {
            Ok(id) => id,
            Err(error) => return Read { topic, fetched: Fetched::failed(error), has_waited },
        };
        let partition = TopicPartition { topic: id, partition: PartitionIndex::new(ask.key.partition) };
        let waited = match topics.try_fetch(partition, spec, cold.take()) {
            Ok(mut fetched) => match fetched.aborted_search.take() {
                Some(search) => topics.find_aborted(partition, search).await.map(|aborted| {
                    let aborted = aborted.map(|aborted| Fetched { aborted, ..fetched });
                    Waited::Aborted(aborted.map(Box::new))
                }),
                None => return Read { topic, fetched, has_waited },
            },
            Err(read) => topics.read_cold(partition, read).await.map(Waited::Read),
        };
        has_waited = true;
        topic = resolve();
        match waited {
            Ok(Waited::Read(batches)) => cold = batches,
            Ok(Waited::Aborted(Some(fetched))) if topic == Ok(id) => {
                return Read { topic, fetched: *fetched, has_waited };
            }
            Ok(Waited::Aborted(_)) => {}
            Err(error) => return Read { topic, fetched: topics.unreadable(partition, error), has_waited },
        }
    }
}

impl Attempt {
    fn take(
        &mut self,
        context: &Context<'_>,
        partition_index: i32,
        topic: Option<TopicId>,
        fetched: &Fetched,
        records: Bytes,
        is_committed: bool,
    ) {
        self.bytes += records.len();
        let is_missing = fetched.error == Some(ErrorCode::UnknownTopicOrPartition);
        if let Some(topic) = topic.filter(|_| !is_missing) {
            self.found.push(TopicPartition { topic, partition: PartitionIndex::new(partition_index) });
            self.is_urgent |= fetched.error.is_some() || fetched.diverging.is_some();
        }
        if let (Some(topic), None) = (topic, fetched.error) {
            let bytes = records.len() as u64;
            match self.read.last_mut().filter(|(last, _)| *last == topic) {
                Some((_, read)) => *read += bytes,
                None => self.read.push((topic, bytes)),
            }
        }
        self.rows.push(row(context, partition_index, fetched, records, is_committed));
    }
}

fn told(aborted: &headrace_log::AbortedTransaction) -> AbortedTransaction {
    AbortedTransaction { producer_id: aborted.producer_id, first_offset: aborted.first_offset }
}

fn spec(ask: &Ask, room: &Held, unused: usize, is_first: bool) -> FetchSpec {
    FetchSpec {
        offset: ask.offset,
        bytes_max: room.bytes().min(unused).min(ask.bytes_max.max(0) as usize),
        first_bytes_max: if is_first { room.bytes() } else { 0 },
        current_leader_epoch: ask.current_leader_epoch,
        last_fetched_epoch: ask.last_fetched_epoch,
        committed: false,
    }
}

fn row(
    context: &Context<'_>,
    partition_index: i32,
    fetched: &Fetched,
    records: Bytes,
    is_committed: bool,
) -> PartitionData {
    let mut row = PartitionData {
        partition_index,
        error_code: fetched.error.unwrap_or(ErrorCode::None).code(),
        high_watermark: fetched.high_watermark,
        last_stable_offset: fetched.last_stable_offset,
        log_start_offset: fetched.log_start_offset,
        aborted_transactions: (is_committed || fetched.is_missing())
            .then(|| fetched.aborted.iter().map(told).collect()),
        records: Some(records),
        ..Default::default()
    };
    if let Some((epoch, end_offset)) = fetched.diverging {
        row.diverging_epoch = EpochEndOffset { epoch, end_offset };
    }
    if fetched.error == Some(ErrorCode::FencedLeaderEpoch) {
        let leader_id = context.broker.config.broker_id;
        row.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch: fetched.leader_epoch };
    }
    row
}

/// The bytes that a client could have, as far as they count towards the fewest that it wants: of a partition with more than
/// was read as many as it asks for, though whole batches did not fill them.
fn visible_bytes(asks: &[Ask], rows: &[PartitionData], is_committed: bool) -> u64 {
    let visible = asks.iter().zip(rows).map(|(ask, row)| {
        let end = if is_committed { row.last_stable_offset } else { row.high_watermark };
        let records = row.records.as_deref().unwrap_or_default();
        let bytes = records.len() as u64;
        let has_more =
            row.error_code == ErrorCode::None.code() && next_offset(records).unwrap_or(ask.offset) < end;
        if has_more { bytes.max(ask.bytes_max.max(0) as u64) } else { bytes }
    });
    visible.fold(0, u64::saturating_add)
}

/// The offset after whole batches; none where there are no batches.
fn next_offset(mut batches: &[u8]) -> Option<i64> {
    let mut next = None;
    while let Some(header) = BatchHeader::parse(batches) {
        next = Some(header.next_offset().get());
        batches = header.batch_bytes().and_then(|bytes| batches.get(bytes..)).unwrap_or_default();
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(offset: i64, bytes_max: i32) -> Ask {
        Ask {
            key: headrace_fetch::PartitionKey { topic: TopicKey::Id(TopicId::ZERO), partition: 0 },
            offset,
            bytes_max,
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
        }
    }

    fn row(high_watermark: i64, last_stable_offset: i64) -> PartitionData {
        PartitionData { high_watermark, last_stable_offset, ..Default::default() }
    }

    #[test]
    fn behaviour_34_what_does_not_fit_counts_as_far_as_it_is_asked_for_and_may_be_seen() {
        let visible = |ask, row, is_committed| visible_bytes(&[ask], &[row], is_committed);
        assert_eq!(visible(ask(5, 100), row(5, 5), false), 0, "nothing there");
        assert_eq!(visible(ask(5, 100), row(6, 6), false), 100, "a batch that is too large");
        assert_eq!(visible(ask(5, 100), row(6, 5), false), 100);
        assert_eq!(visible(ask(5, 100), row(6, 5), true), 0, "a transaction that is open");
        let failed = PartitionData { error_code: 1, ..row(6, 6) };
        assert_eq!(visible(ask(5, 100), failed, false), 0);
    }
}
