//! Clients that an organization's own issuer of tokens vouches for.

use std::{fs, path::Path, time::SystemTime};

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::{
    calls::metric,
    sasl::{self, Signer},
    secure_calls::{DENIED, Stream, allow_creating, connect, create, is_served, log_in},
    support::{Broker, credentials},
};

const REFUSED: i16 = 58;

/// A broker whose first listener knows clients of the issuer, and what it shows itself.
fn broker(keys: &[Value], change: impl FnOnce(&mut Value)) -> (Broker, CertificateDer<'static>) {
    let mut own = None;
    let broker = Broker::with_logins(|config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap()).to_owned();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(directory.join("broker.pem"), made.cert.pem()).unwrap();
        fs::write(directory.join("broker.key"), made.signing_key.serialize_pem()).unwrap();
        config["listeners"][0]["protocol"] = json!("SASL_SSL");
        config["listeners"][0]["logins"] = json!("issuer");
        config["tls"] = json!({"certificate_file": "broker.pem", "private_key_file": "broker.key"});
        own = Some(made.cert.der().clone());
        change(config);
        trust(&directory, 1, &sasl::oauth_issuer(keys));
    });
    (broker, own.unwrap())
}

/// Writes down whom the cluster trusts, beside an API key.
fn trust(data_dir: &Path, generation: u64, issuer: &Value) {
    credentials::write_open(
        data_dir,
        generation,
        &[("hk_one", "secret-one")],
        &json!({"oauth_issuer": issuer}),
    );
}

fn reload(broker: &Broker, generation: u64, issuer: &Value) {
    trust(broker.data_dir.path(), generation, issuer);
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
}

#[expect(clippy::disallowed_methods, reason = "tokens of this test are judged by the machine's clock")]
fn claims(subject: &str) -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut claims = sasl::issued_claims(subject);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 600);
    claims
}

fn present(broker: &Broker, own: &CertificateDer<'static>, token: &str) -> (Stream, i16) {
    let mut stream = connect(broker, own, None);
    let error = log_in(&mut stream, "OAUTHBEARER", &format!("n,,\x01auth=Bearer {token}\x01\x01"));
    (stream, error)
}

#[test]
fn a_client_of_the_issuer_may_do_what_rules_allow_its_name() {
    let signer = Signer::new("k1");
    let (broker, own) = broker(&[signer.jwk()], |_| ());
    let (mut alice, error) = present(&broker, &own, &signer.token(&claims("alice")));
    assert_eq!(error, 0);
    assert_eq!(create(&mut alice, "first"), Some(0));
    allow_creating(&mut alice, "User:oauth:alice");
    assert_eq!(create(&mut alice, "second"), Some(0));
    let (mut bob, error) = present(&broker, &own, &signer.token(&claims("bob")));
    assert_eq!((error, create(&mut bob, "third")), (0, Some(DENIED)));
}

#[test]
fn nobody_else_logs_in_where_the_issuer_vouches_and_the_issuer_vouches_nowhere_else() {
    let (signer, control_plane) = (Signer::new("k1"), Signer::new("c1"));
    let (broker, own) = broker(&[signer.jwk()], |config| {
        let directory = Path::new(config["data_dir"].as_str().unwrap());
        let keys = json!({"keys": [control_plane.jwk()]}).to_string();
        fs::write(directory.join("token-keys.json"), keys).unwrap();
        config["cluster_id"] = json!(sasl::CLUSTER);
        config["tokens"] = json!({"jwks_file": "token-keys.json", "issuer": sasl::ISSUER});
    });
    let mut stream = connect(&broker, &own, None);
    assert_eq!(log_in(&mut stream, "PLAIN", "\0hk_one\0secret-one"), 33, "no other mechanism is there");
    let mut own_claims = claims("hk_one");
    own_claims["iss"] = json!(sasl::ISSUER);
    own_claims["aud"] = json!(sasl::CLUSTER);
    own_claims["jti"] = json!("tok_1");
    let (mut refused, error) = present(&broker, &own, &control_plane.token(&own_claims));
    assert_eq!(error, REFUSED, "a token of the control plane");
    assert!(!is_served(&mut refused));
}

#[test]
fn keys_change_without_ending_a_connection_and_another_trust_ends_it() {
    let (old, new) = (Signer::new("k1"), Signer::new("k2"));
    let (broker, own) = broker(&[old.jwk()], |_| ());
    let (mut open, error) = present(&broker, &own, &old.token(&claims("alice")));
    assert_eq!(error, 0);
    assert_eq!(present(&broker, &own, &new.token(&claims("alice"))).1, REFUSED);
    reload(&broker, 2, &sasl::oauth_issuer(&[new.jwk()]));
    assert!(is_served(&mut open));
    assert_eq!(present(&broker, &own, &new.token(&claims("alice"))).1, 0);
    assert_eq!(present(&broker, &own, &old.token(&claims("alice"))).1, REFUSED);
    let mut other = sasl::oauth_issuer(&[new.jwk()]);
    other["audience"] = json!("elsewhere");
    reload(&broker, 3, &other);
    assert!(!is_served(&mut open));
    assert_eq!(metric(&broker, r#"connections_closed_total{reason="credential_revoked"}"#), 1);
}

#[test]
fn outdated_keys_are_no_longer_good() {
    let signer = Signer::new("k1");
    let (broker, own) = broker(&[signer.jwk()], |_| ());
    let mut outdated = sasl::oauth_issuer(&[signer.jwk()]);
    outdated["keys_good_until_ms"] = json!(1);
    reload(&broker, 2, &outdated);
    assert_eq!(present(&broker, &own, &signer.token(&claims("alice"))).1, REFUSED);
}
