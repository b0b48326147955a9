//! Committed offsets, spoken byte by byte with the real process.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse,
    create_topics_request::CreatableTopic,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
};
use headrace_types::{ErrorCode, TopicId};
use support::{Broker, Client};
use uuid::Uuid;

const COMMIT_BY_NAME: i16 = 9;
const COMMIT_BY_ID: i16 = 10;
const FETCH_BY_NAME: i16 = 9;
const FETCH_BY_ID: i16 = 10;

/// Makes a topic of two partitions; answers its id.
fn create(client: &mut Client, name: &str) -> Uuid {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: 2,
        replication_factor: 1,
        ..Default::default()
    };
    let id = client
        .request(&CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() }, 7);
    let response: CreateTopicsResponse<'_> = client.response(id, 7);
    assert_eq!(response.topics[0].error_code, 0);
    response.topics[0].topic_id
}

fn delete(client: &mut Client, name: &str) {
    let request = DeleteTopicsRequest {
        topic_names: vec![name.to_owned().into()],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let id = client.request(&request, 5);
    let response: DeleteTopicsResponse<'_> = client.response(id, 5);
    assert_eq!(response.responses[0].error_code, 0);
}

fn partition(partition_index: i32, committed_offset: i64, note: &str) -> OffsetCommitRequestPartition<'_> {
    let committed_metadata = Some(note.into());
    OffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        committed_leader_epoch: 0,
        committed_metadata,
    }
}

/// Commits from outside of the group; error codes by topic and partition.
fn commit(
    client: &mut Client,
    group: &str,
    topics: Vec<OffsetCommitRequestTopic<'_>>,
    version: i16,
) -> Vec<Vec<i16>> {
    let request = OffsetCommitRequest {
        group_id: group.to_owned().into(),
        generation_id_or_member_epoch: -1,
        topics,
        retention_time_ms: -1,
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: OffsetCommitResponse<'_> = client.response(id, version);
    let codes = |topic: &headrace_protocol::messages::offset_commit_response::OffsetCommitResponseTopic<
        '_,
    >| { topic.partitions.iter().map(|partition| partition.error_code).collect() };
    response.topics.iter().map(codes).collect()
}

fn by_name<'a>(
    name: &'a str,
    partitions: Vec<OffsetCommitRequestPartition<'a>>,
) -> OffsetCommitRequestTopic<'a> {
    OffsetCommitRequestTopic { name: name.into(), partitions, ..Default::default() }
}

/// Partition, offset and note of every row of the first group in the response; all topics without a selection.
fn fetch(
    client: &mut Client,
    group: &str,
    topics: Option<Vec<OffsetFetchRequestTopics<'_>>>,
    version: i16,
) -> Vec<(i32, i64, String, i16)> {
    let group = OffsetFetchRequestGroup { group_id: group.to_owned().into(), topics, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
    let id = client.request(&request, version);
    let response: OffsetFetchResponse<'_> = client.response(id, version);
    assert_eq!(response.groups[0].error_code, 0);
    let rows = response.groups[0].topics.iter().flat_map(|topic| &topic.partitions);
    rows.map(|row| {
        let note = row.metadata.clone().unwrap_or_default().into_owned();
        (row.partition_index, row.committed_offset, note, row.error_code)
    })
    .collect()
}

fn of(name: &str, topic_id: Uuid, partition_indexes: Vec<i32>) -> OffsetFetchRequestTopics<'_> {
    OffsetFetchRequestTopics { name: name.into(), topic_id, partition_indexes }
}

#[test]
fn offsets_come_back_with_their_notes_and_unknown_ones_are_no_error() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t");
    let topics =
        vec![by_name("t", vec![partition(0, 5, "a note")]), by_name("unknown", vec![partition(0, 1, "")])];
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(commit(&mut client, "g", topics, COMMIT_BY_NAME), [[0], [unknown]]);
    let no_partition = vec![by_name("t", vec![partition(2, 5, ""), partition(-1, 5, "")])];
    assert_eq!(commit(&mut client, "g", no_partition, COMMIT_BY_NAME), [[unknown, unknown]]);
    let wanted = vec![of("t", Uuid::nil(), vec![0, 1]), of("unknown", Uuid::nil(), vec![0])];
    let none = |partition| (partition, -1, String::new(), 0);
    let expected = [(0, 5, "a note".to_owned(), 0), none(1), none(0)];
    assert_eq!(fetch(&mut client, "g", Some(wanted), FETCH_BY_NAME), expected);
    assert_eq!(fetch(&mut client, "g", None, FETCH_BY_NAME), expected[..1]);
    assert_eq!(fetch(&mut client, "other", None, FETCH_BY_NAME), []);
}

