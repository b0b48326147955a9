//! What may be changed, by whom, and that it lasts.

use std::fs;

use headrace_protocol::messages::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, describe_client_quotas_request::ComponentData,
};

use crate::{
    calls::{alter, described, login, try_alter},
    support::{Broker, with_config},
};

const INVALID_REQUEST: i16 = 42;
const UNSUPPORTED_VERSION: i16 = 35;
const RATE: &str = "producer_byte_rate";

fn component(
    entity_type: &'static str,
    match_type: i8,
    name: Option<&'static str>,
) -> ComponentData<'static> {
    ComponentData { entity_type: entity_type.into(), match_type, r#match: name.map(Into::into) }
}

#[test]
fn quotas_survive_a_restart_and_a_kill() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    alter(&mut client, &[("user", Some("hk_one")), ("client-id", None)], RATE, Some(1024.0));
    alter(&mut client, &[("ip", Some("127.0.0.9"))], "connection_creation_rate", Some(7.0));
    let expected = [
        "user=hk_one client-id=<default> producer_byte_rate=1024",
        "ip=127.0.0.9 connection_creation_rate=7",
    ];
    assert_eq!(described(&mut client, vec![], false), expected);
    let broker = Broker::again(broker.kill());
    let mut client = login(&broker, "two");
    assert_eq!(described(&mut client, vec![], false), expected);
    alter(&mut client, &[("ip", Some("127.0.0.9"))], "connection_creation_rate", None);
    let broker = Broker::again(broker.stop());
    assert_eq!(described(&mut login(&broker, "one"), vec![], false), expected[..1]);
}

#[test]
fn filters_mean_what_they_mean_in_kafka() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    let all: [&[(&str, Option<&str>)]; 4] = [
        &[("user", Some("ann"))],
        &[("user", None)],
        &[("user", Some("ann")), ("client-id", Some("app"))],
        &[("client-id", None)],
    ];
    for entity in all {
        alter(&mut client, entity, RATE, Some(1.0));
    }
    assert_eq!(described(&mut client, vec![component("user", 2, None)], false).len(), 3);
    assert_eq!(described(&mut client, vec![component("user", 2, None)], true).len(), 2);
    assert_eq!(described(&mut client, vec![component("user", 0, Some("ann"))], false).len(), 2);
    assert_eq!(described(&mut client, vec![component("client-id", 1, None)], true).len(), 1);
    for (bad, error) in [
        (vec![component("group", 2, None)], UNSUPPORTED_VERSION),
        (vec![component("user", 2, None), component("user", 1, None)], INVALID_REQUEST),
        (vec![component("ip", 2, None), component("user", 2, None)], INVALID_REQUEST),
        (vec![component("user", 0, None)], INVALID_REQUEST),
        (vec![component("user", 2, Some("ann"))], INVALID_REQUEST),
        (vec![component("user", 7, None)], INVALID_REQUEST),
    ] {
        let id = client.request(&DescribeClientQuotasRequest { components: bad, strict: false }, 0);
        let response: DescribeClientQuotasResponse<'_> = client.response(id, 0);
        assert_eq!((response.error_code, response.entries), (error, None));
    }
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    let user: &[(&str, Option<&str>)] = &[("user", Some("ann"))];
    for (entity, key, value, part) in [
        (&[][..], RATE, 1.0, "empty"),
        (&[("group", None)], RATE, 1.0, "user, client-id or ip"),
        (&[("ip", Some("nowhere"))], "connection_creation_rate", 1.0, "address"),
        (user, "surprise", 1.0, "surprise"),
        (user, "connection_creation_rate", 1.0, "connection_creation_rate"),
        (user, RATE, 0.0, "greater than 0"),
        (user, RATE, 1.5, "whole number"),
        (user, RATE, f64::NAN, "greater than 0"),
    ] {
        let (code, message) = try_alter(&mut client, entity, &[(key, Some(value))], false);
        assert_eq!(code, INVALID_REQUEST, "{entity:?} {key} {value}");
        assert!(message.contains(part), "{message}");
    }
    // One bad part keeps the good one out, and a check alone changes nothing.
    let both = [(RATE, Some(1.0)), ("request_percentage", Some(-1.0))];
    assert_eq!(try_alter(&mut client, user, &both, false).0, INVALID_REQUEST);
    assert_eq!(try_alter(&mut client, user, &[(RATE, Some(1.0))], true).0, 0);
    assert_eq!(described(&mut client, vec![], false), Vec::<String>::new());
}

#[test]
fn a_damaged_file_keeps_the_broker_from_starting() {
    let broker = Broker::with_logins(|_| ());
    alter(&mut login(&broker, "one"), &[("user", None)], RATE, Some(1.0));
    let data_dir = broker.stop();
    let path = data_dir.path().join("quotas");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let output = with_config(data_dir.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("quotas_file_damaged"));
}
