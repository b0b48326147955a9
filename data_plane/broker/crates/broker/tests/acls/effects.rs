//! What rules change for who they are about, from the next request on.

use std::fs;

use headrace_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest,
    FetchResponse, InitProducerIdRequest, InitProducerIdResponse, ListGroupsRequest, ListGroupsResponse,
    MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    OffsetFetchResponse, ProduceRequest, ProduceResponse,
    create_acls_request::AclCreation,
    create_topics_request::CreatableTopic,
    delete_topics_request::DeleteTopicState,
    fetch_request::{FetchPartition, FetchTopic},
    metadata_request::MetadataRequestTopic,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_fetch_request::OffsetFetchRequestGroup,
    produce_request::{PartitionProduceData, TopicProduceData},
};
use headrace_records::BatchBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    rules::{
        ALLOW, CLUSTER, CREATE, DELETE, DENY, DESCRIBE, GROUP, NEWEST, ONE, READ, TOPIC, TWO, WRITE,
        anything, as_deletion, create_all, delete, everything, login, prefixed, rule,
    },
    support::{Broker, Client},
};

const NONE: i16 = 0;
const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
const CLUSTER_AUTHORIZATION_FAILED: i16 = 31;
/// A fetch that waits longer than any test.
const LONG_WAIT_MS: i32 = 120_000;

/// A broker whose first user may do everything, and the second one what `more` says.
fn ruled(more: Vec<AclCreation<'_>>) -> (Broker, Client, Client) {
    let broker = Broker::with_logins(|config| config["topics"] = json!({"auto_create": true}));
    let (mut owner, other) = (login(&broker, "one"), login(&broker, "two"));
    create_all(&mut owner, [everything(ONE), more].concat());
    (broker, owner, other)
}

/// Error, id and configurations of a topic that is made.
fn make(client: &mut Client, name: &str) -> (i16, Uuid, i16, usize) {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
    let id = client.request(&request, 7);
    let response: CreateTopicsResponse<'_> = client.response(id, 7);
    let made = &response.topics[0];
    let configs = made.configs.as_ref().map_or(0, Vec::len);
    (made.error_code, made.topic_id, made.topic_config_error_code, configs)
}

fn produce(client: &mut Client, name: &str) -> i16 {
    let records = Some(BatchBuilder::new().value(b"x").build().into());
    let partition_data = vec![PartitionProduceData { index: 0, records }];
    let topic_data =
        vec![TopicProduceData { name: name.to_owned().into(), partition_data, ..Default::default() }];
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data, ..Default::default() };
    let id = client.request(&request, 9);
    let response: ProduceResponse<'_> = client.response(id, 9);
    response.responses[0].partition_responses[0].error_code
}

fn send_fetch(client: &mut Client, name: &str, offset: i64, max_wait_ms: i32) -> i32 {
    let partitions =
        vec![FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..Default::default() }];
    let topics = vec![FetchTopic { topic: name.to_owned().into(), partitions, ..Default::default() }];
    let request =
        FetchRequest { max_wait_ms, min_bytes: 1, max_bytes: 1 << 20, topics, ..Default::default() };
    client.request(&request, 12)
}

/// Error, and whether there are records.
fn fetched(client: &mut Client, id: i32) -> (i16, bool) {
    let response: FetchResponse<'_> = client.response(id, 12);
    let row = &response.responses[0].partitions[0];
    (row.error_code, row.records.as_ref().is_some_and(|records| !records.is_empty()))
}

fn metadata(client: &mut Client, topic: MetadataRequestTopic<'static>) -> (i16, Option<String>, Uuid, i32) {
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: true,
        include_topic_authorized_operations: true,
        ..Default::default()
    };
    let id = client.request(&request, 12);
    let response: MetadataResponse<'_> = client.response(id, 12);
    let row = &response.topics[0];
    let name = row.name.as_ref().map(ToString::to_string);
    (row.error_code, name, row.topic_id, row.topic_authorized_operations)
}

