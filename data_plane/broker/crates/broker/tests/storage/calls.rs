//! Requests as the tests send them, with answers that own what they hold.

use bytes::Bytes;
use headrace_protocol::{
    decode_response,
    messages::{
        CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest, DeleteRecordsResponse, FetchRequest,
        FetchResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse,
        MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::PartitionData,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        list_offsets_response::ListOffsetsPartitionResponse,
        metadata_request::MetadataRequestTopic,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
};
use headrace_records::{BatchBuilder, BatchHeader, DecompressionLimits, RecordSet};
use uuid::Uuid;

use crate::support::Client;

pub(crate) const PRODUCE: i16 = 12;
pub(crate) const PRODUCE_BY_ID: i16 = 13;
pub(crate) const FETCH: i16 = 12;
pub(crate) const FETCH_BY_ID: i16 = 17;

/// What a Produce request was answered for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Produced {
    pub(crate) error: i16,
    pub(crate) base_offset: i64,
    pub(crate) append_time_ms: i64,
    pub(crate) log_start: i64,
    pub(crate) bad_records: Vec<i32>,
    pub(crate) message: String,
}

/// A plain batch of these values.
pub(crate) fn batch(values: &[&str]) -> Vec<u8> {
    values.iter().fold(BatchBuilder::new(), |batch, value| batch.value(value.as_bytes())).build()
}

pub(crate) fn topic<'a>(
    name: &'a str,
    partitions: i32,
    configs: &[(&'a str, &'a str)],
) -> CreatableTopic<'a> {
    let config = |(name, value): &(&'a str, &'a str)| CreatableTopicConfig {
        name: (*name).into(),
        value: Some((*value).into()),
    };
    CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: -1,
        assignments: vec![],
        configs: configs.iter().map(config).collect(),
    }
}

/// Creates a topic, which must work; answers its id.
pub(crate) fn create(client: &mut Client, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
    let request = CreateTopicsRequest {
        topics: vec![topic(name, partitions, configs)],
        timeout_ms: 1_000,
        validate_only: false,
    };
    let id = client.request(&request, 7);
    let response: CreateTopicsResponse<'_> = client.response(id, 7);
    let created = &response.topics[0];
    assert_eq!(created.error_code, 0, "{:?}", created.error_message);
    created.topic_id
}

pub(crate) fn produce_request(
    name: &str,
    partition: i32,
    records: &[u8],
    acks: i16,
) -> ProduceRequest<'static> {
    let data = PartitionProduceData { index: partition, records: Some(Bytes::copy_from_slice(records)) };
    ProduceRequest {
        transactional_id: None,
        acks,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: name.to_owned().into(),
            topic_id: Uuid::nil(),
            partition_data: vec![data],
        }],
    }
}

/// Produces one batch; none if the broker went away.
pub(crate) fn try_produce(
    client: &mut Client,
    request: &ProduceRequest<'_>,
    version: i16,
) -> Option<Vec<Produced>> {
    client.request(request, version);
    let frame = client.read_frame()?;
    let (_, response): (i32, ProduceResponse<'_>) = decode_response(&frame, version).unwrap();
    let rows = response.responses.into_iter().flat_map(|topic| topic.partition_responses);
    let row = rows.map(|row| Produced {
        error: row.error_code,
        base_offset: row.base_offset,
        append_time_ms: row.log_append_time_ms,
        log_start: row.log_start_offset,
        bad_records: row.record_errors.iter().map(|record| record.batch_index).collect(),
        message: row.error_message.unwrap_or_default().into_owned(),
    });
    Some(row.collect())
}

pub(crate) fn produce_as(
    client: &mut Client,
    name: &str,
    partition: i32,
    records: &[u8],
    version: i16,
) -> Produced {
    let request = produce_request(name, partition, records, -1);
    try_produce(client, &request, version).expect("the broker closed the connection").remove(0)
}

pub(crate) fn produce(client: &mut Client, name: &str, partition: i32, records: &[u8]) -> Produced {
    produce_as(client, name, partition, records, PRODUCE)
}

/// What a fetch asks of one partition.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) topic: &'a str,
    pub(crate) id: Uuid,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) bytes_max: i32,
    pub(crate) epoch: i32,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(topic: &'a str, partition: i32, offset: i64) -> Self {
        Self { topic, id: Uuid::nil(), partition, offset, bytes_max: 1 << 20, epoch: -1 }
    }
}

pub(crate) fn fetch_request(
    asks: &[Ask<'_>],
    bytes_min: i32,
    bytes_max: i32,
    wait_ms: i32,
) -> FetchRequest<'static> {
    let topic = |ask: &Ask<'_>| FetchTopic {
        topic: ask.topic.to_owned().into(),
        topic_id: ask.id,
        partitions: vec![FetchPartition {
            partition: ask.partition,
            current_leader_epoch: ask.epoch,
            fetch_offset: ask.offset,
            partition_max_bytes: ask.bytes_max,
            ..Default::default()
        }],
    };
    FetchRequest {
        replica_id: -1,
        max_wait_ms: wait_ms,
        min_bytes: bytes_min,
        max_bytes: bytes_max,
        topics: asks.iter().map(topic).collect(),
        ..Default::default()
    }
}

