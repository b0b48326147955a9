//! What administrators look at: partitions page by page, sizes, producers, epochs, elections.

use headrace_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest, DescribeProducersResponse,
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, ElectLeadersRequest,
    ElectLeadersResponse, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    describe_log_dirs_request::DescribableLogDirTopic,
    describe_producers_request,
    describe_topic_partitions_request::{Cursor, TopicRequest},
    elect_leaders_request::TopicPartitions,
    list_partition_reassignments_request::ListPartitionReassignmentsTopics,
    offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
};
use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;

use crate::{
    calls::{batch, create, produce, producer_id},
    support::{Broker, Client},
};

const UNKNOWN: i16 = ErrorCode::UnknownTopicOrPartition.code();

/// Topics with their partitions and codes, and where to go on.
type Page = (Vec<(String, i16, Vec<i32>)>, Option<(String, i32)>);

fn describe(client: &mut Client, topics: &[&str], limit: i32, cursor: Option<(&str, i32)>) -> Page {
    let cursor = cursor
        .map(|(topic, partition_index)| Cursor { topic_name: topic.to_owned().into(), partition_index });
    let topics = topics.iter().map(|name| TopicRequest { name: (*name).to_owned().into() }).collect();
    let request = DescribeTopicPartitionsRequest { topics, response_partition_limit: limit, cursor };
    let id = client.request(&request, 0);
    let response: DescribeTopicPartitionsResponse<'_> = client.response(id, 0);
    let rows = response.topics.iter().map(|topic| {
        let indexes = topic.partitions.iter().map(|partition| partition.partition_index).collect();
        (topic.name.as_deref().unwrap().to_owned(), topic.error_code, indexes)
    });
    let rows = rows.collect();
    (rows, response.next_cursor.map(|cursor| (cursor.topic_name.into_owned(), cursor.partition_index)))
}

fn row(name: &str, indexes: std::ops::Range<i32>) -> (String, i16, Vec<i32>) {
    (name.to_owned(), 0, indexes.collect())
}

fn at(name: &str, index: i32) -> (String, i32) {
    (name.to_owned(), index)
}

#[test]
fn partitions_are_described_page_by_page() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for (name, partitions) in [("b", 3), ("a", 2), ("c", 1)] {
        create(&mut client, name, partitions, &[]);
    }
    let all = vec![row("a", 0..2), row("b", 0..3), row("c", 0..1)];
    assert_eq!(describe(&mut client, &[], 2_000, None), (all, None));
    let first = (vec![row("a", 0..2), row("b", 0..1)], Some(at("b", 1)));
    assert_eq!(describe(&mut client, &[], 3, None), first);
    let second = (vec![row("b", 1..3)], Some(at("c", 0)));
    assert_eq!(describe(&mut client, &[], 2, Some(("b", 1))), second);
    assert_eq!(describe(&mut client, &[], 2, Some(("c", 0))), (vec![row("c", 0..1)], None));
    assert_eq!(describe(&mut client, &["c", "a"], 1, None), (vec![row("a", 0..1)], Some(at("a", 1))));
    assert_eq!(describe(&mut client, &[], 0, Some(("bb", 7))), (vec![row("c", 0..1)], None));
    assert_eq!(describe(&mut client, &["b"], 9, Some(("b", 7))), (vec![row("b", 0..0)], None));
}

#[test]
fn topics_that_are_not_there_have_rows_that_say_so() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "a", 1, &[]);
    let none = |name: &str, code: ErrorCode| (name.to_owned(), code.code(), vec![]);
    let (rows, next) = describe(&mut client, &["none", "a", "a b", "a"], 9, None);
    let expected = vec![
        row("a", 0..1),
        none("a b", ErrorCode::InvalidTopicException),
        none("none", ErrorCode::UnknownTopicOrPartition),
    ];
    assert_eq!((rows, next), (expected, None));
    let before_the_first = describe(&mut client, &["a"], 9, Some(("a", -1)));
    assert_eq!(before_the_first, (vec![none("a", ErrorCode::InvalidRequest)], None));
}

#[test]
fn sizes_are_those_of_the_files_and_the_disk_is_nobodys_business() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 2, &[]);
    create(&mut client, "other", 1, &[]);
    assert_eq!(produce(&mut client, "t", 1, &batch(&["x"])).error, 0);
    let directory = broker.data_dir.path().join("topics").join(format!("{id}-1"));
    let size = std::fs::metadata(directory.join(format!("{:020}.log", 0))).unwrap().len() as i64;
    let mut sizes = |topics: Option<Vec<DescribableLogDirTopic<'static>>>| {
        let id = client.request(&DescribeLogDirsRequest { topics }, 5);
        let response: DescribeLogDirsResponse<'_> = client.response(id, 5);
        let dir = &response.results[0];
        assert_eq!((&*dir.log_dir, dir.total_bytes, dir.usable_bytes), ("topics", -1, -1));
        let of_topic =
            |topic: &headrace_protocol::messages::describe_log_dirs_response::DescribeLogDirsTopic<'_>| {
                let rows = topic.partitions.iter().map(|row| (row.partition_index, row.partition_size));
                (topic.name.to_string(), rows.collect::<Vec<_>>())
            };
        dir.topics.iter().map(of_topic).collect::<Vec<_>>()
    };
    let expected = [("other".to_owned(), vec![(0, 0)]), ("t".to_owned(), vec![(0, 0), (1, size)])];
    assert_eq!(sizes(None), expected);
    let asked = |name: &'static str, partitions| DescribableLogDirTopic { topic: name.into(), partitions };
    let some = vec![asked("t", vec![1, 7]), asked("none", vec![0])];
    assert_eq!(sizes(Some(some)), [("t".to_owned(), vec![(1, size)])]);
    assert_eq!(sizes(Some(vec![])), []);
}

