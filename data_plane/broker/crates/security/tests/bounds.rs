//! Bounds of API keys.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_security::{
    Bounds, Credentials, CredentialsError, DecoyKey,
    acls::{AclOperation, AclResourceType},
};
use serde_json::{Value, json};

const READ: AclOperation = AclOperation::Read;
const WRITE: AclOperation = AclOperation::Write;
const DESCRIBE: AclOperation = AclOperation::Describe;
const TOPIC: AclResourceType = AclResourceType::Topic;

#[test]
fn topics_are_bound_by_their_beginnings() {
    let bounds = Bounds::new(&["orders-"], &["audit"]);
    for (operation, name, expected) in [
        (READ, "orders-eu", true),
        (READ, "orders", false),
        (READ, "audit", false),
        (WRITE, "audit-log", true),
        (WRITE, "orders-eu", false),
        (DESCRIBE, "orders-eu", true),
        (DESCRIBE, "audit", true),
        (DESCRIBE, "secrets", false),
        (AclOperation::Delete, "orders-eu", false),
        (AclOperation::Create, "audit", false),
        (AclOperation::AlterConfigs, "audit", false),
    ] {
        assert_eq!(bounds.allow(operation, TOPIC, name), expected, "{operation:?} {name}");
    }
    assert!(Bounds::new(&["*"], &[]).allow(READ, TOPIC, "anything"));
    assert!(!Bounds::new(&["*"], &[]).allow(WRITE, TOPIC, "anything"));
}

#[test]
fn what_follows_from_topics_is_inside_and_nothing_else() {
    let (reader, writer) = (Bounds::new(&["a"], &[]), Bounds::new(&[], &["a"]));
    let group = AclResourceType::Group;
    assert!(reader.allow(READ, group, "any") && !writer.allow(READ, group, "any"));
    assert!(!reader.allow(AclOperation::Delete, group, "any"));
    let transactional_id = AclResourceType::TransactionalId;
    assert!(writer.allow(WRITE, transactional_id, "any") && !reader.allow(WRITE, transactional_id, "any"));
    let cluster = AclResourceType::Cluster;
    assert!(writer.allow(AclOperation::IdempotentWrite, cluster, "kafka-cluster"));
    for operation in [AclOperation::Alter, AclOperation::Create, DESCRIBE, AclOperation::AlterConfigs] {
        assert!(!writer.allow(operation, cluster, "kafka-cluster"), "{operation:?}");
        assert!(!writer.allow_somewhere(operation, cluster), "{operation:?}");
    }
    assert!(writer.allow_somewhere(WRITE, TOPIC) && !reader.allow_somewhere(WRITE, TOPIC));
}

#[test]
fn a_key_without_bounds_in_them_may_do_nothing() {
    let none = Bounds::default();
    for operation in [READ, WRITE, DESCRIBE] {
        assert!(!none.allow(operation, TOPIC, "a") && !none.allow_somewhere(operation, TOPIC));
    }
}

fn parsed(bounds: Value) -> Result<Credentials, CredentialsError> {
    let mut credential = support::credential("hk_1", "one");
    credential["bounds"] = bounds;
    let file = support::credentials_file(&[credential]).to_string();
    Credentials::parse(file.as_bytes(), DecoyKey::new([1; 32]))
}

#[test]
fn bounds_of_a_file_are_checked() {
    let of = |count: usize| vec!["a"; count];
    assert!(parsed(Value::Null).is_ok());
    assert!(parsed(json!({"read": of(50), "write": ["b".repeat(249)]})).is_ok());
    assert!(parsed(json!({"read": of(51)})).is_err());
    assert!(parsed(json!({"write": ["b".repeat(250)]})).is_err());
    assert!(parsed(json!({"read": [""]})).is_err());
    assert!(parsed(json!({"delete": ["a"]})).is_err());
}