fn named(name: &'static str) -> MetadataRequestTopic<'static> {
    MetadataRequestTopic { name: Some(name.into()), ..Default::default() }
}

fn remove(client: &mut Client, topic_id: Uuid) -> (i16, Option<String>) {
    let topics = vec![DeleteTopicState { name: None, topic_id }];
    let id = client.request(&DeleteTopicsRequest { topics, timeout_ms: 1000, ..Default::default() }, 6);
    let response: DeleteTopicsResponse<'_> = client.response(id, 6);
    let row = &response.responses[0];
    (row.error_code, row.name.as_ref().map(ToString::to_string))
}

#[test]
fn a_change_holds_at_once_on_connections_that_are_open() {
    let broker = Broker::with_logins(|_| ());
    let (mut owner, mut other) = (login(&broker, "one"), login(&broker, "two"));
    assert_eq!(make(&mut owner, "orders").0, NONE);
    assert_eq!(produce(&mut other, "orders"), NONE, "what no rule is about is open");
    create_all(&mut owner, vec![rule(TOPIC, "orders", TWO, READ, ALLOW)]);
    assert_eq!(produce(&mut other, "orders"), TOPIC_AUTHORIZATION_FAILED);
    let id = send_fetch(&mut other, "orders", 0, 0);
    assert_eq!(fetched(&mut other, id), (NONE, true));
    create_all(&mut owner, vec![rule(TOPIC, "orders", "User:*", READ, DENY)]);
    let id = send_fetch(&mut other, "orders", 0, 0);
    assert_eq!(fetched(&mut other, id), (TOPIC_AUTHORIZATION_FAILED, false), "no beats yes");
    assert_eq!(delete(&mut owner, vec![as_deletion(&anything())], NEWEST), [(0, 2)]);
    assert_eq!(produce(&mut other, "orders"), NONE);
}

#[test]
fn a_fetch_that_waits_ends_without_records_once_its_right_is_gone() {
    let (_broker, mut owner, mut other) = ruled(vec![rule(TOPIC, "orders", TWO, READ, ALLOW)]);
    assert_eq!(make(&mut owner, "orders").0, NONE);
    let waiting = send_fetch(&mut other, "orders", 0, LONG_WAIT_MS);
    create_all(&mut owner, vec![rule(TOPIC, "orders", TWO, READ, DENY)]);
    assert_eq!(produce(&mut owner, "orders"), NONE);
    assert_eq!(fetched(&mut other, waiting), (TOPIC_AUTHORIZATION_FAILED, false));
}

#[test]
fn rules_for_an_address_hold_there_only() {
    let from = |host: &'static str, operation| AclCreation {
        host: host.into(),
        ..rule(TOPIC, "orders", TWO, operation, ALLOW)
    };
    let (_broker, mut owner, mut other) = ruled(vec![from("127.0.0.1", READ), from("192.0.2.1", WRITE)]);
    assert_eq!(make(&mut owner, "orders").0, NONE);
    let id = send_fetch(&mut other, "orders", 0, 0);
    assert_eq!(fetched(&mut other, id), (NONE, false));
    assert_eq!(produce(&mut other, "orders"), TOPIC_AUTHORIZATION_FAILED);
}

#[test]
fn topics_are_made_by_who_may_make_them() {
    let (_broker, mut owner, mut other) = ruled(vec![
        prefixed(rule(TOPIC, "team-", TWO, CREATE, ALLOW)),
        prefixed(rule(TOPIC, "team-", TWO, DESCRIBE, ALLOW)),
        rule(TOPIC, "seen", TWO, DESCRIBE, ALLOW),
    ]);
    let (code, id, config_code, configs) = make(&mut other, "team-a");
    assert_eq!((code, id.is_nil()), (NONE, false));
    assert_eq!((config_code, configs), (TOPIC_AUTHORIZATION_FAILED, 0), "configurations are not shown");
    assert_eq!(make(&mut other, "orders").0, TOPIC_AUTHORIZATION_FAILED);
    // On first use too, and nothing is left of what was refused.
    assert_eq!(metadata(&mut other, named("seen")).0, TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(metadata(&mut other, named("orders")).0, TOPIC_AUTHORIZATION_FAILED);
    let bits = 1 << CREATE | 1 << DESCRIBE;
    let (code, name, _, operations) = metadata(&mut other, named("team-b"));
    assert_eq!((code, name.as_deref(), operations), (NONE, Some("team-b"), bits));
    let request = MetadataRequest { topics: None, ..Default::default() };
    let sent = owner.request(&request, 12);
    let all: MetadataResponse<'_> = owner.response(sent, 12);
    let names: Vec<&str> = all.topics.iter().filter_map(|topic| topic.name.as_deref()).collect();
    assert_eq!(names, ["team-a", "team-b"]);
    drop(all);
    create_all(&mut owner, vec![rule(CLUSTER, "kafka-cluster", TWO, CREATE, ALLOW)]);
    assert_eq!(make(&mut other, "orders").0, NONE);
}

#[test]
fn an_id_does_not_tell_the_name_to_who_may_not_know_it() {
    let (_broker, mut owner, mut other) = ruled(vec![rule(TOPIC, "seen", TWO, DESCRIBE, ALLOW)]);
    let hidden = make(&mut owner, "hidden").1;
    let seen = make(&mut owner, "seen").1;
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None };
    let (code, name, id, _) = metadata(&mut other, by_id(hidden));
    assert_eq!((code, name, id), (TOPIC_AUTHORIZATION_FAILED, None, hidden));
    assert_eq!(metadata(&mut other, by_id(seen)).1.as_deref(), Some("seen"));
    assert_eq!(remove(&mut other, hidden), (TOPIC_AUTHORIZATION_FAILED, None));
    assert_eq!(remove(&mut other, seen), (TOPIC_AUTHORIZATION_FAILED, Some("seen".to_owned())));
    create_all(&mut owner, vec![rule(TOPIC, "seen", TWO, DELETE, ALLOW)]);
    assert_eq!(remove(&mut other, seen), (NONE, Some("seen".to_owned())));
}

