//! Fetch: whole batches, limits, waiting, and what every refusal is answered.

use std::thread;

use headrace_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest, FetchResponse};
use headrace_types::ErrorCode;

use crate::{
    calls::{Ask, FETCH, FETCH_BY_ID, batch, create, fetch, fetch_request, fetch_rows, produce, records},
    support::{Broker, Client},
};

/// Long enough that only a hang meets it.
const LONG_MS: i32 = 50_000;

fn setup(batches: usize) -> (Broker, Client) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, &[]);
    for number in 0..batches {
        assert_eq!(
            produce(&mut client, "t", 0, &batch(&[&format!("a{number}"), &format!("b{number}")])).error,
            0
        );
    }
    (broker, client)
}

#[test]
fn every_version_gets_the_records_with_all_offsets_filled() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["a", "b"]));
    for version in 4..=18 {
        let ask = Ask { id, ..Ask::new("t", 0, 0) };
        let row = fetch_rows(&mut client, &fetch_request(&[ask], 1, 1 << 20, LONG_MS), version).remove(0);
        assert_eq!(
            (row.error_code, row.high_watermark, row.last_stable_offset),
            (0, 2, 2),
            "version {version}"
        );
        if version >= 5 {
            assert_eq!(row.log_start_offset, 0);
        }
        assert_eq!(records(row.records.as_ref()).len(), 2);
    }
}

#[test]
fn an_offset_inside_a_batch_gets_the_whole_batch() {
    let (_broker, mut client) = setup(3);
    let row = fetch(&mut client, "t", 0, 3);
    assert_eq!(records(row.records.as_ref())[0], (2, "a1".to_owned()));
}

#[test]
fn one_batch_comes_however_small_the_limits_and_the_rest_stays_within_them() {
    let (_broker, mut client) = setup(10);
    for number in 0..10 {
        produce(&mut client, "t", 1, &batch(&[&format!("a{number}"), &format!("b{number}")]));
    }
    let size = batch(&["a0", "b0"]).len() as i32;
    let tight = |partition| Ask { bytes_max: 1, ..Ask::new("t", partition, 0) };
    let rows = fetch_rows(&mut client, &fetch_request(&[tight(0), tight(1)], 1, 1, LONG_MS), FETCH);
    assert_eq!(records(rows[0].records.as_ref()).len(), 2);
    assert!(records(rows[1].records.as_ref()).is_empty());
    let roomy = |partition| Ask { bytes_max: 3 * size, ..Ask::new("t", partition, 0) };
    let rows = fetch_rows(&mut client, &fetch_request(&[roomy(0), roomy(1)], 1, 5 * size, LONG_MS), FETCH);
    assert_eq!(records(rows[0].records.as_ref()).len(), 6);
    assert_eq!(records(rows[1].records.as_ref()).len(), 4);
}

#[test]
fn an_empty_partition_leaves_the_first_batch_to_the_next_one() {
    let (_broker, mut client) = setup(2);
    let tight = |partition| Ask { bytes_max: 1, ..Ask::new("t", partition, 0) };
    let rows = fetch_rows(&mut client, &fetch_request(&[tight(1), tight(0)], 1, 1, LONG_MS), FETCH);
    assert_eq!(records(rows[0].records.as_ref()).len(), 0);
    assert_eq!(records(rows[1].records.as_ref()).len(), 2);
}

#[test]
fn offsets_outside_the_log_epochs_and_unknown_partitions_are_told_at_once() {
    let (_broker, mut client) = setup(1);
    let empty = fetch(&mut client, "t", 0, 2);
    assert_eq!((empty.error_code, empty.high_watermark), (0, 2));
    let cases = [
        (Ask::new("t", 0, 3), ErrorCode::OffsetOutOfRange),
        (Ask::new("t", 0, -1), ErrorCode::OffsetOutOfRange),
        (Ask::new("t", 9, 0), ErrorCode::UnknownTopicOrPartition),
        (Ask::new("none", 0, 0), ErrorCode::UnknownTopicOrPartition),
        (Ask { epoch: 7, ..Ask::new("t", 0, 0) }, ErrorCode::UnknownLeaderEpoch),
    ];
    for (ask, code) in cases {
        let rows = fetch_rows(&mut client, &fetch_request(&[ask], 1, 1 << 20, LONG_MS), FETCH);
        assert_eq!(rows[0].error_code, code.code());
    }
    let out_of_range = fetch(&mut client, "t", 0, 3);
    assert_eq!((out_of_range.high_watermark, out_of_range.log_start_offset), (2, 0));
    let unknown = Ask { id: uuid::Uuid::from_u128(1), ..Ask::new("", 0, 0) };
    let rows = fetch_rows(&mut client, &fetch_request(&[unknown], 1, 1, LONG_MS), FETCH_BY_ID);
    assert_eq!(rows[0].error_code, ErrorCode::UnknownTopicId.code());
}

#[test]
fn sessions_that_are_not_there_and_replicas_are_refused() {
    let (_broker, mut client) = setup(1);
    let code = |client: &mut Client, change: &dyn Fn(&mut FetchRequest<'_>)| {
        let mut request = fetch_request(&[Ask::new("t", 0, 0)], 1, 1 << 20, 0);
        change(&mut request);
        let id = client.request(&request, FETCH);
        let response: FetchResponse<'_> = client.response(id, FETCH);
        (response.error_code, response.session_id)
    };
    assert_eq!(code(&mut client, &|request| request.session_epoch = -1), (0, 0));
    let not_found = (ErrorCode::FetchSessionIdNotFound.code(), 0);
    // A session of an earlier broker is given up by naming all partitions (KIP-227).
    assert_eq!(code(&mut client, &|request| request.session_id = 5), (0, 0));
    assert_eq!(code(&mut client, &|request| request.session_epoch = 1), not_found);
    let refused = (ErrorCode::ClusterAuthorizationFailed.code(), 0);
    assert_eq!(code(&mut client, &|request| request.replica_id = 2), refused);
}

