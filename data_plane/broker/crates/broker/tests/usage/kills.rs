//! What a kill at a bad moment leaves of the windows: every byte of the log once, whoever appended it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use headrace_records::{BatchBuilder, BatchHeader, NewRecord};
use serde_json::json;

use crate::{
    calls::{
        PRODUCE, batch, create, delete_records, fetch, produce, produce_request, try_produce, wake_compaction,
    },
    counting::delete,
    meter::{
        acknowledge, all, broker, bytes_of, client, close, close_now, close_one, in_the_log, page, ranges,
        ranges_of,
    },
    support::{Broker, Client},
};

#[test]
fn what_a_kill_leaves_counts_on_the_account_of_whoever_appended_it() {
    let mut broker = broker();
    let mut next = 0;
    let mut total = 0;
    let mut by_two = 0;
    let id = create(&mut client(&broker, "one"), "t", 1, &[]);
    for round in 0..4 {
        let records = batch(&["a"; 3]);
        produce(&mut client(&broker, "one"), "t", 0, &records);
        if round % 2 == 0 {
            close(&broker);
            produce(&mut client(&broker, "two"), "t", 0, &records);
            total += records.len() as u64;
            by_two += records.len() as u64;
        }
        total += records.len() as u64;
        broker = Broker::again(broker.kill());
    }
    close(&broker);
    let windows = page(&broker, "?max=100")["windows"].clone();
    let windows = windows.as_array().unwrap();
    let mut bytes = 0;
    for (window, expected) in windows.iter().zip(1..) {
        assert_eq!(window["id"], expected);
        for range in ranges(window, "t") {
            assert_eq!(range.0, next, "ranges follow each other");
            next = range.1;
            bytes += range.2;
        }
    }
    assert_eq!((bytes, next), (total, 18));
    assert_eq!(in_the_log(broker.data_dir.path(), id, 0), (total, 18));
    let of = |who| windows.iter().map(|window| bytes_of(window, "t", who)).sum::<u64>();
    assert_eq!((of("User:hk_one"), of("User:hk_two"), of("unknown")), (total - by_two, by_two, 0));
}

/// Acknowledged bytes and records of one producer that sends until the broker goes away.
fn send(client: &mut Client, partition: i32, acknowledged: &AtomicU64) -> (u64, u64) {
    let (mut bytes, mut records) = (0, 0);
    for number in 0.. {
        let values = vec!["load"; 1 + number % 5];
        let batch = batch(&values);
        let request = produce_request("t", partition, &batch, -1);
        let Some(produced) = try_produce(client, &request, PRODUCE) else { break };
        assert_eq!(produced[0].error, 0, "{}", produced[0].message);
        bytes += batch.len() as u64;
        records += values.len() as u64;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    (bytes, records)
}

#[test]
fn every_byte_of_the_log_counts_once_through_kills_under_load() {
    let mut broker = Broker::with_logins(|config| config["usage"] = json!({"window_seconds": 1}));
    let id = create(&mut client(&broker, "one"), "t", 2, &[("segment.bytes", "1048576")]);
    let mut acknowledged_bytes = [0, 0];
    for _ in 0..4 {
        let acknowledged = AtomicU64::new(0);
        let clients = [("one", 0), ("two", 1)].map(|(name, partition)| (client(&broker, name), partition));
        let (data_dir, sent) = thread::scope(|scope| {
            let producers = clients.map(|(mut client, partition)| {
                let acknowledged = &acknowledged;
                scope.spawn(move || send(&mut client, partition, acknowledged))
            });
            while acknowledged.load(Ordering::Relaxed) < 200 {
                thread::sleep(Duration::from_millis(1));
            }
            close_now(&broker);
            while acknowledged.load(Ordering::Relaxed) < 400 {
                thread::sleep(Duration::from_millis(1));
            }
            let data_dir = broker.kill();
            (data_dir, producers.map(|producer| producer.join().unwrap()))
        });
        for (total, (bytes, _)) in acknowledged_bytes.iter_mut().zip(sent) {
            *total += bytes;
        }
        broker = Broker::again(data_dir);
    }
    close_now(&broker);
    let windows = all(&broker);
    for partition in 0..2 {
        let (mut next, mut bytes, mut records) = (0, 0, 0);
        for range in windows.iter().flat_map(|window| ranges_of(window, "t", partition)) {
            assert_eq!(range.0, next, "ranges follow each other");
            next = range.1;
            bytes += range.2;
            records += range.3;
        }
        assert_eq!((bytes, records), in_the_log(broker.data_dir.path(), id, partition));
        let acknowledged = acknowledged_bytes[partition as usize];
        assert!(acknowledged <= bytes, "{acknowledged} bytes were acknowledged and {bytes} are metered");
    }
}

#[test]
fn a_stop_in_order_loses_no_principal_and_no_read() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "t", 1, &[]);
    let records = batch(&["a", "b"]);
    produce(&mut one, "t", 0, &records);
    fetch(&mut one, "t", 0, 0);
    drop(one);
    let broker = Broker::again(broker.stop());
    produce(&mut client(&broker, "one"), "t", 0, &records);
    let window = close_one(&broker);
    assert_eq!(window["id"], 1);
    assert_eq!(bytes_of(&window, "t", "User:hk_one"), 2 * records.len() as u64);
    assert_eq!(window["traffic"][0]["read_bytes"], records.len());
    assert_eq!(window["traffic"][0]["produce_requests"], 2);
}

