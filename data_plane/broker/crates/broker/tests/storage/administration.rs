//! Creating, describing, growing and deleting topics.

use std::fs;

use headrace_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic},
    create_topics_request::{CreatableReplicaAssignment, CreatableTopic},
    create_topics_response::CreatableTopicResult,
    delete_topics_request::DeleteTopicState,
    describe_configs_request::DescribeConfigsResource,
};
use headrace_types::ErrorCode;
use uuid::Uuid;

use crate::{
    calls::{self, batch, create, metadata, produce, topic},
    support::{Broker, Client},
};

fn create_all(
    client: &mut Client,
    topics: Vec<CreatableTopic<'_>>,
    validate_only: bool,
) -> Vec<(i16, String)> {
    let id = client.request(&CreateTopicsRequest { topics, timeout_ms: 1_000, validate_only }, 7);
    let response: CreateTopicsResponse<'_> = client.response(id, 7);
    let silent = |topic: &CreatableTopicResult<'_>| topic.error_message.is_none();
    assert!(response.topics.iter().all(|topic| silent(topic) == (topic.error_code == 0)));
    let message =
        |message: &Option<std::borrow::Cow<'_, str>>| message.as_deref().unwrap_or_default().to_owned();
    response.topics.iter().map(|topic| (topic.error_code, message(&topic.error_message))).collect()
}

pub(crate) fn delete(client: &mut Client, topics: Vec<DeleteTopicState<'_>>) -> Vec<i16> {
    let id = client.request(&DeleteTopicsRequest { topics, timeout_ms: 1_000, ..Default::default() }, 6);
    let response: DeleteTopicsResponse<'_> = client.response(id, 6);
    response.responses.iter().map(|row| row.error_code).collect()
}

pub(crate) fn named(name: &str) -> DeleteTopicState<'_> {
    DeleteTopicState { name: Some(name.into()), topic_id: Uuid::nil() }
}

fn grow(client: &mut Client, topic: CreatePartitionsTopic<'_>, validate_only: bool) -> i16 {
    let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms: 1_000, validate_only };
    let id = client.request(&request, 3);
    let response: CreatePartitionsResponse<'_> = client.response(id, 3);
    response.results[0].error_code
}

#[test]
fn every_topic_of_a_request_has_its_own_result() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "taken.name", 1, &[]);
    let long = "n".repeat(250);
    let replicated = CreatableTopic { replication_factor: 3, ..topic("replicated", 1, &[]) };
    let cases = [
        (topic("fine", 2, &[("retention.ms", "1000")]), ErrorCode::None, ""),
        (topic("default-count", -1, &[]), ErrorCode::None, ""),
        (topic("taken.name", 1, &[]), ErrorCode::TopicAlreadyExists, "exists"),
        (topic("taken_name", 1, &[]), ErrorCode::InvalidTopicException, "collides"),
        (topic("", 1, &[]), ErrorCode::InvalidTopicException, "empty"),
        (topic("a b", 1, &[]), ErrorCode::InvalidTopicException, "ASCII"),
        (topic(&long, 1, &[]), ErrorCode::InvalidTopicException, "249"),
        (topic("none", 0, &[]), ErrorCode::InvalidPartitions, "at least one"),
        (topic("many", 10_001, &[]), ErrorCode::InvalidPartitions, "10000"),
        (topic("too-many-for-the-plan", 5_000, &[]), ErrorCode::PolicyViolation, "1000"),
        (replicated, ErrorCode::InvalidReplicationFactor, "ask for 1"),
        (
            topic("compost", 1, &[("cleanup.policy", "compost")]),
            ErrorCode::InvalidConfig,
            "no other policies",
        ),
        (topic("indexed", 1, &[("segment.index.bytes", "9")]), ErrorCode::InvalidConfig, "not supported"),
        (topic("typo", 1, &[("retention", "1")]), ErrorCode::InvalidConfig, "there is no"),
        (topic("huge", 1, &[("max.message.bytes", "99999999")]), ErrorCode::InvalidConfig, "largest request"),
        (topic("twice", 1, &[]), ErrorCode::InvalidRequest, "more than once"),
        (topic("twice", 2, &[]), ErrorCode::InvalidRequest, "more than once"),
    ];
    let expected: Vec<_> =
        cases.iter().map(|(topic, code, part)| (topic.name.to_string(), *code, *part)).collect();
    let topics: Vec<_> = cases.into_iter().map(|(topic, _, _)| topic).collect();
    for ((code, message), (name, expected, part)) in
        create_all(&mut client, topics, false).into_iter().zip(expected)
    {
        assert_eq!(code, expected.code(), "{name}: {message}");
        assert!(message.contains(part), "{name}: {message}");
    }
    assert_eq!(metadata(&mut client, "fine").2, 2);
    assert_eq!(metadata(&mut client, "default-count").2, 4);
}

#[test]
fn validating_creates_nothing() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    assert_eq!(create_all(&mut client, vec![topic("dry", 1, &[])], true)[0].0, 0);
    assert_eq!(metadata(&mut client, "dry").0, ErrorCode::UnknownTopicOrPartition.code());
}

