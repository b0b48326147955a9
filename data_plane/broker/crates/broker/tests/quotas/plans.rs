//! What a plan allows holds for all keys of the cluster together.

use std::time::Duration;

use serde_json::json;

use crate::{
    calls::{QUOTA_EXCEEDED, TOPIC, create, fetch, is_counted, login, produce},
    support::Broker,
};

const NEW_PRODUCE: i16 = 9;
const NEW_FETCH: i16 = 12;
const POLICY_VIOLATION: i16 = 44;

#[test]
fn bytes_of_all_keys_count_together() {
    let broker = Broker::with_logins(|config| {
        config["limits"] =
            json!({"produce_bytes_per_second_max": 40_000, "fetch_bytes_per_second_max": 40_000});
    });
    let mut one = login(&broker, "one");
    create(&mut one, TOPIC, 1, 7);
    assert_eq!(produce(&mut one, 39_000, NEW_PRODUCE), Duration::ZERO, "a second's worth goes at once");
    assert!(produce(&mut login(&broker, "two"), 39_000, NEW_PRODUCE) > Duration::ZERO);
    assert!(is_counted(&broker, "producer_byte_rate", "plan"));
    assert!(!is_counted(&broker, "producer_byte_rate", "client"));
    assert!(fetch(&mut login(&broker, "one"), NEW_FETCH).0 > 39_000);
    assert!(fetch(&mut login(&broker, "two"), NEW_FETCH).1 > Duration::ZERO);
    assert!(is_counted(&broker, "consumer_byte_rate", "plan"));
}

#[test]
fn changes_of_partitions_count_together() {
    let broker = Broker::with_logins(|config| {
        config["limits"] = json!({"partition_changes_per_minute_max": 6});
    });
    assert_eq!(create(&mut login(&broker, "one"), "at", 6, 7).0, 0);
    assert_eq!(create(&mut login(&broker, "two"), "over-once", 2, 7).0, 0, "until it is overdrawn");
    let (code, throttle_ms) = create(&mut login(&broker, "two"), "over", 1, 7);
    assert_eq!(code, QUOTA_EXCEEDED);
    assert!(throttle_ms > 0);
    assert!(is_counted(&broker, "controller_mutation_rate", "plan"));
}

#[test]
fn topics_are_limited_at_and_over() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"topics_max": 2}));
    let mut client = login(&broker, "one");
    assert_eq!(create(&mut client, "under", 1, 7).0, 0);
    assert_eq!(create(&mut client, "at", 1, 7).0, 0);
    assert!(!is_refused(&broker, "topics_max"));
    assert_eq!(create(&mut client, "over", 1, 7).0, POLICY_VIOLATION);
    assert!(is_refused(&broker, "topics_max"));
}

fn is_refused(broker: &Broker, limit: &str) -> bool {
    let name = format!("headrace_broker_topics_refused_total{{reason=\"{limit}\"}} 1");
    broker.admin("GET", "/metrics").1.lines().any(|line| line == name)
}

#[test]
fn partitions_are_limited_under_at_and_over() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"partitions_max": 4}));
    let mut client = login(&broker, "one");
    assert_eq!(create(&mut client, "under", 3, 7).0, 0);
    assert_eq!(create(&mut client, "over", 2, 7).0, POLICY_VIOLATION);
    assert!(is_refused(&broker, "partitions_max"));
    assert_eq!(create(&mut client, "at", 1, 7).0, 0);
    assert_eq!(create(&mut client, "over", 1, 7).0, POLICY_VIOLATION);
}
