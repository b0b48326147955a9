//! Usage as the admin endpoint serves it, and what the log really holds.

use std::{fs, path::Path, thread, time::Duration};

use headrace_io::{Clock as _, SystemClock};
use headrace_records::BatchHeader;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Broker, Client};

/// Bytes of the header of a segment file.
const SEGMENT_HEADER_BYTES: usize = 64;
const HOUR_MS: i64 = 3_600_000;
/// Far longer than any of these tests takes.
const LONGEST_TEST_MS: i64 = 20_000;

/// A broker whose windows close when they are told to, within the hour.
pub(crate) fn broker() -> Broker {
    stay_clear_of_the_hour();
    Broker::with_logins(|config| config["usage"] = json!({"window_seconds": 3600}))
}

/// A window ends with its hour, whatever a test does: one that would run into that waits until it is over.
fn stay_clear_of_the_hour() {
    let clock = SystemClock::new();
    while HOUR_MS - clock.wall_ms() % HOUR_MS < LONGEST_TEST_MS {
        thread::sleep(Duration::from_millis(100));
    }
}

/// A client that is logged in as `hk_one` or `hk_two`.
pub(crate) fn client(broker: &Broker, name: &str) -> Client {
    let mut client = broker.connect();
    assert_eq!(client.login(&format!("hk_{name}"), &format!("secret-{name}")), 0);
    client
}

pub(crate) fn page(broker: &Broker, query: &str) -> Value {
    let (status, body) = broker.admin("GET", &format!("/v1/usage-windows{query}"));
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Closes the open window and answers every window that waits.
pub(crate) fn close(broker: &Broker) -> Vec<Value> {
    let closed_through = close_now(broker);
    let page = page(broker, "?max=100");
    assert_eq!(page["closed_through"], closed_through);
    page["windows"].as_array().unwrap().clone()
}

/// Closes the open window; answers its id.
pub(crate) fn close_now(broker: &Broker) -> u64 {
    let (status, body) = broker.admin("POST", "/v1/usage-windows:close");
    assert_eq!(status, 200, "{body}");
    let closed: Value = serde_json::from_str(&body).unwrap();
    closed["closed_through"].as_u64().unwrap()
}

/// The window that closes now.
pub(crate) fn close_one(broker: &Broker) -> Value {
    close(broker).pop().unwrap()
}

pub(crate) fn acknowledge(broker: &Broker, through: u64) -> (u16, Value) {
    let body = json!({"through": through}).to_string();
    let (status, body) = broker.admin_post("/v1/usage-windows:acknowledge", &body);
    (status, serde_json::from_str(&body).unwrap())
}

/// Every window that waits, page by page.
pub(crate) fn all(broker: &Broker) -> Vec<Value> {
    let mut windows: Vec<Value> = Vec::new();
    loop {
        let after = windows.last().map_or(0, |window| window["id"].as_u64().unwrap());
        let page = page(broker, &format!("?after={after}&max=3"));
        windows.extend(page["windows"].as_array().unwrap().iter().cloned());
        if windows.last().is_none_or(|window| window["id"] == page["closed_through"]) {
            return windows;
        }
    }
}

/// First and next offset, bytes and records of each range of a topic, after checking that its parts make up the whole.
pub(crate) fn ranges(window: &Value, topic: &str) -> Vec<(i64, i64, u64, u64)> {
    checked(window["appended"].as_array().unwrap().iter().filter(|range| range["topic"] == topic))
}

/// The same of one partition.
pub(crate) fn ranges_of(window: &Value, topic: &str, partition: i32) -> Vec<(i64, i64, u64, u64)> {
    let ranges = window["appended"].as_array().unwrap().iter();
    checked(ranges.filter(|range| range["topic"] == topic && range["partition"] == partition))
}

fn checked<'a>(ranges: impl Iterator<Item = &'a Value>) -> Vec<(i64, i64, u64, u64)> {
    ranges
        .map(|range| {
            let parts = range["by_principal"].as_array().unwrap();
            for quantity in ["bytes", "records"] {
                let sum: u64 = parts.iter().map(|part| part[quantity].as_u64().unwrap()).sum();
                assert_eq!(range[quantity], sum, "{quantity} of {range}");
            }
            (
                range["first_offset"].as_i64().unwrap(),
                range["next_offset"].as_i64().unwrap(),
                range["bytes"].as_u64().unwrap(),
                range["records"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// Bytes of one principal in the only range of a topic.
pub(crate) fn bytes_of(window: &Value, topic: &str, principal: &str) -> u64 {
    let ranges: Vec<&Value> =
        window["appended"].as_array().unwrap().iter().filter(|range| range["topic"] == topic).collect();
    let parts = ranges.iter().flat_map(|range| range["by_principal"].as_array().unwrap());
    parts.filter(|part| part["principal"] == principal).map(|part| part["bytes"].as_u64().unwrap()).sum()
}

/// Bytes and records that the segments of a partition hold, by their batches.
pub(crate) fn in_the_log(data_dir: &Path, topic: Uuid, partition: i32) -> (u64, u64) {
    let (mut bytes, mut records) = (0, 0);
    for entry in fs::read_dir(data_dir.join(format!("topics/{topic}-{partition}"))).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let content = fs::read(path).unwrap();
        let mut rest = &content[SEGMENT_HEADER_BYTES..];
        while let Some(header) = BatchHeader::parse(rest) {
            let (batch, after) = rest.split_at(header.batch_bytes().unwrap());
            bytes += batch.len() as u64;
            records += u64::from(header.records_count.unsigned_abs());
            rest = after;
        }
    }
    (bytes, records)
}
