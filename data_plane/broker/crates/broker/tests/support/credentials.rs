//! Credentials files.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::hmac;
use serde_json::{Value, json};

const SALT: &[u8] = b"sixteen bytes of";

/// Replaces the credentials file of a broker by one that holds these.
pub fn write(data_dir: &Path, generation: u64, users: &[(&str, &str)]) {
    write_open(data_dir, generation, users, &json!({}));
}

/// As [`write`], with how far the cluster is open.
pub fn write_open(data_dir: &Path, generation: u64, users: &[(&str, &str)], openness: &Value) {
    let credentials: Vec<Value> =
        users.iter().map(|(username, secret)| credential(username, secret)).collect();
    let mut file = json!({"format": 1, "generation": generation, "credentials": credentials});
    for (name, value) in openness.as_object().unwrap() {
        file[name] = value.clone();
    }
    fs::write(data_dir.join("credentials.json"), file.to_string()).unwrap();
}

fn credential(username: &str, secret: &str) -> Value {
    let base64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SALT), secret.as_bytes());
    let scram = |digest_bytes: usize| {
        let key = base64(&vec![7; digest_bytes]);
        json!({"salt": base64(SALT), "iterations": 8192, "stored_key": key, "server_key": key})
    };
    json!({
        "username": username,
        "principal": format!("User:{username}"),
        "plain": {"salt": base64(SALT), "hmac_sha256": base64(hash.as_ref())},
        "scram_sha_256": scram(32),
        "scram_sha_512": scram(64),
    })
}
