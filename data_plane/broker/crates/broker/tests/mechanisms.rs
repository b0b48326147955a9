//! Logins by SCRAM and by token, and how an identity is renewed while the connection lives.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

#[path = "../../security/tests/support/mod.rs"]
mod sasl;

use std::{
    borrow::Cow,
    fs,
    num::NonZeroU32,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use headrace_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, DescribeClusterRequest,
    DescribeClusterResponse, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    alter_user_scram_credentials_request::{ScramCredentialDeletion, ScramCredentialUpsertion},
    describe_user_scram_credentials_request::UserName,
};
use ring::pbkdf2;
use sasl::{Hash, SHA_256, SHA_512, ScramClient, Signer};
use serde_json::{Value, json};
use support::{Broker, Client};

const REFUSED: i16 = 58;

/// A broker that knows `hk_one` by every mechanism, and tokens of this signer.
fn broker(signer: &Signer) -> Broker {
    broker_with(signer, |_| ())
}

/// As [`broker`], with another configuration.
fn broker_with(signer: &Signer, change: impl FnOnce(&mut Value)) -> Broker {
    Broker::with_logins(|config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
        let file = sasl::credentials_file(&[sasl::credential("hk_one", "secret-one")]);
        fs::write(directory.join("credentials.json"), file.to_string()).unwrap();
        fs::write(directory.join("token-keys.json"), json!({"keys": [signer.jwk()]}).to_string()).unwrap();
        config["cluster_id"] = json!(sasl::CLUSTER);
        config["tokens"] =
            json!({"jwks_file": "token-keys.json", "issuer": sasl::ISSUER, "clock_skew_seconds": 30});
        change(config);
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

#[test]
fn the_super_user_comes_in_by_the_internal_listener_alone() {
    let signer = Signer::new("k1");
    let token = signer.token(&claims("control-plane", 60));
    let internal = json!({
        "name": "internal", "protocol": "SASL_PLAINTEXT", "bind": "127.0.0.1:0", "advertised": "localhost:9092", "internal": true
    });
    let at = |internal_first: bool| {
        broker_with(&signer, |config| {
            let listeners = config["listeners"].as_array_mut().unwrap();
            listeners.insert(usize::from(!internal_first), internal.clone());
        })
    };
    let outside = at(false);
    assert_eq!(present(&mut outside.connect(), &token).0, REFUSED);
    let member = signer.token(&claims("u_1", 60));
    assert_eq!(present(&mut outside.connect(), &member).0, 0);
    // Inside it gets in, even where the cluster is suspended; others do not.
    let inside = at(true);
    let file = inside.data_dir.path().join("credentials.json");
    let mut content: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    content["access"] = json!("suspended");
    fs::write(&file, content.to_string()).unwrap();
    assert_eq!(inside.admin("POST", "/v1/credentials:reload").0, 200);
    let mut client = inside.connect();
    assert_eq!(present(&mut client, &token).0, 0);
    assert!(serves(&mut client));
    assert_eq!(present(&mut inside.connect(), &member).0, REFUSED);
}

const SALT: &[u8] = b"a salt of 20 bytes..";
const USER_ITERATIONS: i32 = 4096;
const SHA_256_CODE: i8 = 1;
const SHA_512_CODE: i8 = 2;

fn upsertion(name: &str, password: &str) -> ScramCredentialUpsertion<'static> {
    let mut salted = [0; 32];
    let iterations = NonZeroU32::new(USER_ITERATIONS.unsigned_abs()).unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, SALT, password.as_bytes(), &mut salted);
    ScramCredentialUpsertion {
        name: name.to_owned().into(),
        mechanism: SHA_256_CODE,
        iterations: USER_ITERATIONS,
        salt: SALT.into(),
        salted_password: salted.to_vec().into(),
    }
}

fn deletion(name: &str, mechanism: i8) -> ScramCredentialDeletion<'static> {
    ScramCredentialDeletion { name: name.to_owned().into(), mechanism }
}

/// Error codes and messages by user.
fn alter(
    client: &mut Client,
    upsertions: Vec<ScramCredentialUpsertion<'static>>,
    deletions: Vec<ScramCredentialDeletion<'static>>,
) -> Vec<(String, i16)> {
    let id = client.request(&AlterUserScramCredentialsRequest { deletions, upsertions }, 0);
    let response: AlterUserScramCredentialsResponse<'_> = client.response(id, 0);
    response.results.iter().map(|row| (row.user.to_string(), row.error_code)).collect()
}

/// A user, its error code, its mechanisms and their iterations.
type Described = (String, i16, Vec<(i8, i32)>);

