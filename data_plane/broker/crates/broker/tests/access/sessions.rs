//! Sessions end, are renewed, and go with their credentials.

use std::fs;

use headrace_protocol::messages::{SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest};
use serde_json::{Value, json};

use crate::{
    calls::{create, fetch_request, is_served, login, metric},
    support::{Broker, Client, credentials},
};

const SASL_AUTHENTICATION_FAILED: i16 = 58;

/// Logs in by PLAIN; answers error code and lifetime.
fn authenticate(client: &mut Client, user: &str) -> (i16, i64) {
    assert_eq!(client.handshake("PLAIN", 1).error_code, 0);
    let token = format!("\0hk_{user}\0secret-{user}").into_bytes();
    let id = client.request(&SaslAuthenticateRequest { auth_bytes: token.into() }, 2);
    let response: SaslAuthenticateResponse<'_> = client.response(id, 2);
    (response.error_code, response.session_lifetime_ms)
}

#[test]
fn without_a_limit_a_session_lasts_as_long_as_its_credential() {
    let broker = Broker::with_logins(|_| ());
    assert_eq!(authenticate(&mut broker.connect(), "one"), (0, 0));
}

#[test]
fn a_session_is_told_its_end_and_renewed_on_the_open_connection() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"session_seconds_max": 3600}));
    let mut client = broker.connect();
    let (_, lifetime_ms) = authenticate(&mut client, "one");
    assert_eq!(lifetime_ms, 3_600_000);
    assert!(is_served(&mut client));
    assert_eq!(authenticate(&mut client, "one").0, 0);
    assert!(is_served(&mut client));
    assert_eq!(
        authenticate(&mut client, "two").0,
        SASL_AUTHENTICATION_FAILED,
        "nobody becomes somebody else"
    );
    client.assert_closed();
}

#[test]
fn a_session_that_is_not_renewed_ends() {
    let broker = Broker::with_logins(|config| config["limits"] = json!({"session_seconds_max": 1}));
    let mut client = login(&broker, "one");
    // Nothing is sent: the connection ends by itself.
    client.assert_closed();
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"login_ended\"}"), 1);
}

#[test]
fn a_connection_that_says_nothing_ends_and_one_that_waits_for_an_answer_does_not() {
    let broker = Broker::with_logins(|_| ());
    assert_eq!(create(&mut login(&broker, "one"), "t").0, 0);
    let directory = broker.stop();
    let path = directory.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["limits"] = json!({"idle_seconds_max": 1});
    fs::write(&path, config.to_string()).unwrap();
    let broker = Broker::again(directory);
    login(&broker, "one").assert_closed();
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"connection_idle\"}"), 1);
    // Said at once, so that nothing but the poll itself lasts longer than the limit.
    let mut waiting = broker.connect();
    waiting.request(&SaslHandshakeRequest { mechanism: "PLAIN".into() }, 1);
    let token = b"\0hk_two\0secret-two".as_slice();
    waiting.request(&SaslAuthenticateRequest { auth_bytes: token.into() }, 2);
    waiting.request(&fetch_request("t", 1_500), 12);
    assert!([(); 3].map(|()| waiting.read_frame().is_some()).into_iter().all(|answered| answered));
    waiting.assert_closed();
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"connection_idle\"}"), 2);
}

#[test]
fn a_revoked_credential_ends_its_open_connections_and_no_others() {
    let broker = Broker::with_logins(|_| ());
    let (mut one, mut two) = (login(&broker, "one"), login(&broker, "two"));
    credentials::write(broker.data_dir.path(), 2, &[("hk_two", "secret-two")]);
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
    one.assert_closed();
    assert!(is_served(&mut two));
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"credential_revoked\"}"), 1);
    assert_eq!(broker.connect().login("hk_one", "secret-one"), SASL_AUTHENTICATION_FAILED);
    // A file that can not be read leaves what is in force.
    fs::write(broker.data_dir.path().join("credentials.json"), "{").unwrap();
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 422);
    assert!(is_served(&mut two));
}