#[test]
fn a_topic_deleted_inside_a_window_is_counted_though_a_kill_follows() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "gone", 2, &[]);
    create(&mut one, "kept", 1, &[]);
    let records = batch(&["a", "b"]);
    produce(&mut one, "gone", 0, &records);
    produce(&mut one, "gone", 1, &records);
    produce(&mut one, "kept", 0, &records);
    delete(&mut one, "gone");
    produce(&mut one, "kept", 0, &records);
    let broker = Broker::again(broker.kill());
    let window = close_one(&broker);
    let bytes = records.len() as u64;
    assert_eq!(ranges(&window, "gone"), [(0, 2, bytes, 2), (0, 2, bytes, 2)]);
    assert_eq!(ranges(&window, "kept"), [(0, 4, 2 * bytes, 4)]);
    assert_eq!(bytes_of(&window, "gone", "User:hk_one"), 2 * bytes);
    assert_eq!(bytes_of(&window, "kept", "User:hk_one"), 2 * bytes);
}

#[test]
fn records_deleted_inside_a_window_are_counted_though_a_kill_follows() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "t", 1, &[("segment.bytes", "1048576")]);
    let records = batch(&[&"x".repeat(600 * 1024)]);
    for _ in 0..3 {
        produce(&mut one, "t", 0, &records);
    }
    assert_eq!(delete_records(&mut one, "t", &[(0, -1)]), [(0, 3)]);
    let broker = Broker::again(broker.kill());
    let window = close_one(&broker);
    let bytes = 3 * records.len() as u64;
    assert_eq!(ranges(&window, "t"), [(0, 3, bytes, 3)]);
    assert_eq!(bytes_of(&window, "t", "User:hk_one"), bytes);
}

#[test]
fn records_compacted_inside_a_window_are_counted_though_a_kill_follows() {
    let broker = broker();
    let mut one = client(&broker, "one");
    create(&mut one, "t", 1, &[("segment.bytes", "1048576"), ("cleanup.policy", "compact")]);
    let value = vec![b'x'; 600 * 1024];
    let record = NewRecord { timestamp: 7, key: Some(b"k"), value: Some(&value), headers: &[] };
    let records = BatchBuilder::new().record(record).build();
    for _ in 0..4 {
        assert_eq!(produce(&mut one, "t", 0, &records).error, 0);
    }
    wake_compaction(&mut one, "t", 0);
    let first = |client: &mut Client| {
        let bytes = fetch(client, "t", 0, 0).records.unwrap();
        BatchHeader::parse(&bytes).unwrap().base_offset.get()
    };
    while first(&mut one) == 0 {}
    let broker = Broker::again(broker.kill());
    let window = close_one(&broker);
    let bytes = 4 * records.len() as u64;
    assert_eq!(ranges(&window, "t"), [(0, 4, bytes, 4)]);
    assert_eq!(bytes_of(&window, "t", "User:hk_one"), bytes);
}

#[test]
fn ids_and_the_meter_outlive_every_kind_of_stop() {
    let mut broker = broker();
    let meter_id = page(&broker, "")["meter_id"].clone();
    create(&mut client(&broker, "one"), "t", 1, &[]);
    for round in 1..=6 {
        assert_eq!(close_one(&broker)["id"], round);
        if round == 3 {
            assert_eq!(acknowledge(&broker, 3).0, 200);
        }
        let data_dir = if round % 2 == 0 { broker.kill() } else { broker.stop() };
        broker = Broker::again(data_dir);
    }
    let page = page(&broker, "");
    assert_eq!(page["meter_id"], meter_id);
    assert_eq!((&page["acknowledged_through"], &page["closed_through"]), (&3.into(), &6.into()));
    assert_eq!(page["windows"].as_array().unwrap().len(), 3);
}

#[test]
fn a_meter_that_was_told_of_is_the_same_after_a_kill() {
    let broker = broker();
    let meter_id = page(&broker, "")["meter_id"].clone();
    let broker = Broker::again(broker.kill());
    assert_eq!(page(&broker, "")["meter_id"], meter_id);
}

#[test]
fn windows_close_by_themselves() {
    let broker = Broker::with_logins(|config| config["usage"] = json!({"window_seconds": 1}));
    create(&mut client(&broker, "one"), "t", 1, &[]);
    let windows = loop {
        let page = page(&broker, "");
        if page["closed_through"].as_u64() >= Some(3) {
            break page["windows"].as_array().unwrap().clone();
        }
        thread::sleep(Duration::from_millis(5));
    };
    for window in windows {
        assert_eq!(window["ended_at_ms"].as_i64().unwrap() % 1000, 0, "{window}");
        let (started, ended) = (&window["started_at_ms"], &window["ended_at_ms"]);
        let length = ended.as_i64().unwrap() - started.as_i64().unwrap();
        assert!((1..=1000).contains(&length), "{window}");
        assert!(window["running_ms"].as_i64().unwrap() <= length, "{window}");
    }
}
