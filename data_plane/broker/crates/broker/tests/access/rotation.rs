//! A key's secret is changed while its clients go on: two secrets work, then one.

use std::fs;

use serde_json::Value;

use crate::{
    calls::{is_served, metric},
    sasl::{self, Hash, SHA_256, SHA_512, ScramClient},
    support::{Broker, Client},
};

const REFUSED: i16 = 58;
const OLD: &str = "secret-old";
const NEW: &str = "secret-new";

fn put(broker: &Broker, generation: u64, key: Value) {
    let mut file = sasl::credentials_file(&[key]);
    file["generation"] = generation.into();
    fs::write(broker.data_dir.path().join("credentials.json"), file.to_string()).unwrap();
    assert_eq!(broker.admin("POST", "/v1/credentials:reload").0, 200);
}

fn by_scram(broker: &Broker, hash: Hash, secret: &str) -> (Client, i16) {
    let mut client = broker.connect();
    assert_eq!(client.handshake(hash.mechanism, 1).error_code, 0);
    let login = ScramClient::new(hash, "hk_key", secret);
    let challenge = client.authenticate(login.first().as_bytes());
    let (last, expected) = login.last(&challenge.auth_bytes);
    let answer = client.authenticate(last.as_bytes());
    let error = answer.error_code;
    assert_eq!(
        error == 0,
        answer.auth_bytes == expected.as_bytes(),
        "the server proves that it knows this secret"
    );
    drop(answer);
    (client, error)
}

fn by_plain(broker: &Broker, secret: &str) -> (Client, i16) {
    let mut client = broker.connect();
    let error = client.login("hk_key", secret);
    (client, error)
}

/// A login by each mechanism.
fn logins(broker: &Broker, secret: &str) -> Vec<(Client, i16)> {
    vec![by_plain(broker, secret), by_scram(broker, SHA_256, secret), by_scram(broker, SHA_512, secret)]
}

fn assert_refused(broker: &Broker, secret: &str) {
    assert!(logins(broker, secret).iter().all(|(_, error)| *error == REFUSED), "{secret}");
}

fn assert_taken(broker: &Broker, secret: &str) -> Vec<Client> {
    let logins = logins(broker, secret);
    assert!(logins.iter().all(|(_, error)| *error == 0), "{secret}");
    logins.into_iter().map(|(client, _)| client).collect()
}

#[test]
fn both_secrets_work_until_the_one_before_ends_and_takes_its_connections_along() {
    let broker = Broker::with_logins(|_| ());
    put(&broker, 2, sasl::credential("hk_key", OLD));
    let mut before = assert_taken(&broker, OLD);
    assert_refused(&broker, NEW);
    put(&broker, 3, sasl::rotated("hk_key", OLD, NEW));
    assert!(before.iter_mut().all(is_served), "who was there goes on");
    let (mut late, mut fresh) = (assert_taken(&broker, OLD), assert_taken(&broker, NEW));
    assert!(late.iter_mut().chain(&mut fresh).all(is_served));
    put(&broker, 4, sasl::credential("hk_key", NEW));
    before.iter_mut().chain(&mut late).for_each(Client::assert_closed);
    assert!(fresh.iter_mut().all(is_served));
    assert_eq!(metric(&broker, "connections_closed_total{reason=\"credential_revoked\"}"), 6);
    assert_refused(&broker, OLD);
    assert!(assert_taken(&broker, NEW).iter_mut().all(is_served));
}

#[test]
fn a_secret_that_is_replaced_at_once_ends_at_once() {
    let broker = Broker::with_logins(|_| ());
    put(&broker, 2, sasl::credential("hk_key", OLD));
    let mut before = assert_taken(&broker, OLD);
    put(&broker, 3, sasl::credential("hk_key", NEW));
    before.iter_mut().for_each(Client::assert_closed);
    assert_refused(&broker, OLD);
}
