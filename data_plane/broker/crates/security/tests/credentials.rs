//! The credentials file: what is taken, what is refused, and what a revocation does.

#![allow(clippy::expect_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_security::{Authenticated, Credentials, DecoyKey};
use serde_json::{Value, json};
use support::{credential, credentials, credentials_file, parse, rotated};

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut file = credentials_file(&[credential("hk_1", "secret")]);
    change(&mut file);
    parse(&file).expect_err("the file must be refused").to_string()
}

#[test]
fn a_good_file_is_taken() {
    let credentials = credentials(&[("hk_1", "one"), ("hk_2", "two")]);
    assert_eq!(credentials.generation(), 12);
    assert_eq!(credentials.len(), 2);
    assert!(credentials.contains("hk_2") && !credentials.contains("hk_3"));
}

#[test]
fn an_empty_list_is_a_good_file() {
    assert!(parse(&credentials_file(&[])).unwrap().is_empty());
}

#[test]
fn files_that_are_not_understood_are_refused() {
    assert!(with(|file| file["format"] = json!(2)).contains("format 2"));
    assert!(with(|file| file["surprise"] = json!(1)).contains("unknown field"));
    assert!(with(|file| file["credentials"][0]["role"] = json!("admin")).contains("unknown field"));
    assert!(with(|file| file["credentials"][0]["scram_sha_512"] = json!(null)).contains("not valid"));
    assert!(Credentials::parse(b"{\"format\": 1", DecoyKey::new([0; 32])).is_err());
}

#[test]
fn credentials_that_can_not_be_used_are_refused_by_their_place() {
    let entry = |name: &'static str, field: &'static str, value: Value| {
        with(move |file| file["credentials"][0][name][field] = value)
    };
    assert!(entry("plain", "salt", json!("AAAA")).contains("credential 0: salt is too short"));
    assert!(entry("plain", "hmac_sha256", json!("AAAA")).contains("wrong length"));
    assert!(entry("scram_sha_256", "iterations", json!(1)).contains("iterations"));
    assert!(entry("scram_sha_512", "stored_key", json!("not base64!")).contains("not base64"));
    assert!(with(|file| file["credentials"][0]["username"] = json!("")).contains("username"));
    assert!(
        with(|file| file["credentials"][0]["username"] = json!("a\u{0}b")).contains("control characters")
    );
    assert!(with(|file| file["credentials"][0]["principal"] = json!("hk_1")).contains("principal"));
    let twice = credentials_file(&[credential("hk_1", "a"), credential("hk_1", "b")]);
    assert!(
        parse(&twice)
            .expect_err("twice the same name")
            .to_string()
            .contains("credential 1: username occurs twice")
    );
}

#[test]
fn a_file_beyond_every_limit_is_refused_before_it_is_read() {
    let huge = vec![b' '; headrace_security::limits::CREDENTIALS_FILE_BYTES_MAX + 1];
    assert!(Credentials::parse(&huge, DecoyKey::new([0; 32])).unwrap_err().to_string().contains("at most"));
}

#[test]
fn an_identity_lasts_as_long_as_its_credential() {
    let identity = |id: Option<&str>| Authenticated {
        principal: "User:x".to_owned(),
        credential_id: id.map(str::to_owned),
        secret: None,
        bounds: None,
        expires_at_ms: None,
    };
    let left = credentials(&[("hk_1", "one")]);
    assert!(left.uphold(&identity(Some("hk_1"))));
    assert!(!left.uphold(&identity(Some("hk_2"))));
    assert!(left.uphold(&identity(None)));
}

#[test]
fn a_secret_before_that_can_not_be_used_is_refused() {
    let entry = |name: &'static str, field: &'static str, value: Value| {
        let mut file = credentials_file(&[rotated("hk_1", "old", "new")]);
        file["credentials"][0]["previous"][name][field] = value;
        parse(&file).expect_err("the file must be refused").to_string()
    };
    assert!(
        entry("plain", "hmac_sha256", json!("AAAA")).contains("credential 0: a hash has the wrong length")
    );
    assert!(entry("scram_sha_256", "stored_key", json!("AAAA")).contains("wrong length"));
    assert!(entry("scram_sha_512", "server_key", json!("!")).contains("not base64"));
    // It has no salt of its own: a client is challenged before it shows which of the two secrets it has.
    assert!(entry("scram_sha_512", "salt", json!("AAAAAAAAAAAAAAAAAAAAAA==")).contains("unknown field"));
    let mut none = credentials_file(&[credential("hk_1", "one")]);
    none["credentials"][0]["previous"] = json!(null);
    assert!(parse(&none).is_ok());
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let credentials = credentials(&[("hk_1", "one")]);
    let shown = format!("{credentials:?}");
    assert!(shown.contains("hk_1") && shown.contains("ScramVerifier(..)") && shown.contains("DecoyKey(..)"));
    assert!(!shown.contains('['), "no byte array is shown: {shown}");
}
