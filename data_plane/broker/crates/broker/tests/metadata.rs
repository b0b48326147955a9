//! `Metadata` and `DescribeCluster` in every version.

mod support;

use headrace_protocol::messages::{
    DescribeClusterRequest, DescribeClusterResponse, MetadataRequest, MetadataResponse,
    metadata_request::MetadataRequestTopic, metadata_response::MetadataResponseTopic,
};
use support::{Broker, Client};
use uuid::Uuid;

const UNKNOWN_TOPIC: i16 = 3;
const INVALID_TOPIC: i16 = 17;
const INVALID_REQUEST: i16 = 42;
const UNKNOWN_TOPIC_ID: i16 = 100;

fn named(name: &str) -> MetadataRequestTopic<'_> {
    MetadataRequestTopic { name: Some(name.into()), ..Default::default() }
}

fn ask<'a>(
    client: &'a mut Client,
    version: i16,
    topics: Option<Vec<MetadataRequestTopic<'_>>>,
) -> MetadataResponse<'a> {
    let id = client.request(&MetadataRequest { topics, ..Default::default() }, version);
    client.response(id, version)
}

fn summary(response: MetadataResponse<'_>) -> Vec<(i16, String, usize)> {
    let row = |topic: MetadataResponseTopic<'_>| {
        (topic.error_code, topic.name.unwrap_or_default().into_owned(), topic.partitions.len())
    };
    response.topics.into_iter().map(row).collect()
}

#[test]
fn a_topic_is_created_on_first_use_and_told_in_every_version() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    assert_eq!(summary(ask(&mut client, 9, Some(vec![named("orders")]))), [(0, "orders".to_owned(), 4)]);
    for version in 0..=13 {
        let response = ask(&mut client, version, Some(vec![named("orders"), named("orders")]));
        assert_eq!((response.brokers.len(), response.brokers[0].port), (1, i32::from(broker.address.port())));
        assert_eq!(response.controller_id, if version == 0 { -1 } else { 1 });
        let partition = &response.topics[0].partitions[3];
        assert_eq!((partition.leader_id, &partition.isr_nodes[..]), (1, &[1][..]));
        assert_eq!(summary(response), [(0, "orders".to_owned(), 4)], "version {version}");
    }
}

#[test]
fn null_means_all_topics_and_empty_means_none_but_in_version_0() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    ask(&mut client, 9, Some(vec![named("b"), named("a")]));
    let all = [(0, "a".to_owned(), 4), (0, "b".to_owned(), 4)];
    assert_eq!(summary(ask(&mut client, 0, Some(Vec::new()))), all);
    for version in 1..=13 {
        assert_eq!(summary(ask(&mut client, version, Some(Vec::new()))), []);
        assert_eq!(summary(ask(&mut client, version, None)), all);
    }
}

#[test]
fn topics_are_not_created_when_the_client_or_the_broker_forbids_it() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let request = MetadataRequest {
        topics: Some(vec![named("absent"), named("not/a name")]),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let id = client.request(&request, 8);
    let response: MetadataResponse<'_> = client.response(id, 8);
    let expected = [(UNKNOWN_TOPIC, "absent".to_owned(), 0), (INVALID_TOPIC, "not/a name".to_owned(), 0)];
    assert_eq!(summary(response), expected);

    let strict = Broker::with_logins(|_| ());
    let mut client = strict.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    assert_eq!(summary(ask(&mut client, 13, Some(vec![named("absent")])))[0].0, UNKNOWN_TOPIC);
    assert_eq!(summary(ask(&mut client, 13, None)), []);
}

#[test]
fn topics_are_found_by_id_from_version_12_on() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = ask(&mut client, 12, Some(vec![named("orders")])).topics[0].topic_id;
    let by_id = |id: Uuid| MetadataRequestTopic { topic_id: id, name: None };
    for version in 12..=13 {
        assert_eq!(summary(ask(&mut client, version, Some(vec![by_id(id)])))[0], (0, "orders".to_owned(), 4));
        let unknown = ask(&mut client, version, Some(vec![by_id(Uuid::from_u128(7))]));
        assert_eq!(unknown.topics[0].error_code, UNKNOWN_TOPIC_ID);
        assert_eq!((&unknown.topics[0].name, unknown.topics[0].topic_id), (&None, Uuid::from_u128(7)));
    }
    for version in 10..=11 {
        let refused = ask(&mut client, version, Some(vec![by_id(id)]));
        assert_eq!(refused.topics[0].error_code, INVALID_REQUEST);
    }
}

#[test]
fn operations_are_told_when_they_are_asked_for() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let request = MetadataRequest {
        topics: Some(vec![named("orders")]),
        include_topic_authorized_operations: true,
        ..Default::default()
    };
    let id = client.request(&request, 9);
    let response: MetadataResponse<'_> = client.response(id, 9);
    assert!(response.topics[0].topic_authorized_operations > 0);
    assert_eq!(ask(&mut client, 9, None).topics[0].topic_authorized_operations, i32::MIN);
}

#[test]
fn the_cluster_is_described_in_every_version() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for version in 0..=2 {
        let id = client.request(&DescribeClusterRequest::default(), version);
        let response: DescribeClusterResponse<'_> = client.response(id, version);
        assert_eq!((response.error_code, response.controller_id, response.brokers.len()), (0, 1, 1));
        assert_eq!(response.cluster_authorized_operations, i32::MIN);
    }
    let controllers = DescribeClusterRequest {
        endpoint_type: 2,
        include_cluster_authorized_operations: true,
        ..Default::default()
    };
    let id = client.request(&controllers, 2);
    let response: DescribeClusterResponse<'_> = client.response(id, 2);
    assert_eq!((response.error_code, response.brokers.len()), (114, 0));
}

/// 4 bytes that declare two thousand million topics, and 29 that declare as many in `Fetch`.
#[test]
fn arrays_that_can_not_fit_close_the_connection() {
    let broker = Broker::dev();
    let header = |key: i16, version: i16| {
        [key.to_be_bytes().as_slice(), &version.to_be_bytes(), &1i32.to_be_bytes(), &(-1i16).to_be_bytes()]
            .concat()
    };
    let mut fetch = [header(1, 11), (-1i32).to_be_bytes().to_vec(), vec![0; 21]].concat();
    fetch.extend_from_slice(&i32::MAX.to_be_bytes());
    for body in [[header(3, 1), i32::MAX.to_be_bytes().to_vec()].concat(), fetch] {
        let mut client = broker.connect();
        client.send_frame(&body);
        client.assert_closed();
    }
    assert!(broker.resident_bytes() < 64 * 1024 * 1024);
    broker.assert_serves();
}
