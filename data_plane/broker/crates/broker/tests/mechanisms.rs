//! Logins by SCRAM and by token, and how an identity is renewed while the connection lives.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

#[path = "../../security/tests/support/mod.rs"]
mod sasl;

use std::{
    borrow::Cow,
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use headrace_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use sasl::{Hash, SHA_256, SHA_512, ScramClient, Signer};
use serde_json::{Value, json};
use support::{Broker, Client};

const REFUSED: i16 = 58;

/// A broker that knows `hk_one` by every mechanism, and tokens of this signer.
fn broker(signer: &Signer) -> Broker {
    Broker::with_logins(|config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
        let file = sasl::credentials_file(&[sasl::credential("hk_one", "secret-one")]);
        fs::write(directory.join("credentials.json"), file.to_string()).unwrap();
        fs::write(directory.join("token-keys.json"), json!({"keys": [signer.jwk()]}).to_string()).unwrap();
        config["cluster_id"] = json!(sasl::CLUSTER);
        config["tokens"] =
            json!({"jwks_file": "token-keys.json", "issuer": sasl::ISSUER, "clock_skew_seconds": 30});
    })
}

fn serves(client: &mut Client) -> bool {
    let id = client.request(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 1);
    let response: DescribeClusterResponse<'_> = client.response(id, 1);
    response.error_code == 0
}

/// Error code and message of the last step, and whether the server proved itself.
fn scram(client: &mut Client, hash: Hash, username: &str, secret: &str) -> (i16, Option<String>, bool) {
    assert_eq!(client.handshake(hash.mechanism, 1).error_code, 0);
    let login = ScramClient::new(hash, username, secret);
    let challenge = client.authenticate(login.first().as_bytes());
    assert_eq!(challenge.error_code, 0, "a name that does not exist is challenged as well");
    let (last, expected) = login.last(&challenge.auth_bytes);
    let response = client.authenticate(last.as_bytes());
    let proved = response.auth_bytes == expected.as_bytes();
    (response.error_code, response.error_message.map(Cow::into_owned), proved)
}

#[expect(clippy::disallowed_methods, reason = "tokens of this test are judged by the machine's clock")]
fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Claims of a token that the broker takes for `seconds` more; its clock skew is 30 s.
fn claims(subject: &str, seconds: i64) -> Value {
    let now = now_seconds();
    let mut claims = sasl::claims(subject);
    claims["iat"] = json!(now - 300);
    claims["exp"] = json!(now + seconds - 30);
    claims
}

/// Presents a token; error code and session lifetime.
fn present(client: &mut Client, token: &str) -> (i16, i64) {
    assert_eq!(client.handshake("OAUTHBEARER", 1).error_code, 0);
    let response = client.authenticate(format!("n,,\x01auth=Bearer {token}\x01\x01").as_bytes());
    if response.auth_bytes.is_empty() {
        return (response.error_code, response.session_lifetime_ms);
    }
    assert_eq!(response.auth_bytes, br#"{"status":"invalid_token"}"#.as_slice());
    (client.authenticate(b"\x01").error_code, 0)
}

#[test]
fn scram_logs_in_by_both_hashes_and_the_server_proves_itself() {
    let broker = broker(&Signer::new("k1"));
    for hash in [SHA_256, SHA_512] {
        let mut client = broker.connect();
        let (error, _, proved) = scram(&mut client, hash, "hk_one", "secret-one");
        assert_eq!((error, proved), (0, true));
        assert!(serves(&mut client));
    }
}

#[test]
fn scram_refuses_wrong_secrets_and_unknown_names_alike() {
    let broker = broker(&Signer::new("k1"));
    for hash in [SHA_256, SHA_512] {
        let refusals = [("hk_one", "wrong"), ("hk_nobody", "secret-one")].map(|(username, secret)| {
            let mut client = broker.connect();
            let refusal = scram(&mut client, hash, username, secret);
            client.assert_closed();
            refusal
        });
        assert_eq!(refusals[0].0, REFUSED);
        assert_eq!(refusals[0], refusals[1]);
    }
}

#[test]
fn a_token_logs_in_for_as_long_as_it_lives() {
    let signer = Signer::new("k1");
    let broker = broker(&signer);
    let mut client = broker.connect();
    let (error, lifetime_ms) = present(&mut client, &signer.token(&claims("u_1", 120)));
    assert_eq!(error, 0);
    assert!((1..=120_000).contains(&lifetime_ms), "{lifetime_ms}");
    assert!(serves(&mut client));
}

#[test]
fn tokens_that_are_not_good_are_refused() {
    let signer = Signer::new("k1");
    let broker = broker(&signer);
    let mut other_cluster = claims("u_1", 120);
    other_cluster["aud"] = json!("lkc_other");
    let unsigned = sasl::unsigned(&json!({"alg": "none"}), &claims("u_1", 120));
    let tokens = [
        signer.token(&claims("u_1", -1)),
        signer.token(&claims("hk_revoked", 120)),
        signer.token(&other_cluster),
        Signer::new("k1").token(&claims("u_1", 120)),
        Signer::new("k2").token(&claims("u_1", 120)),
        format!("{unsigned}."),
        "garbage".to_owned(),
    ];
    for token in tokens {
        let mut client = broker.connect();
        assert_eq!(present(&mut client, &token).0, REFUSED, "{token}");
        client.assert_closed();
    }
    broker.assert_serves();
}

#[test]
fn a_connection_ends_with_its_token() {
    let signer = Signer::new("k1");
    let broker = broker(&signer);
    let mut client = broker.connect();
    assert_eq!(present(&mut client, &signer.token(&claims("u_1", 3))).0, 0);
    client.assert_closed();
}

#[test]
fn a_renewed_token_keeps_the_connection() {
    let signer = Signer::new("k1");
    let broker = broker(&signer);
    let mut client = broker.connect();
    let (error, first_ms) = present(&mut client, &signer.token(&claims("u_1", 60)));
    assert_eq!(error, 0);
    let (error, second_ms) = present(&mut client, &signer.token(&claims("u_1", 200)));
    assert_eq!(error, 0);
    assert!(second_ms > first_ms);
    assert!(serves(&mut client));
    assert_eq!(present(&mut client, &signer.token(&claims("u_2", 200))).0, REFUSED, "as somebody else");
    client.assert_closed();
}

#[test]
fn the_token_of_a_key_ends_with_the_key() {
    let signer = Signer::new("k1");
    let broker = broker(&signer);
    let (mut of_key, mut of_member) = (broker.connect(), broker.connect());
    assert_eq!(present(&mut of_key, &signer.token(&claims("hk_one", 120))).0, 0);
    assert_eq!(present(&mut of_member, &signer.token(&claims("u_1", 120))).0, 0);
    let nobody = sasl::credentials_file(&[]).to_string();
    fs::write(broker.data_dir.path().join("credentials.json"), nobody).unwrap();
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
    of_key.assert_closed();
    assert!(serves(&mut of_member));
}