#[test]
fn every_version_commits_and_fetches() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let topic_id = create(&mut client, "t");
    for version in 2..=COMMIT_BY_ID {
        let topic = OffsetCommitRequestTopic {
            topic_id,
            ..by_name("t", vec![partition(1, i64::from(version), "n")])
        };
        assert_eq!(commit(&mut client, "g", vec![topic], version), [[0]], "version {version}");
    }
    for version in 8..=FETCH_BY_ID {
        let rows = fetch(&mut client, "g", Some(vec![of("t", topic_id, vec![1])]), version);
        assert_eq!(rows, [(1, 10, "n".to_owned(), 0)], "version {version}");
    }
    for version in 1..=7 {
        let topic = OffsetFetchRequestTopic { name: "t".into(), partition_indexes: vec![1] };
        let request =
            OffsetFetchRequest { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
        let id = client.request(&request, version);
        let response: OffsetFetchResponse<'_> = client.response(id, version);
        assert_eq!(response.error_code, 0);
        assert_eq!(response.topics[0].partitions[0].committed_offset, 10, "version {version}");
    }
}

#[test]
fn topics_are_told_by_their_ids() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let topic_id = create(&mut client, "t");
    let known =
        OffsetCommitRequestTopic { topic_id, partitions: vec![partition(0, 5, "")], ..Default::default() };
    let stranger = OffsetCommitRequestTopic { topic_id: Uuid::from_u128(1), ..known.clone() };
    let unknown = ErrorCode::UnknownTopicId.code();
    assert_eq!(commit(&mut client, "g", vec![known, stranger], COMMIT_BY_ID), [[0], [unknown]]);
    let wanted = vec![of("", topic_id, vec![0]), of("", Uuid::from_u128(1), vec![0])];
    let rows = fetch(&mut client, "g", Some(wanted), FETCH_BY_ID);
    assert_eq!(rows, [(0, 5, String::new(), 0), (0, -1, String::new(), unknown)]);
}

#[test]
fn a_topic_made_anew_has_none_of_the_old_offsets() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let before = create(&mut client, "t");
    assert_eq!(
        commit(&mut client, "g", vec![by_name("t", vec![partition(0, 5, "")])], COMMIT_BY_NAME),
        [[0]]
    );
    delete(&mut client, "t");
    let after = create(&mut client, "t");
    assert_ne!(TopicId::new(before), TopicId::new(after));
    let rows = fetch(&mut client, "g", Some(vec![of("t", Uuid::nil(), vec![0])]), FETCH_BY_NAME);
    assert_eq!(rows, [(0, -1, String::new(), 0)]);
    assert_eq!(fetch(&mut client, "g", None, FETCH_BY_NAME), []);
}

#[test]
fn a_note_that_is_too_long_is_refused_alone() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t");
    let long = "x".repeat(4097);
    let topics = vec![by_name("t", vec![partition(0, 5, &long), partition(1, 6, "short")])];
    let too_large = ErrorCode::OffsetMetadataTooLarge.code();
    assert_eq!(commit(&mut client, "g", topics, COMMIT_BY_NAME), [[too_large, 0]]);
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9() {
    let mut broker = Broker::dev();
    create(&mut broker.connect(), "t");
    for round in 1..=5 {
        let mut client = broker.connect();
        for offset in 0..20 {
            let committed = partition(0, round * 100 + offset, "n");
            assert_eq!(commit(&mut client, "g", vec![by_name("t", vec![committed])], COMMIT_BY_NAME), [[0]]);
        }
        broker = Broker::dev_in(broker.kill());
        let rows = fetch(&mut broker.connect(), "g", None, FETCH_BY_NAME);
        assert_eq!(rows, [(0, round * 100 + 19, "n".to_owned(), 0)]);
    }
}

/// Error of the request, and of each partition.
fn forget(client: &mut Client, group: &str, name: &str, partitions: &[i32]) -> (i16, Vec<i16>) {
    let wanted = partitions.iter().map(|index| OffsetDeleteRequestPartition { partition_index: *index });
    let topic = OffsetDeleteRequestTopic { name: name.into(), partitions: wanted.collect() };
    let id = client.request(&OffsetDeleteRequest { group_id: group.into(), topics: vec![topic] }, 0);
    let response: OffsetDeleteResponse<'_> = client.response(id, 0);
    let rows = response.topics.iter().flat_map(|topic| &topic.partitions);
    (response.error_code, rows.map(|row| row.error_code).collect())
}

#[test]
fn offsets_are_deleted_by_partition_and_stay_deleted_after_a_kill() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t");
    assert_eq!(forget(&mut client, "g", "t", &[0]), (ErrorCode::GroupIdNotFound.code(), vec![]));
    let topics = vec![by_name("t", vec![partition(0, 5, ""), partition(1, 6, "")])];
    assert_eq!(commit(&mut client, "g", topics, COMMIT_BY_NAME), [[0, 0]]);
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(forget(&mut client, "g", "t", &[0, 2]), (0, vec![0, unknown]));
    assert_eq!(forget(&mut client, "g", "none", &[0]), (0, vec![unknown]));
    let broker = Broker::dev_in(broker.kill());
    let left = fetch(&mut broker.connect(), "g", None, FETCH_BY_NAME);
    assert_eq!(left, [(1, 6, String::new(), 0)]);
}
