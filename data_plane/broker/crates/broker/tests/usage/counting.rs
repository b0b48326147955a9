//! What counts and what does not.

use headrace_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, delete_topics_request::DeleteTopicState,
};
use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;
use serde_json::{Value, json};

use crate::{
    calls::{batch, create, fetch, produce, producer_id},
    meter::{acknowledge, broker, bytes_of, client, close, close_one, in_the_log, page, ranges},
    support::Client,
};

pub(crate) fn delete(client: &mut Client, name: &str) {
    let topic = DeleteTopicState { name: Some(name.to_owned().into()), ..Default::default() };
    let request = DeleteTopicsRequest { topics: vec![topic], timeout_ms: 1_000, ..Default::default() };
    let id = client.request(&request, 6);
    let response: DeleteTopicsResponse<'_> = client.response(id, 6);
    assert_eq!(response.responses[0].error_code, 0);
}

#[test]
fn appends_are_listed_by_partition_and_principal() {
    let broker = broker();
    let (mut one, mut two) = (client(&broker, "one"), client(&broker, "two"));
    let id = create(&mut one, "t", 2, &[]);
    let (small, large) = (batch(&["a"]), batch(&["b", "c", "d"]));
    produce(&mut one, "t", 0, &small);
    produce(&mut two, "t", 0, &large);
    produce(&mut one, "t", 1, &large);
    let window = close_one(&broker);
    let (small, large) = (small.len() as u64, large.len() as u64);
    assert_eq!(ranges(&window, "t"), [(0, 4, small + large, 4), (0, 3, large, 3)]);
    assert_eq!(bytes_of(&window, "t", "User:hk_one"), small + large);
    assert_eq!(bytes_of(&window, "t", "User:hk_two"), large);
    assert_eq!(in_the_log(broker.data_dir.path(), id, 0), (small + large, 4));
    assert_eq!((&window["partitions"], &window["connections"]), (&json!(2), &json!(2)));
    assert!(window["stored_bytes"].as_u64().unwrap() >= small + 2 * large);
    let topic_id = window["appended"][0]["topic_id"].as_str().unwrap();
    assert_eq!(topic_id.len(), 22);
}

#[test]
fn ranges_follow_each_other_and_partitions_without_appends_are_not_listed() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "t", 2, &[]);
    produce(&mut one, "t", 0, &batch(&["a", "b"]));
    assert_eq!(ranges(&close_one(&broker), "t").len(), 1);
    let idle = close_one(&broker);
    assert_eq!((&idle["appended"], &idle["traffic"]), (&json!([]), &json!([])));
    produce(&mut one, "t", 0, &batch(&["c"]));
    let windows = close(&broker);
    let offsets: Vec<_> =
        windows.iter().flat_map(|window| ranges(window, "t")).map(|range| (range.0, range.1)).collect();
    assert_eq!(offsets, [(0, 2), (2, 3)]);
    let times: Vec<i64> = windows
        .iter()
        .flat_map(|window| {
            [window["started_at_ms"].as_i64().unwrap(), window["ended_at_ms"].as_i64().unwrap()]
        })
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.chunks(2).all(|window| window[0] < window[1]), "{times:?}");
}

#[test]
fn refused_and_repeated_batches_do_not_count() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "t", 1, &[]);
    let (_, id, _) = producer_id(&mut one, None);
    let first = BatchBuilder::new().producer(id, 0, 0).value(b"once").build();
    for _ in 0..3 {
        assert_eq!(produce(&mut one, "t", 0, &first).base_offset, 0);
    }
    let out_of_order = BatchBuilder::new().producer(id, 0, 7).value(b"never").build();
    let refused = produce(&mut one, "t", 0, &out_of_order);
    assert_eq!(refused.error, ErrorCode::OutOfOrderSequenceNumber.code());
    let mut damaged = batch(&["damaged"]);
    damaged[70] ^= 1;
    assert_eq!(produce(&mut one, "t", 0, &damaged).error, ErrorCode::CorruptMessage.code());
    let window = close_one(&broker);
    assert_eq!(ranges(&window, "t"), [(0, 1, first.len() as u64, 1)]);
    assert_eq!(window["traffic"][0]["produce_requests"], 1);
}

#[test]
fn reads_are_counted_as_they_are_answered() {
    let broker = broker();
    let (mut one, mut two) = (client(&broker, "one"), client(&broker, "two"));
    create(&mut one, "t", 1, &[]);
    let records = batch(&["a", "b"]);
    produce(&mut one, "t", 0, &records);
    for _ in 0..3 {
        assert_eq!(fetch(&mut two, "t", 0, 0).error_code, 0);
    }
    assert_eq!(fetch(&mut two, "t", 0, 99).error_code, ErrorCode::OffsetOutOfRange.code());
    let window = close_one(&broker);
    let traffic = window["traffic"].as_array().unwrap();
    let of = |principal: &str| traffic.iter().find(|row| row["principal"] == principal).unwrap();
    let reader = of("User:hk_two");
    assert_eq!(reader["read_bytes"], 3 * records.len());
    assert_eq!((&reader["read_requests"], &reader["produce_requests"]), (&json!(3), &json!(0)));
    let writer = of("User:hk_one");
    assert_eq!((&writer["read_bytes"], &writer["produce_requests"]), (&json!(0), &json!(1)));
}

#[test]
fn a_deleted_topic_and_the_one_after_it_are_both_listed() {
    let broker = broker();
    let mut one = client(&broker, "one");
    let sizes: Vec<u64> = ["a", "bb"]
        .into_iter()
        .map(|value| {
            create(&mut one, "t", 1, &[]);
            let records = batch(&[value]);
            produce(&mut one, "t", 0, &records);
            delete(&mut one, "t");
            records.len() as u64
        })
        .collect();
    let window = close_one(&broker);
    let mut bytes: Vec<u64> = ranges(&window, "t").iter().map(|range| range.2).collect();
    bytes.sort_unstable();
    assert_eq!(bytes, sizes);
    assert_ne!(window["appended"][0]["topic_id"], window["appended"][1]["topic_id"]);
    assert_eq!(window["stored_bytes"], 0);
}

#[test]
fn windows_stay_until_they_are_acknowledged() {
    let broker = broker();
    for _ in 0..4 {
        close(&broker);
    }
    let ids = |page: &Value| -> Vec<u64> {
        page["windows"].as_array().unwrap().iter().map(|window| window["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&page(&broker, "")), [1, 2, 3, 4]);
    assert_eq!(ids(&page(&broker, "?after=1&max=2")), [2, 3]);
    assert_eq!(acknowledge(&broker, 2), (200, json!({"acknowledged_through": 2})));
    assert_eq!(acknowledge(&broker, 1), (200, json!({"acknowledged_through": 2})));
    let (status, refusal) = acknowledge(&broker, 5);
    assert_eq!((status, &refusal["code"]), (409, &json!("usage_window_unknown")));
    let left = page(&broker, "?after=0");
    assert_eq!((ids(&left), &left["acknowledged_through"]), (vec![3, 4], &json!(2)));
    let (_, metrics) = broker.admin("GET", "/metrics");
    assert!(metrics.contains("headrace_broker_usage_windows_waiting 2\n"), "{metrics}");
}
