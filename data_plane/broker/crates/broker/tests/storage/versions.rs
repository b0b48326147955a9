//! Refusals in every served version: an error that a version has no place for must not cost the connection.

use headrace_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    InitProducerIdRequest, InitProducerIdResponse, create_partitions_request::CreatePartitionsTopic,
    delete_topics_request::DeleteTopicState, describe_configs_request::DescribeConfigsResource,
};
use headrace_records::{BatchBuilder, NewRecord};
use headrace_types::ErrorCode;
use uuid::Uuid;

use crate::{
    calls::{
        Ask, FETCH_BY_ID, batch, create, fetch_request, fetch_rows, list_offset, produce_request, topic,
        try_produce,
    },
    support::{Broker, Client},
};

/// Wherever a clock stands, this lies too far ahead of it.
const FAR_AHEAD_MS: i64 = i64::MAX / 2;

fn setup() -> (Broker, Client, Uuid) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &[]);
    (broker, client, id)
}

#[test]
fn produce_refuses_records_and_topics_in_every_version() {
    let (_broker, mut client, id) = setup();
    let record = NewRecord { timestamp: FAR_AHEAD_MS, key: None, value: Some(b"v"), headers: &[] };
    let future = BatchBuilder::new().record(record).build();
    for version in 3..=13 {
        let mut request = produce_request("t", 0, &future, -1);
        request.topic_data[0].topic_id = id;
        let refused = try_produce(&mut client, &request, version).unwrap();
        assert_eq!(refused[0].error, ErrorCode::InvalidTimestamp.code(), "version {version}");
        assert_eq!(refused[0].bad_records.len(), usize::from(version >= 8), "version {version}");
        let unknown = try_produce(&mut client, &produce_request("none", 0, &batch(&["x"]), -1), version);
        assert_ne!(unknown.unwrap()[0].error, 0, "version {version}");
    }
}

#[test]
fn fetch_refuses_epochs_and_topics_in_every_version() {
    let (_broker, mut client, id) = setup();
    for version in 4..=18 {
        let ask = Ask { id, epoch: 9, ..Ask::new("t", 0, 7) };
        let row = fetch_rows(&mut client, &fetch_request(&[ask], 1, 1, 60_000), version).remove(0);
        // Before version 9 a request says nothing of epochs.
        let expected = if version < 9 { ErrorCode::OffsetOutOfRange } else { ErrorCode::UnknownLeaderEpoch };
        assert_eq!(row.error_code, expected.code(), "version {version}");
        let ask = Ask { id: Uuid::from_u128(1), ..Ask::new("none", 0, 0) };
        let row = fetch_rows(&mut client, &fetch_request(&[ask], 1, 1, 60_000), version).remove(0);
        let unknown =
            if version < 13 { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::UnknownTopicId };
        assert_eq!(row.error_code, unknown.code(), "version {version}");
    }
    assert_eq!(FETCH_BY_ID, 17);
}

#[test]
fn offsets_and_producer_ids_are_refused_in_every_version() {
    let (_broker, mut client, _) = setup();
    for version in 1..=11 {
        let unknown = list_offset(&mut client, "none", -1, version);
        assert_eq!(unknown.error_code, ErrorCode::UnknownTopicOrPartition.code(), "version {version}");
    }
    for version in 0..=5 {
        let transactional_id = Some("tx".into());
        let request =
            InitProducerIdRequest { transactional_id, transaction_timeout_ms: 0, ..Default::default() };
        let id = client.request(&request, version);
        let response: InitProducerIdResponse = client.response(id, version);
        assert_eq!(response.error_code, ErrorCode::InvalidTransactionTimeout.code());
    }
}

#[test]
fn topics_are_refused_in_every_version() {
    let (_broker, mut client, _) = setup();
    for version in 2..=7 {
        let fresh = format!("v{version}");
        let topics = vec![topic("t", 1, &[]), topic(&fresh, 1, &[])];
        let id =
            client.request(&CreateTopicsRequest { topics, timeout_ms: 1, validate_only: false }, version);
        let response: CreateTopicsResponse<'_> = client.response(id, version);
        let codes: Vec<i16> = response.topics.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, [ErrorCode::TopicAlreadyExists.code(), 0], "version {version}");
    }
    for version in 1..=6 {
        let state = DeleteTopicState { name: Some("none".into()), topic_id: Uuid::nil() };
        let by_state = version >= 6;
        let request = DeleteTopicsRequest {
            topics: if by_state { vec![state] } else { vec![] },
            topic_names: if by_state { vec![] } else { vec!["none".into()] },
            timeout_ms: 1,
        };
        let id = client.request(&request, version);
        let response: DeleteTopicsResponse<'_> = client.response(id, version);
        assert_eq!(response.responses[0].error_code, ErrorCode::UnknownTopicOrPartition.code());
    }
    for version in 0..=3 {
        let wanted = CreatePartitionsTopic { name: "t".into(), count: 1, assignments: None };
        let request = CreatePartitionsRequest { topics: vec![wanted], timeout_ms: 1, validate_only: false };
        let id = client.request(&request, version);
        let response: CreatePartitionsResponse<'_> = client.response(id, version);
        assert_eq!(response.results[0].error_code, ErrorCode::InvalidPartitions.code());
    }
}

#[test]
fn configurations_are_described_in_every_version() {
    let (_broker, mut client, _) = setup();
    for version in 1..=4 {
        let resource = |name: &'static str| DescribeConfigsResource {
            resource_type: 2,
            resource_name: name.into(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource("t"), resource("none")],
            include_synonyms: true,
            include_documentation: version >= 3,
        };
        let id = client.request(&request, version);
        let response: DescribeConfigsResponse<'_> = client.response(id, version);
        assert_eq!(response.results[0].error_code, 0, "version {version}");
        assert!(response.results[0].configs.len() > 10);
        assert_eq!(response.results[1].error_code, ErrorCode::UnknownTopicOrPartition.code());
    }
}