#[test]
fn memory_stays_bounded_however_many_large_batches_are_fetched_and_not_read() {
    const BATCH_BYTES: usize = 4_000_000;
    const FETCHES: usize = 200;
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "large", 1, &[("max.message.bytes", "5000000")]);
    assert_eq!(produce(&mut client, "large", 0, &batch(&[&"x".repeat(BATCH_BYTES)])).error, 0);
    let request = fetch_request(&[Ask { bytes_max: 1, ..Ask::new("large", 0, 0) }], 1, 1, 0);
    let mut silent: Vec<Client> = (0..FETCHES).map(|_| broker.connect()).collect();
    for client in &mut silent {
        client.request(&request, FETCH);
    }
    broker.assert_serves();
    assert!(broker.resident_bytes() < 200 * 1024 * 1024, "{} bytes", broker.resident_bytes());
    // Room comes back with every answer that is read: all of them get theirs, in whatever order room was granted.
    thread::scope(|scope| {
        for client in &mut silent {
            scope.spawn(|| assert!(client.read_frame().unwrap().len() > BATCH_BYTES));
        }
    });
}

#[test]
fn a_waiting_fetch_is_answered_by_the_data_it_waits_for() {
    let (broker, mut client) = setup(0);
    let size = batch(&["x"]).len() as i32;
    let mut waiting = broker.connect();
    let waiter = thread::spawn(move || {
        let asks = [Ask::new("t", 0, 0), Ask::new("t", 1, 0)];
        let rows = fetch_rows(&mut waiting, &fetch_request(&asks, 2 * size, 1 << 20, LONG_MS), FETCH);
        rows.iter().map(|row| records(row.records.as_ref()).len()).sum::<usize>()
    });
    produce(&mut client, "t", 0, &batch(&["x"]));
    produce(&mut client, "t", 1, &batch(&["y"]));
    assert_eq!(waiter.join().unwrap(), 2);
}

#[test]
fn behaviour_34_what_does_not_fit_into_the_answer_is_enough() {
    let (_broker, mut client) = setup(3);
    let size = batch(&["a0", "b0"]).len() as i32;
    // Two and a half batches are wanted and may come: two do, and the third is there.
    let wanted = 2 * size + size / 2;
    let request = fetch_request(&[Ask::new("t", 0, 0)], wanted, wanted, LONG_MS);
    assert_eq!(records(fetch_rows(&mut client, &request, FETCH)[0].records.as_ref()).len(), 4);
    let tight = Ask { bytes_max: wanted, ..Ask::new("t", 0, 0) };
    let request = fetch_request(&[tight], wanted, 1 << 20, LONG_MS);
    assert_eq!(records(fetch_rows(&mut client, &request, FETCH)[0].records.as_ref()).len(), 4);
}

#[test]
fn behaviour_34_a_partition_that_nobody_has_does_not_end_the_wait_of_the_others() {
    let (broker, mut client) = setup(0);
    let mut waiting = broker.connect();
    let waiter = thread::spawn(move || {
        let asks = [Ask::new("none", 0, 0), Ask::new("t", 9, 0), Ask::new("t", 0, 0)];
        let rows = fetch_rows(&mut waiting, &fetch_request(&asks, 1, 1 << 20, LONG_MS), FETCH);
        (rows[0].error_code, rows[1].error_code, records(rows[2].records.as_ref()).len())
    });
    produce(&mut client, "t", 0, &batch(&["x"]));
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(waiter.join().unwrap(), (unknown, unknown, 1));
}

#[test]
fn a_wait_ends_with_what_there_is() {
    let (_broker, mut client) = setup(1);
    let request = fetch_request(&[Ask::new("t", 0, 0)], 1 << 20, 1 << 20, 50);
    assert_eq!(records(fetch_rows(&mut client, &request, FETCH)[0].records.as_ref()).len(), 2);
}

#[test]
fn a_waiting_fetch_learns_that_its_topic_was_deleted() {
    let (broker, mut client) = setup(0);
    let mut waiting = broker.connect();
    // Whether it waits already when the topic goes, or finds it gone, the answer is the same.
    let fetch = waiting.request(&fetch_request(&[Ask::new("t", 0, 0)], 1, 1 << 20, LONG_MS), FETCH);
    let request =
        DeleteTopicsRequest { topic_names: vec!["t".into()], timeout_ms: 1_000, ..Default::default() };
    let id = client.request(&request, 5);
    let deleted: DeleteTopicsResponse<'_> = client.response(id, 5);
    assert_eq!(deleted.responses[0].error_code, 0);
    let response: FetchResponse<'_> = waiting.response(fetch, FETCH);
    assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::UnknownTopicOrPartition.code());
}

#[test]
fn a_waiting_fetch_is_answered_when_the_broker_stops() {
    let broker = Broker::with_logins(|_| {});
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    create(&mut client, "t", 1, &[]);
    let id = client.request(&fetch_request(&[Ask::new("t", 0, 0)], 1, 1 << 20, LONG_MS), FETCH);
    while !broker.admin("GET", "/metrics").1.contains("requests_total{api=\"Fetch\"} 1") {
        thread::yield_now();
    }
    let waiter = thread::spawn(move || {
        let response: FetchResponse<'_> = client.response(id, FETCH);
        response.responses[0].partitions[0].error_code
    });
    assert!(broker.terminate().0.success());
    assert_eq!(waiter.join().unwrap(), 0);
}
