//! Requests as these tests send them.

use bytes::Bytes;
use headrace_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, DescribeClusterRequest, DescribeClusterResponse, FetchRequest,
    FetchResponse, ProduceRequest, ProduceResponse,
    create_partitions_request::CreatePartitionsTopic,
    create_topics_request::CreatableTopic,
    fetch_request::{FetchPartition, FetchTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use headrace_records::BatchBuilder;

use crate::support::{Broker, Client};

pub(crate) fn login(broker: &Broker, user: &str) -> Client {
    let mut client = broker.connect();
    assert_eq!(client.login(&format!("hk_{user}"), &format!("secret-{user}")), 0);
    client
}

pub(crate) fn create(client: &mut Client, name: &str) -> (i16, String) {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
    let id = client.request(&request, 7);
    let response: CreateTopicsResponse<'_> = client.response(id, 7);
    let row = &response.topics[0];
    (row.error_code, row.error_message.as_deref().unwrap_or_default().to_owned())
}

pub(crate) fn grow(client: &mut Client, name: &str, count: i32) -> i16 {
    let topics = vec![CreatePartitionsTopic { name: name.to_owned().into(), count, assignments: None }];
    let id = client.request(&CreatePartitionsRequest { topics, timeout_ms: 1000, validate_only: false }, 3);
    let response: CreatePartitionsResponse<'_> = client.response(id, 3);
    response.results[0].error_code
}

pub(crate) fn delete(client: &mut Client, name: &str) -> i16 {
    let request = DeleteTopicsRequest {
        topic_names: vec![name.to_owned().into()],
        timeout_ms: 1000,
        ..Default::default()
    };
    let id = client.request(&request, 5);
    let response: DeleteTopicsResponse<'_> = client.response(id, 5);
    response.responses[0].error_code
}

pub(crate) fn produce(client: &mut Client, name: &str) -> (i16, String) {
    let records = Some(Bytes::from(BatchBuilder::new().value(b"a").build()));
    let topic = TopicProduceData {
        name: name.to_owned().into(),
        partition_data: vec![PartitionProduceData { index: 0, records }],
        ..Default::default()
    };
    let request =
        ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
    let id = client.request(&request, 9);
    let response: ProduceResponse<'_> = client.response(id, 9);
    let row = &response.responses[0].partition_responses[0];
    (row.error_code, row.error_message.as_deref().unwrap_or_default().to_owned())
}

/// Error code and bytes of records.
pub(crate) fn fetch(client: &mut Client, name: &str) -> (i16, usize) {
    let id = client.request(&fetch_request(name, 0), 12);
    let response: FetchResponse<'_> = client.response(id, 12);
    let row = &response.responses[0].partitions[0];
    (row.error_code, row.records.as_ref().map_or(0, Bytes::len))
}

/// Waits so long for something to come.
pub(crate) fn fetch_request(name: &str, wait_ms: i32) -> FetchRequest<'static> {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic =
        FetchTopic { topic: name.to_owned().into(), partitions: vec![partition], ..Default::default() };
    FetchRequest {
        replica_id: -1,
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    }
}

pub(crate) fn is_served(client: &mut Client) -> bool {
    let id = client.request(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 1);
    let Some(frame) = client.read_frame() else { return false };
    let (answered, response): (i32, DescribeClusterResponse<'_>) =
        headrace_protocol::decode_response(&frame, 1).unwrap();
    assert_eq!((answered, response.error_code), (id, 0));
    true
}

pub(crate) fn metric(broker: &Broker, name: &str) -> u64 {
    let (status, text) = broker.admin("GET", "/metrics");
    assert_eq!(status, 200);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("headrace_broker_{name} ")));
    line.map_or(0, |count| count.parse().unwrap())
}