/// Users with their error codes and iterations; of all users where none is asked for.
fn describe(client: &mut Client, users: &[&str]) -> Vec<Described> {
    let names = users.iter().map(|name| UserName { name: (*name).to_owned().into() }).collect();
    let id = client.request(&DescribeUserScramCredentialsRequest { users: Some(names) }, 0);
    let response: DescribeUserScramCredentialsResponse<'_> = client.response(id, 0);
    assert_eq!(response.error_code, 0);
    let rows = response.results.iter().map(|row| {
        let logins = row.credential_infos.iter().map(|info| (info.mechanism, info.iterations)).collect();
        (row.user.to_string(), row.error_code, logins)
    });
    rows.collect()
}

fn keeper(broker: &Broker) -> Client {
    let mut client = broker.connect();
    assert_eq!(scram(&mut client, SHA_256, "hk_one", "secret-one").0, 0);
    client
}

fn user_login(broker: &Broker, password: &str) -> (Client, i16) {
    let mut client = broker.connect();
    assert_eq!(client.handshake("SCRAM-SHA-256", 1).error_code, 0);
    let login = ScramClient::new(SHA_256, "alice", password);
    let challenge = client.authenticate(login.first().as_bytes());
    let (last, _) = login.last(&challenge.auth_bytes);
    drop(challenge);
    let code = client.authenticate(last.as_bytes()).error_code;
    (client, code)
}

#[test]
fn users_are_made_changed_and_ended_over_kafka() {
    let broker = broker(&Signer::new("k1"));
    let mut keeper_client = keeper(&broker);
    let ok = vec![("alice".to_owned(), 0)];
    assert_eq!(user_login(&broker, "first").1, REFUSED);
    assert_eq!(alter(&mut keeper_client, vec![upsertion("alice", "first")], vec![]), ok);
    let (mut open, code) = user_login(&broker, "first");
    assert_eq!(code, 0);
    assert!(serves(&mut open));
    assert_eq!(
        describe(&mut keeper_client, &[]),
        [("alice".to_owned(), 0, vec![(SHA_256_CODE, USER_ITERATIONS)])]
    );
    assert_eq!(alter(&mut keeper_client, vec![upsertion("alice", "second")], vec![]), ok);
    assert_eq!(user_login(&broker, "first").1, REFUSED);
    // A kill keeps them, and so does a reload of the API keys.
    let broker = Broker::again(broker.kill());
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
    let (mut open, code) = user_login(&broker, "second");
    assert_eq!(code, 0);
    let mut keeper_client = keeper(&broker);
    assert_eq!(alter(&mut keeper_client, vec![], vec![deletion("alice", SHA_256_CODE)]), ok);
    open.assert_closed();
    assert_eq!(user_login(&broker, "second").1, REFUSED);
    assert_eq!(describe(&mut keeper_client, &[]), []);
}

#[test]
fn api_keys_are_neither_shown_nor_changed_as_users() {
    let broker = broker(&Signer::new("k1"));
    let mut client = keeper(&broker);
    let unacceptable = |name: &str| vec![(name.to_owned(), 93)];
    for name in ["hk_one", "hk_another", "u_1", "control-plane"] {
        assert_eq!(alter(&mut client, vec![upsertion(name, "mine")], vec![]), unacceptable(name));
        assert_eq!(alter(&mut client, vec![], vec![deletion(name, SHA_256_CODE)]), unacceptable(name));
    }
    assert_eq!(describe(&mut client, &["hk_one"]), [("hk_one".to_owned(), 91, vec![])]);
    assert_eq!(describe(&mut client, &[]), []);
    assert_eq!(scram(&mut broker.connect(), SHA_256, "hk_one", "secret-one").0, 0);
}

#[test]
fn each_user_has_one_result_and_all_or_nothing() {
    let broker = broker(&Signer::new("k1"));
    let mut client = keeper(&broker);
    let few = ScramCredentialUpsertion { iterations: 100, ..upsertion("bob", "b") };
    let twice = vec![upsertion("carol", "c"), upsertion("carol", "d"), upsertion("alice", "a"), few];
    let codes = alter(&mut client, twice, vec![deletion("dave", SHA_256_CODE), deletion("erin", 9)]);
    let expected = [("alice", 0), ("bob", 93), ("carol", 92), ("dave", 91), ("erin", 33)];
    assert_eq!(codes, expected.map(|(name, code)| (name.to_owned(), code)));
    assert_eq!(describe(&mut client, &[]).len(), 1);
    let asked = describe(&mut client, &["alice", "bob", "bob"]);
    let expected = [("alice", 0), ("bob", 92), ("bob", 92)];
    assert_eq!(asked.iter().map(|row| (row.0.as_str(), row.1)).collect::<Vec<_>>(), expected,);
    assert_eq!(alter(&mut client, vec![], vec![deletion("alice", SHA_512_CODE)]), [("alice".to_owned(), 91)]);
}