#[test]
fn a_manual_assignment_must_name_this_broker_and_nothing_else() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let assigned = |name: &'static str, count: i32, assignments: &[(i32, &[i32])]| CreatableTopic {
        num_partitions: count,
        assignments: assignments
            .iter()
            .map(|(index, brokers)| CreatableReplicaAssignment {
                partition_index: *index,
                broker_ids: brokers.to_vec(),
            })
            .collect(),
        ..topic(name, count, &[])
    };
    let codes: Vec<i16> = create_all(
        &mut client,
        vec![
            assigned("good", -1, &[(1, &[1]), (0, &[1])]),
            assigned("other-broker", -1, &[(0, &[2])]),
            assigned("two-replicas", -1, &[(0, &[1, 2])]),
            assigned("gap", -1, &[(0, &[1]), (2, &[1])]),
            assigned("count-as-well", 2, &[(0, &[1])]),
        ],
        false,
    )
    .into_iter()
    .map(|(code, _)| code)
    .collect();
    let refused = ErrorCode::InvalidReplicaAssignment.code();
    assert_eq!(codes, [0, refused, refused, refused, ErrorCode::InvalidRequest.code()]);
    assert_eq!(metadata(&mut client, "good").2, 2);
}

#[test]
fn deleting_removes_the_files_and_a_topic_of_the_same_name_is_another_one() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let first = create(&mut client, "t", 2, &[]);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["old"])).error, 0);
    assert_eq!(
        delete(&mut client, vec![named("t"), named("none")]),
        [0, ErrorCode::UnknownTopicOrPartition.code()]
    );
    assert_eq!(produce(&mut client, "t", 0, &batch(&["x"])).error, ErrorCode::UnknownTopicOrPartition.code());
    let second = create(&mut client, "t", 1, &[]);
    assert_ne!(first, second);
    assert!(calls::read_all(&mut client, "t", 0).is_empty());
    let by_id = |topic_id| DeleteTopicState { name: None, topic_id };
    assert_eq!(delete(&mut client, vec![by_id(first)]), [ErrorCode::UnknownTopicId.code()]);
    let both = DeleteTopicState { name: Some("t".into()), topic_id: second };
    assert_eq!(delete(&mut client, vec![both]), [ErrorCode::InvalidRequest.code()]);
    assert_eq!(delete(&mut client, vec![by_id(second)]), [0]);
    let data_dir = broker.kill();
    let broker = Broker::dev_in(data_dir);
    assert_eq!(metadata(&mut broker.connect(), "t").0, ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(fs::read_dir(broker.data_dir.path().join("topics")).unwrap().count(), 0);
}

#[test]
fn topics_grow_and_never_shrink_and_survive_a_kill() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "g", 1, &[]);
    let to = |count| CreatePartitionsTopic { name: "g".into(), count, assignments: None };
    assert_eq!(grow(&mut client, to(3), true), 0);
    assert_eq!(metadata(&mut client, "g").2, 1);
    assert_eq!(grow(&mut client, to(3), false), 0);
    assert_eq!(grow(&mut client, to(3), false), ErrorCode::InvalidPartitions.code());
    let unknown = CreatePartitionsTopic { name: "none".into(), count: 2, assignments: None };
    assert_eq!(grow(&mut client, unknown, false), ErrorCode::UnknownTopicOrPartition.code());
    let elsewhere = CreatePartitionsTopic {
        assignments: Some(vec![CreatePartitionsAssignment { broker_ids: vec![2] }]),
        ..to(4)
    };
    assert_eq!(grow(&mut client, elsewhere, false), ErrorCode::InvalidReplicaAssignment.code());
    assert_eq!(produce(&mut client, "g", 2, &batch(&["x"])).base_offset, 0);
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    assert_eq!(metadata(&mut client, "g"), (0, id, 3));
    assert_eq!(calls::read_all(&mut client, "g", 2).len(), 1);
}

#[test]
fn configurations_are_described_with_default_source_and_meaning() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "c", 1, &[("retention.ms", "1234")]);
    let resource =
        |resource_type, name: &'static str, keys: Option<&[&'static str]>| DescribeConfigsResource {
            resource_type,
            resource_name: name.into(),
            configuration_keys: keys.map(|keys| keys.iter().map(|key| (*key).into()).collect()),
        };
    let request = DescribeConfigsRequest {
        resources: vec![
            resource(2, "c", None),
            resource(2, "c", Some(&["retention.ms"])),
            resource(2, "c", Some(&[])),
            resource(2, "none", None),
            resource(4, "1", None),
            resource(4, "2", None),
            resource(8, "1", None),
        ],
        include_synonyms: true,
        include_documentation: true,
    };
    let id = client.request(&request, 4);
    let response: DescribeConfigsResponse<'_> = client.response(id, 4);
    let codes: Vec<i16> = response.results.iter().map(|result| result.error_code).collect();
    let invalid = ErrorCode::InvalidRequest.code();
    assert_eq!(codes, [0, 0, 0, ErrorCode::UnknownTopicOrPartition.code(), 0, invalid, invalid]);
    let all = &response.results[0].configs;
    assert_eq!(response.results[2].configs.len(), all.len(), "no names mean all");
    let of = |name: &str| all.iter().find(|config| config.name == name).unwrap();
    assert_eq!((of("retention.ms").value.as_deref(), of("retention.ms").config_source), (Some("1234"), 1));
    assert_eq!(of("retention.ms").synonyms[1].value.as_deref(), Some("604800000"));
    assert_eq!(
        (of("segment.bytes").value.as_deref(), of("segment.bytes").config_source),
        (Some("1073741824"), 5)
    );
    assert!(all.iter().all(|config| config.documentation.is_some() && config.config_type > 0));
    assert_eq!(response.results[1].configs.len(), 1);
    assert!(response.results[4].configs.iter().any(|config| config.name == "num.partitions"));
}
