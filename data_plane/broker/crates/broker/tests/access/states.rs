//! Read-only and suspended clusters.

use serde_json::{Value, json};

use crate::{
    calls::{create, delete, fetch, grow, is_served, login, metric, produce},
    support::{Broker, credentials},
};

const POLICY_VIOLATION: i16 = 44;
const SASL_AUTHENTICATION_FAILED: i16 = 58;

fn set(broker: &Broker, access: &str) {
    broker.open_to(&json!({"access": access}));
    let health: Value = serde_json::from_str(&broker.admin("GET", "/healthz").1).unwrap();
    assert_eq!(health["access"], access);
}

#[test]
fn a_read_only_cluster_refuses_what_stores_more_and_says_so() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    assert_eq!(create(&mut client, "orders").0, 0);
    assert_eq!(produce(&mut client, "orders").0, 0);
    set(&broker, "read_only");
    for (code, message) in [produce(&mut client, "orders"), create(&mut client, "more")] {
        assert_eq!(code, POLICY_VIOLATION);
        assert!(message.contains("read-only"), "{message}");
    }
    assert_eq!(grow(&mut client, "orders", 2), POLICY_VIOLATION);
    let (code, bytes) = fetch(&mut client, "orders");
    assert_eq!(code, 0);
    assert!(bytes > 0, "reading goes on");
    assert_eq!(fetch(&mut login(&broker, "two"), "orders").0, 0, "logins too");
    set(&broker, "full");
    assert_eq!(produce(&mut client, "orders").0, 0);
    set(&broker, "read_only");
    assert_eq!(delete(&mut client, "orders"), 0, "what makes room is never refused");
}

#[test]
fn a_suspended_cluster_ends_connections_and_tells_only_who_may_know() {
    let broker = Broker::with_logins(|_| ());
    let mut open = login(&broker, "one");
    assert!(is_served(&mut open));
    set(&broker, "suspended");
    open.assert_closed();
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"cluster_suspended\"}"), 1);
    let refusal = |token: &[u8]| {
        let mut client = broker.connect();
        assert_eq!(client.handshake("PLAIN", 1).error_code, 0);
        let answer = client.authenticate(token);
        let message = answer.error_message.as_deref().unwrap_or_default().to_owned();
        assert_eq!(answer.error_code, SASL_AUTHENTICATION_FAILED);
        drop(answer);
        client.assert_closed();
        message
    };
    assert!(refusal(b"\0hk_one\0secret-one").contains("suspended"));
    assert!(!refusal(b"\0hk_one\0wrong").contains("suspended"));
    assert!(!refusal(b"\0hk_nobody\0secret-one").contains("suspended"));
    set(&broker, "full");
    assert!(is_served(&mut login(&broker, "one")));
}

#[test]
fn nothing_is_served_between_a_refused_login_and_its_end() {
    let broker = Broker::open_so_far(&json!({"access": "suspended"}), |_| ());
    let mut client = broker.connect();
    assert_eq!(client.handshake("PLAIN", 1).error_code, 0);
    // The next request is there before the login is answered.
    let token = headrace_protocol::messages::SaslAuthenticateRequest {
        auth_bytes: b"\0hk_one\0secret-one".as_slice().into(),
    };
    client.request(&token, 2);
    client.request(&headrace_protocol::messages::MetadataRequest::default(), 9);
    assert!(client.read_frame().is_some(), "the refusal");
    client.assert_closed();
}

#[test]
fn a_state_holds_from_the_start_and_a_file_that_says_none_opens_the_cluster() {
    let broker = Broker::open_so_far(&json!({"access": "read_only"}), |_| ());
    assert_eq!(create(&mut login(&broker, "one"), "orders").0, POLICY_VIOLATION);
    broker.open_to(&json!({}));
    assert_eq!(create(&mut login(&broker, "one"), "orders").0, 0);
}

#[test]
fn a_file_with_a_state_or_network_that_there_is_not_leaves_what_is_in_force() {
    let broker = Broker::open_so_far(&json!({"access": "read_only"}), |_| ());
    let networks: Vec<String> = (0..101).map(|index| format!("10.0.0.{index}")).collect();
    for bad in [
        json!({"access": "closed"}),
        json!({"allowed_networks": ["10.0.0.1/8"]}),
        json!({"allowed_networks": networks}),
    ] {
        credentials::write_open(broker.data_dir.path(), 2, &[], &bad);
        assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 422, "{bad}");
    }
    assert_eq!(create(&mut login(&broker, "one"), "orders").0, POLICY_VIOLATION);
}

#[test]
fn a_cluster_stores_no_more_than_it_may_until_something_is_deleted() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"stored_bytes_max": 180}));
    let mut client = login(&broker, "one");
    create(&mut client, "orders");
    let counted = |broker: &Broker| metric(broker, "produce_refused_storage_limit_total");
    assert_eq!(produce(&mut client, "orders").0, 0);
    assert_eq!(produce(&mut client, "orders").0, 0, "a batch of one byte has 69, the head of a segment 64");
    assert_eq!(counted(&broker), 0);
    let (code, message) = produce(&mut client, "orders");
    assert_eq!(code, POLICY_VIOLATION);
    assert!(message.contains("202 bytes of at most 180"), "{message}");
    assert_eq!(produce(&mut login(&broker, "two"), "orders").0, POLICY_VIOLATION, "whoever asks");
    assert_eq!(counted(&broker), 2);
    assert!(fetch(&mut client, "orders").1 > 0, "reading goes on");
    assert_eq!(delete(&mut client, "orders"), 0);
    create(&mut client, "orders");
    assert_eq!(produce(&mut client, "orders").0, 0, "there is room again");
}