#[test]
fn producers_are_told_with_their_last_sequence() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let (_, producer, _) = producer_id(&mut client, None);
    let sent = BatchBuilder::new().producer(producer, 0, 0).value(b"a").value(b"b").build();
    assert_eq!(produce(&mut client, "t", 0, &sent).error, 0);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["of nobody"])).error, 0);
    let ask = |name: &'static str, partition_indexes| describe_producers_request::TopicRequest {
        name: name.into(),
        partition_indexes,
    };
    let request = DescribeProducersRequest { topics: vec![ask("t", vec![0, 1]), ask("none", vec![0])] };
    let id = client.request(&request, 0);
    let response: DescribeProducersResponse<'_> = client.response(id, 0);
    let rows: Vec<_> = response.topics.iter().flat_map(|topic| &topic.partitions).collect();
    let codes: Vec<i16> = rows.iter().map(|row| row.error_code).collect();
    assert_eq!(codes, [0, UNKNOWN, UNKNOWN]);
    let [state] = rows[0].active_producers.as_slice() else { panic!("{:?}", rows[0]) };
    assert_eq!((state.producer_id, state.producer_epoch, state.last_sequence), (producer, 0, 1));
    assert_eq!((state.coordinator_epoch, state.current_txn_start_offset), (-1, -1));
}

#[test]
fn an_epoch_ends_at_the_high_watermark_and_one_to_come_nowhere() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["a", "b"])).error, 0);
    let mut end = |topic: &'static str, current_leader_epoch, leader_epoch| {
        let partitions = vec![OffsetForLeaderPartition { partition: 0, current_leader_epoch, leader_epoch }];
        let topics = vec![OffsetForLeaderTopic { topic: topic.into(), partitions }];
        let id = client.request(&OffsetForLeaderEpochRequest { replica_id: -1, topics }, 4);
        let response: OffsetForLeaderEpochResponse<'_> = client.response(id, 4);
        let row = &response.topics[0].partitions[0];
        (row.error_code, row.leader_epoch, row.end_offset)
    };
    assert_eq!(end("t", -1, 0), (0, 0, 2));
    assert_eq!(end("t", 0, 0), (0, 0, 2));
    assert_eq!(end("t", 0, 1), (0, -1, -1));
    assert_eq!(end("t", 0, -1), (0, -1, -1));
    assert_eq!(end("t", 1, 0), (ErrorCode::UnknownLeaderEpoch.code(), -1, -1));
    assert_eq!(end("none", -1, 0), (UNKNOWN, -1, -1));
}

#[test]
fn no_election_is_needed_where_there_is_one_replica() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut elect = |election_type, topics: Option<&[(&'static str, i32)]>, version| {
        let asked = |(topic, partition): &(&'static str, i32)| TopicPartitions {
            topic: (*topic).into(),
            partitions: vec![*partition],
        };
        let topic_partitions = topics.map(|topics| topics.iter().map(asked).collect());
        let request = ElectLeadersRequest { election_type, topic_partitions, timeout_ms: 1_000 };
        let id = client.request(&request, version);
        let response: ElectLeadersResponse<'_> = client.response(id, version);
        let rows = response.replica_election_results.iter().flat_map(|topic| &topic.partition_result);
        (response.error_code, rows.map(|row| row.error_code).collect::<Vec<_>>())
    };
    let not_needed = ErrorCode::ElectionNotNeeded.code();
    for version in 0..=2 {
        assert_eq!(
            elect(0, Some(&[("t", 0), ("t", 1), ("none", 0)]), version).1,
            [not_needed, UNKNOWN, UNKNOWN]
        );
    }
    assert_eq!(elect(1, Some(&[("t", 0)]), 2), (0, vec![not_needed]));
    assert_eq!(elect(0, None, 2), (0, vec![]));
    assert_eq!(elect(2, None, 2), (ErrorCode::InvalidRequest.code(), vec![]));
}

#[test]
fn no_partition_is_on_its_way() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let asked = ListPartitionReassignmentsTopics { name: "t".into(), partition_indexes: vec![0] };
    for topics in [None, Some(vec![asked])] {
        let id = client.request(&ListPartitionReassignmentsRequest { timeout_ms: 1_000, topics }, 0);
        let response: ListPartitionReassignmentsResponse<'_> = client.response(id, 0);
        assert_eq!((response.error_code, response.topics.len()), (0, 0));
    }
}
