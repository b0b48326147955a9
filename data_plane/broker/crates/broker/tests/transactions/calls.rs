//! What the tests of transactions ask.

use headrace_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, OffsetFetchRequest,
    OffsetFetchResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
    add_partitions_to_txn_request::AddPartitionsToTxnTopic,
    fetch_response::PartitionData,
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
    txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic},
};
use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;

use crate::{
    storage::{Ask, FETCH, fetch_request, fetch_rows, produce_request, records, try_produce},
    support::Client,
};

/// The last version of Produce whose clients add partitions themselves, and the first where writing adds them.
pub(crate) const PRODUCE_V1: i16 = 11;
pub(crate) const PRODUCE_V2: i16 = 12;
/// The last version of `EndTxn` of the first protocol, and the first of the second.
pub(crate) const END_V1: i16 = 4;
pub(crate) const END_V2: i16 = 5;
pub(crate) const TIMEOUT_MS: i32 = 60_000;

/// A transactional producer: both protocols, by hand.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) name: String,
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) is_v2: bool,
    pub(crate) sequences: std::collections::BTreeMap<(String, i32), i32>,
}

pub(crate) fn try_init(client: &mut Client, name: &str, timeout_ms: i32) -> (i16, i64, i16) {
    init_again(client, name, timeout_ms, (-1, -1))
}

/// Asks as a producer that is known.
pub(crate) fn init_again(
    client: &mut Client,
    name: &str,
    timeout_ms: i32,
    known: (i64, i16),
) -> (i16, i64, i16) {
    let request = InitProducerIdRequest {
        transactional_id: Some(name.to_owned().into()),
        transaction_timeout_ms: timeout_ms,
        producer_id: known.0,
        producer_epoch: known.1,
        ..Default::default()
    };
    let sent = client.request(&request, 5);
    let response: InitProducerIdResponse = client.response(sent, 5);
    (response.error_code, response.producer_id, response.producer_epoch)
}

/// Asks again while the transaction before is being ended.
pub(crate) fn init(client: &mut Client, name: &str) -> (i64, i16) {
    loop {
        match try_init(client, name, TIMEOUT_MS) {
            (0, id, epoch) => return (id, epoch),
            (error, _, _) => assert_eq!(error, ErrorCode::ConcurrentTransactions.code()),
        }
    }
}

impl Writer {
    pub(crate) fn new(client: &mut Client, name: &str, is_v2: bool) -> Self {
        let (id, epoch) = init(client, name);
        Self { name: name.to_owned(), id, epoch, is_v2, sequences: std::collections::BTreeMap::new() }
    }