#[test]
fn a_group_shows_only_offsets_of_topics_that_may_be_seen() {
    let (_broker, mut owner, mut other) =
        ruled(vec![prefixed(rule(GROUP, "read", TWO, READ, ALLOW)), rule(TOPIC, "seen", TWO, READ, ALLOW)]);
    for name in ["hidden", "seen"] {
        assert_eq!(make(&mut owner, name).0, NONE);
    }
    let topic = |name: &'static str| OffsetCommitRequestTopic {
        name: name.into(),
        partitions: vec![OffsetCommitRequestPartition::default()],
        ..Default::default()
    };
    let commit = OffsetCommitRequest {
        group_id: "readers".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic("hidden"), topic("seen")],
        ..Default::default()
    };
    for (client, expected) in [(&mut other, [TOPIC_AUTHORIZATION_FAILED, NONE]), (&mut owner, [NONE, NONE])] {
        let id = client.request(&commit, 9);
        let response: OffsetCommitResponse<'_> = client.response(id, 9);
        let codes: Vec<i16> = response.topics.iter().map(|topic| topic.partitions[0].error_code).collect();
        assert_eq!(codes, expected);
    }
    let group = OffsetFetchRequestGroup { group_id: "readers".into(), topics: None, ..Default::default() };
    let id = other.request(&OffsetFetchRequest { groups: vec![group], ..Default::default() }, 9);
    let response: OffsetFetchResponse<'_> = other.response(id, 9);
    let names: Vec<&str> = response.groups[0].topics.iter().map(|topic| &*topic.name).collect();
    assert_eq!(names, ["seen"]);
    drop(response);
    let id = other.request(&ListGroupsRequest::default(), 5);
    let response: ListGroupsResponse<'_> = other.response(id, 5);
    assert_eq!(response.groups.len(), 1, "a group is seen by who may read in it");
}

#[test]
fn a_commit_of_nothing_that_is_allowed_makes_no_group() {
    let (_broker, mut owner, mut other) = ruled(vec![rule(GROUP, "readers", TWO, READ, ALLOW)]);
    assert_eq!(make(&mut owner, "hidden").0, NONE);
    let topic = OffsetCommitRequestTopic {
        name: "hidden".into(),
        partitions: vec![OffsetCommitRequestPartition::default()],
        ..Default::default()
    };
    let commit = OffsetCommitRequest {
        group_id: "readers".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    };
    let id = other.request(&commit, 9);
    let response: OffsetCommitResponse<'_> = other.response(id, 9);
    assert_eq!(response.topics[0].partitions[0].error_code, TOPIC_AUTHORIZATION_FAILED);
    let id = owner.request(&ListGroupsRequest::default(), 5);
    let response: ListGroupsResponse<'_> = owner.response(id, 5);
    assert_eq!(response.groups.len(), 0);
}

#[test]
fn who_may_write_to_some_topic_may_be_idempotent() {
    let (_broker, mut owner, mut other) = ruled(vec![rule(TOPIC, "orders", TWO, READ, ALLOW)]);
    let producer_id = |client: &mut Client| {
        let request = InitProducerIdRequest {
            transactional_id: None,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let id = client.request(&request, 4);
        let response: InitProducerIdResponse = client.response(id, 4);
        response.error_code
    };
    assert_eq!(producer_id(&mut other), CLUSTER_AUTHORIZATION_FAILED);
    create_all(&mut owner, vec![prefixed(rule(TOPIC, "team-", TWO, WRITE, ALLOW))]);
    assert_eq!(producer_id(&mut other), NONE);
}

/// A key of two topics' worth: it is open to everything by the rules, and bound by its file.
#[test]
fn a_key_stays_within_its_bounds_whatever_the_rules_allow() {
    let (broker, mut owner, mut other) = ruled(everything(TWO));
    for name in ["in-a", "out-a", "secret"] {
        assert_eq!(make(&mut owner, name).0, NONE);
        assert_eq!(produce(&mut other, name), NONE);
    }
    let path = broker.data_dir.path().join("credentials.json");
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["credentials"][1]["bounds"] = json!({"read": ["out-"], "write": ["in-"]});
    fs::write(&path, file.to_string()).unwrap();
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
    other.assert_closed();
    let mut bound = login(&broker, "two");
    assert_eq!(produce(&mut bound, "in-a"), NONE);
    assert_eq!(produce(&mut bound, "out-a"), TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(make(&mut bound, "in-b").0, TOPIC_AUTHORIZATION_FAILED);
    let id = bound.request(&MetadataRequest { topics: None, ..Default::default() }, 9);
    let response: MetadataResponse<'_> = bound.response(id, 9);
    let seen: Vec<_> = response.topics.iter().filter_map(|topic| topic.name.as_deref()).collect();
    assert_eq!(seen, ["in-a", "out-a"], "and not the third");
    drop(response);
    assert_eq!(produce(&mut owner, "out-a"), NONE);
}
