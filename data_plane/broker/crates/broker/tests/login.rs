//! What a connection may do before it has said who it is, and when a credential goes away.

mod support;

use std::fs;

use headrace_protocol::{
    encode_request,
    messages::{ApiVersionsRequest, DescribeClusterRequest, DescribeClusterResponse, SaslHandshakeRequest},
};
use serde_json::{Value, json};
use support::{Broker, Client, credentials};

fn describe(client: &mut Client) -> DescribeClusterResponse<'_> {
    let id = client.request(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 1);
    client.response(id, 1)
}

#[test]
fn a_login_opens_the_other_apis() {
    let broker = Broker::with_logins(|_| ());
    let mut client = broker.connect();
    assert_eq!(client.api_versions(3).error_code, 0);
    let mechanisms = client.handshake("PLAIN", 1).mechanisms.len();
    assert_eq!(mechanisms, 3, "without token keys there are no tokens");
    assert_eq!(client.authenticate(b"\0hk_one\0secret-one").error_code, 0);
    assert_eq!(describe(&mut client).cluster_id, "lkc_test");
}

#[test]
fn requests_before_the_login_close_the_connection() {
    let broker = Broker::with_logins(|_| ());
    let mut client = broker.connect();
    client.request(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 1);
    client.assert_closed();
}

#[test]
fn a_wrong_secret_and_an_unknown_name_are_refused_alike() {
    let broker = Broker::with_logins(|_| ());
    let refusals = [("hk_one", "wrong"), ("hk_nobody", "secret-one")].map(|(username, secret)| {
        let mut client = broker.connect();
        assert_eq!(client.handshake("PLAIN", 1).error_code, 0);
        let token = format!("\0{username}\0{secret}");
        let response = client.authenticate(token.as_bytes());
        let refusal = (response.error_code, response.error_message.map(std::borrow::Cow::into_owned));
        client.assert_closed();
        refusal
    });
    assert_eq!(refusals[0].0, 58);
    assert_eq!(refusals[0], refusals[1]);
}

#[test]
fn an_unknown_mechanism_is_told_the_known_ones() {
    let broker = Broker::with_logins(|_| ());
    let mut client = broker.connect();
    let response = client.handshake("GSSAPI", 1);
    assert_eq!(response.error_code, 33);
    assert_eq!(response.mechanisms, ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]);
    drop(response);
    client.assert_closed();
}

#[test]
fn after_an_old_handshake_tokens_are_frames_of_their_own() {
    let broker = Broker::with_logins(|_| ());
    let mut client = broker.connect();
    let id = client.request(&SaslHandshakeRequest { mechanism: "PLAIN".into() }, 0);
    let response: headrace_protocol::messages::SaslHandshakeResponse<'_> = client.response(id, 0);
    assert_eq!(response.error_code, 0);
    drop(response);
    client.send_frame(b"\0hk_two\0secret-two");
    assert_eq!(client.read_frame().unwrap(), b"".as_slice());
    assert_eq!(describe(&mut client).error_code, 0);
}

#[test]
fn frames_before_the_login_are_short() {
    let broker = Broker::with_logins(|_| ());
    let ask = |frame_bytes: usize| {
        let mut request = ApiVersionsRequest {
            client_software_name: "n".into(),
            client_software_version: "v".repeat(12_000).into(),
        };
        let bytes = |request: &_| encode_request(request, 3, 1, None).unwrap().concat();
        let missing = 4 + frame_bytes - bytes(&request).len();
        request.client_software_version = "v".repeat(12_000 + missing).into();
        let mut client = broker.connect();
        client.send(&bytes(&request));
        client.read_frame()
    };
    assert!(ask(16 * 1024).is_some(), "at the limit");
    assert!(ask(16 * 1024 + 1).is_none(), "over it");
    let mut client = broker.connect();
    client.send(&(16 * 1024i32 + 1).to_be_bytes());
    client.assert_closed();
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    client.send(&(16 * 1024i32 + 1).to_be_bytes());
    client.finish();
    client.assert_closed();
    broker.assert_serves();
}

#[test]
fn a_login_that_never_comes_ends_the_connection() {
    let broker = Broker::with_logins(|_| ());
    let mut silent = broker.connect();
    let mut slow = broker.connect();
    slow.send(&[0, 0, 0]);
    silent.assert_closed();
    slow.assert_closed();
}

#[test]
fn a_credential_that_is_gone_takes_its_connections_along() {
    let broker = Broker::with_logins(|_| ());
    let (mut gone, mut kept) = (broker.connect(), broker.connect());
    assert_eq!(gone.login("hk_one", "secret-one"), 0);
    assert_eq!(kept.login("hk_two", "secret-two"), 0);
    credentials::write(broker.data_dir.path(), 2, &[("hk_two", "secret-two")]);
    let (status, body) = broker.admin("POST", "/v1/credentials:reload");
    assert_eq!((status, body), (200, json!({"credentials_generation": 2}).to_string()));
    gone.assert_closed();
    assert_eq!(describe(&mut kept).error_code, 0);
    assert_eq!(broker.connect().login("hk_one", "secret-one"), 58);
}

#[test]
fn a_bad_credentials_file_changes_nothing() {
    let broker = Broker::with_logins(|_| ());
    fs::write(broker.data_dir.path().join("credentials.json"), "{").unwrap();
    let (status, body) = broker.admin("POST", "/v1/credentials:reload");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, problem["code"].as_str()), (422, Some("credentials_invalid")));
    assert_eq!(broker.connect().login("hk_one", "secret-one"), 0);
}

#[test]
fn connections_beyond_the_limit_are_closed_and_the_others_stay() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"connections_max": 2}));
    let mut first = broker.connect();
    assert_eq!(first.login("hk_one", "secret-one"), 0);
    let mut second = broker.connect();
    assert_eq!(second.login("hk_one", "secret-one"), 0);
    broker.connect().assert_closed();
    assert_eq!(describe(&mut first).error_code, 0);
    let (_, metrics) = broker.admin("GET", "/metrics");
    assert!(
        metrics.contains(r#"headrace_broker_connections_refused_total{reason="connections_max"} 1"#),
        "{metrics}"
    );
}