    pub(crate) fn add(&self, client: &mut Client, topic: &str, partitions: &[i32]) -> Option<Vec<i16>> {
        let topics =
            vec![AddPartitionsToTxnTopic { name: topic.to_owned().into(), partitions: partitions.to_vec() }];
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.name.clone().into(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: topics,
            ..Default::default()
        };
        let sent = client.request(&request, 3);
        let frame = client.read_frame()?;
        let (answered, response): (i32, AddPartitionsToTxnResponse<'_>) =
            headrace_protocol::decode_response(&frame, 3).unwrap();
        assert_eq!(answered, sent);
        let rows =
            response.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
        Some(rows.map(|row| row.partition_error_code).collect())
    }

    /// Writes one record, by the first protocol without asking first; none if the broker went away.
    pub(crate) fn write(
        &mut self,
        client: &mut Client,
        topic: &str,
        partition: i32,
        value: &str,
    ) -> Option<i16> {
        let sequence = *self.sequences.entry((topic.to_owned(), partition)).or_default();
        let error = self.write_at(client, topic, partition, value, sequence)?;
        if error == 0 {
            self.sequences.insert((topic.to_owned(), partition), sequence + 1);
        }
        Some(error)
    }

    pub(crate) fn write_at(
        &self,
        client: &mut Client,
        topic: &str,
        partition: i32,
        value: &str,
        sequence: i32,
    ) -> Option<i16> {
        let batch = BatchBuilder::new().producer(self.id, self.epoch, sequence).transactional();
        let mut request = produce_request(topic, partition, &batch.value(value.as_bytes()).build(), -1);
        request.transactional_id = Some(self.name.clone().into());
        let version = if self.is_v2 { PRODUCE_V2 } else { PRODUCE_V1 };
        Some(try_produce(client, &request, version)?[0].error)
    }

    /// Writes one record, whatever it takes.
    pub(crate) fn put(&mut self, client: &mut Client, topic: &str, partition: i32, value: &str) {
        if !self.is_v2 {
            assert_eq!(self.add(client, topic, &[partition]), Some(vec![0]));
        }
        assert_eq!(self.write(client, topic, partition, value), Some(0));
    }

    /// Ends the transaction; none if the broker went away.
    pub(crate) fn end(&mut self, client: &mut Client, committed: bool) -> Option<i16> {
        let version = if self.is_v2 { END_V2 } else { END_V1 };
        let request = EndTxnRequest {
            transactional_id: self.name.clone().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
        };
        let sent = client.request(&request, version);
        let frame = client.read_frame()?;
        let (answered, response): (i32, EndTxnResponse) =
            headrace_protocol::decode_response(&frame, version).unwrap();
        assert_eq!(answered, sent);
        if response.error_code == 0 && self.is_v2 {
            (self.id, self.epoch) = (response.producer_id, response.producer_epoch);
            self.sequences.clear();
        }
        Some(response.error_code)
    }

    pub(crate) fn add_offsets(&self, client: &mut Client, group: &str) -> Option<i16> {
        let request = AddOffsetsToTxnRequest {
            transactional_id: self.name.clone().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            group_id: group.to_owned().into(),
        };
        let sent = client.request(&request, 3);
        let frame = client.read_frame()?;
        let (answered, response): (i32, AddOffsetsToTxnResponse) =
            headrace_protocol::decode_response(&frame, 3).unwrap();
        assert_eq!(answered, sent);
        Some(response.error_code)
    }

    /// Commits an offset of partition 0 in the transaction; by the first protocol without asking first.
    pub(crate) fn commit_offset(
        &self,
        client: &mut Client,
        group: &str,
        topic: &str,
        offset: i64,
    ) -> Option<i16> {
        let partitions =
            vec![TxnOffsetCommitRequestPartition { committed_offset: offset, ..Default::default() }];
        let request = TxnOffsetCommitRequest {
            transactional_id: self.name.clone().into(),
            group_id: group.to_owned().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            generation_id: -1,
            topics: vec![TxnOffsetCommitRequestTopic { name: topic.to_owned().into(), partitions }],
            ..Default::default()
        };
        self.commit_as(client, &request)
    }

    pub(crate) fn commit_as(&self, client: &mut Client, request: &TxnOffsetCommitRequest<'_>) -> Option<i16> {
        let version = if self.is_v2 { 5 } else { 3 };
        let sent = client.request(request, version);
        let frame = client.read_frame()?;
        let (answered, response): (i32, TxnOffsetCommitResponse<'_>) =
            headrace_protocol::decode_response(&frame, version).unwrap();
        assert_eq!(answered, sent);
        Some(response.topics[0].partitions[0].error_code)
    }
}

/// Error and committed offset of partition 0.
pub(crate) fn committed(client: &mut Client, group: &str, topic: &str, require_stable: bool) -> (i16, i64) {
    let topics = Some(vec![OffsetFetchRequestTopics {
        name: topic.to_owned().into(),
        partition_indexes: vec![0],
        ..Default::default()
    }]);
    let group_id = group.to_owned().into();
    let groups = vec![OffsetFetchRequestGroup { group_id, topics, ..Default::default() }];
    let request = OffsetFetchRequest { groups, require_stable, ..Default::default() };
    let sent = client.request(&request, 9);
    let response: OffsetFetchResponse<'_> = client.response(sent, 9);
    let row = &response.groups[0].topics[0].partitions[0];
    (row.error_code, row.committed_offset)
}

/// What a fetch of committed records is told.
pub(crate) fn fetch_committed(
    client: &mut Client,
    topic: &str,
    partition: i32,
    offset: i64,
) -> PartitionData {
    let mut request = fetch_request(&[Ask::new(topic, partition, offset)], 0, 1 << 20, 0);
    request.isolation_level = 1;
    fetch_rows(client, &request, FETCH).remove(0)
}

/// The values that a consumer of committed records is shown, as clients filter them.
pub(crate) fn read_committed(client: &mut Client, topic: &str, partition: i32) -> Vec<String> {
    let row = fetch_committed(client, topic, partition, 0);
    assert_eq!(row.error_code, 0);
    let mut aborted: Vec<(i64, i64)> =
        row.aborted_transactions.iter().flatten().map(|one| (one.first_offset, one.producer_id)).collect();
    aborted.sort_unstable();
    let mut bytes = row.records.clone().unwrap_or_default();
    let mut giving_up = std::collections::BTreeSet::new();
    let mut shown = Vec::new();
    while let Some(header) = headrace_records::BatchHeader::parse(&bytes) {
        let batch = bytes.split_to(header.batch_bytes().unwrap());
        let producer = header.producer_id.get();
        for (_, producer) in aborted.extract_if(.., |(first, _)| *first <= header.last_offset().get()) {
            giving_up.insert(producer);
        }
        if header.attributes.is_control() {
            if headrace_records::Marker::read(&batch).unwrap().is_some_and(|marker| !marker.is_commit) {
                giving_up.remove(&producer);
            }
        } else if !(header.attributes.is_transactional() && giving_up.contains(&producer)) {
            shown.extend(records(Some(&batch)).into_iter().map(|(_, value)| value));
        }
    }
    shown
}