/// Sends a fetch and answers its rows.
pub(crate) fn fetch_rows(
    client: &mut Client,
    request: &FetchRequest<'_>,
    version: i16,
) -> Vec<PartitionData> {
    let id = client.request(request, version);
    let response: FetchResponse<'_> = client.response(id, version);
    assert_eq!((response.error_code, response.session_id), (0, 0));
    response.responses.into_iter().flat_map(|topic| topic.partitions).collect()
}

/// One partition from an offset on, without waiting.
pub(crate) fn fetch(client: &mut Client, topic: &str, partition: i32, offset: i64) -> PartitionData {
    let request = fetch_request(&[Ask::new(topic, partition, offset)], 0, 1 << 20, 0);
    fetch_rows(client, &request, FETCH).remove(0)
}

/// Offsets and values of whole batches.
pub(crate) fn records(bytes: Option<&Bytes>) -> Vec<(i64, String)> {
    let mut rest: &[u8] = bytes.map_or(&[], |bytes| bytes);
    let mut found = Vec::new();
    while let Some(header) = BatchHeader::parse(rest) {
        let (batch, after) = rest.split_at(header.batch_bytes().unwrap());
        assert_eq!(headrace_records::header::crc_of(batch), header.crc);
        let set = RecordSet::of_batch(batch, DecompressionLimits::default()).unwrap();
        for record in set.iter() {
            let record = record.unwrap();
            found.push((record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
        rest = after;
    }
    assert!(rest.is_empty(), "a fetch ended inside a batch");
    found
}

/// Everything that a partition holds.
pub(crate) fn read_all(client: &mut Client, topic: &str, partition: i32) -> Vec<(i64, String)> {
    let mut all: Vec<(i64, String)> = Vec::new();
    loop {
        let next = all.last().map_or(0, |(offset, _)| offset + 1);
        let row = fetch(client, topic, partition, next);
        assert_eq!(row.error_code, 0);
        if next == row.high_watermark {
            return all;
        }
        all.extend(records(row.records.as_ref()).into_iter().filter(|(offset, _)| *offset >= next));
    }
}

pub(crate) fn list_offset(
    client: &mut Client,
    topic: &str,
    timestamp: i64,
    version: i16,
) -> ListOffsetsPartitionResponse {
    list_offset_in_epoch(client, topic, timestamp, version, -1)
}

pub(crate) fn list_offset_in_epoch(
    client: &mut Client,
    topic: &str,
    timestamp: i64,
    version: i16,
    current_leader_epoch: i32,
) -> ListOffsetsPartitionResponse {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned().into(),
            partitions: vec![ListOffsetsPartition { partition_index: 0, current_leader_epoch, timestamp }],
        }],
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: ListOffsetsResponse<'_> = client.response(id, version);
    response.topics[0].partitions[0].clone()
}

pub(crate) fn producer_id(client: &mut Client, transactional_id: Option<&str>) -> (i16, i64, i16) {
    let request = InitProducerIdRequest {
        transactional_id: transactional_id.map(|id| id.to_owned().into()),
        ..Default::default()
    };
    let id = client.request(&request, 4);
    let response: InitProducerIdResponse = client.response(id, 4);
    (response.error_code, response.producer_id, response.producer_epoch)
}

/// Deletes records before offsets; error and log start of each partition.
pub(crate) fn delete_records(client: &mut Client, topic: &str, before: &[(i32, i64)]) -> Vec<(i16, i64)> {
    let partition =
        |(index, offset): &(i32, i64)| DeleteRecordsPartition { partition_index: *index, offset: *offset };
    let topics = vec![DeleteRecordsTopic {
        name: topic.to_owned().into(),
        partitions: before.iter().map(partition).collect(),
    }];
    let id = client.request(&DeleteRecordsRequest { topics, timeout_ms: 1_000 }, 2);
    let response: DeleteRecordsResponse<'_> = client.response(id, 2);
    let rows = response.topics.iter().flat_map(|topic| &topic.partitions);
    rows.map(|row| (row.error_code, row.low_watermark)).collect()
}

/// Error, id and partition count of a topic as metadata has it.
pub(crate) fn metadata(client: &mut Client, name: &str) -> (i16, Uuid, usize) {
    let topics = vec![MetadataRequestTopic { topic_id: Uuid::nil(), name: Some(name.to_owned().into()) }];
    let request =
        MetadataRequest { topics: Some(topics), allow_auto_topic_creation: false, ..Default::default() };
    let id = client.request(&request, 12);
    let response: MetadataResponse<'_> = client.response(id, 12);
    let topic = &response.topics[0];
    (topic.error_code, topic.topic_id, topic.partitions.len())
}

/// Any change of a topic's configuration has the broker look for what is due.
pub(crate) fn wake_compaction(client: &mut Client, topic: &str, turn: u32) {
    let config = AlterableConfig {
        name: "flush.ms".into(),
        config_operation: 0,
        value: Some((1 + turn).to_string().into()),
    };
    let resource =
        AlterConfigsResource { resource_type: 2, resource_name: topic.into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let id = client.request(&request, 1);
    let response: IncrementalAlterConfigsResponse<'_> = client.response(id, 1);
    assert_eq!(response.responses[0].error_code, 0);
}
