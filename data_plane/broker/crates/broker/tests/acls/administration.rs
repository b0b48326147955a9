//! Making, describing and deleting rules.

use headrace_protocol::messages::{DescribeAclsRequest, create_acls_request::AclCreation};

use crate::{
    rules::{
        ALL, ALLOW, ALTER, ANY, CLUSTER, CREATE, DENY, DESCRIBE, GROUP, LITERAL, MATCH, NEWEST, ONE,
        PREFIXED, READ, TOPIC, TRANSACTIONAL_ID, TWO, WRITE, anything, as_deletion, create, create_all,
        delete, describe, everything, login, prefixed, rule,
    },
    support::{Broker, with_config},
};

const CLUSTER_AUTHORIZATION_FAILED: i16 = 31;
const INVALID_REQUEST: i16 = 42;
const POLICY_VIOLATION: i16 = 44;
const SECURITY_DISABLED: i16 = 54;
/// As the broker's limits have them.
const ACLS_MAX: usize = 4_000;
const ACL_FILTERS_MAX: usize = 1_000;

#[test]
fn rules_are_made_described_and_deleted_in_every_version() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    for version in 1..=NEWEST {
        let made = vec![
            rule(TOPIC, "orders", TWO, READ, ALLOW),
            rule(TOPIC, "orders", TWO, WRITE, DENY),
            prefixed(rule(GROUP, "read", TWO, READ, ALLOW)),
        ];
        assert_eq!(create(&mut client, made.clone(), version), [0, 0, 0], "version {version}");
        assert_eq!(create(&mut client, made, version), [0, 0, 0], "what is there is no error");
        let expected =
            vec![(TOPIC, LITERAL, "orders".to_owned(), 2), (GROUP, PREFIXED, "read".to_owned(), 1)];
        assert_eq!(describe(&mut client, &anything(), version), (0, expected), "version {version}");
        let of_topics = DescribeAclsRequest { resource_type_filter: TOPIC, ..anything() };
        let filters = vec![as_deletion(&of_topics), as_deletion(&anything())];
        assert_eq!(
            delete(&mut client, filters, version),
            [(0, 2), (0, 3)],
            "what two filters mean is in both"
        );
        assert_eq!(describe(&mut client, &anything(), version), (0, vec![]), "version {version}");
    }
}

#[test]
fn every_kind_of_filter_is_answered() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    create_all(
        &mut client,
        vec![
            rule(TOPIC, "orders", TWO, READ, ALLOW),
            prefixed(rule(TOPIC, "ord", TWO, READ, ALLOW)),
            rule(TOPIC, "*", ONE, ALL, ALLOW),
            rule(TRANSACTIONAL_ID, "orders", TWO, WRITE, ALLOW),
        ],
    );
    let mut names = |filter: DescribeAclsRequest<'_>| {
        let (code, found) = describe(&mut client, &filter, NEWEST);
        (code, found.into_iter().map(|(_, _, name, _)| name).collect::<Vec<_>>().join(" "))
    };
    let found = |names: &str| (0, names.to_owned());
    let about = |pattern_type_filter| DescribeAclsRequest {
        resource_type_filter: TOPIC,
        resource_name_filter: Some("orders".into()),
        pattern_type_filter,
        ..anything()
    };
    assert_eq!(names(about(ANY)), found("orders"));
    assert_eq!(names(about(MATCH)), found("* orders ord"));
    assert_eq!(names(about(LITERAL)), found("orders"));
    assert_eq!(names(about(PREFIXED)), found(""));
    assert_eq!(
        names(DescribeAclsRequest { pattern_type_filter: MATCH, ..anything() }),
        found("* orders ord orders")
    );
    assert_eq!(names(DescribeAclsRequest { principal_filter: Some(ONE.into()), ..anything() }), found("*"));
    assert_eq!(names(DescribeAclsRequest { host_filter: Some("10.0.0.1".into()), ..anything() }), found(""));
    assert_eq!(names(DescribeAclsRequest { operation: WRITE, ..anything() }), found("orders"));
    assert_eq!(names(DescribeAclsRequest { permission_type: DENY, ..anything() }), found(""));
    // Delegation tokens and users, of which there are no rules, are asked for by tools all the same.
    let of_type = |resource_type_filter| DescribeAclsRequest { resource_type_filter, ..anything() };
    let by_type = [ANY, TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID, 6, 7].map(|kind| names(of_type(kind)));
    assert_eq!(
        by_type.map(|(code, names)| (code, names.len())),
        [19, 12, 0, 0, 6, 0, 0].map(|length| (0, length))
    );
    for unknown in [0, 8, -1] {
        assert_eq!(names(of_type(unknown)).0, INVALID_REQUEST);
        assert_eq!(
            names(DescribeAclsRequest { pattern_type_filter: unknown, ..anything() }).0,
            INVALID_REQUEST
        );
        assert_eq!(names(DescribeAclsRequest { permission_type: unknown, ..anything() }).0, INVALID_REQUEST);
    }
    assert_eq!(names(DescribeAclsRequest { operation: 16, ..anything() }).0, INVALID_REQUEST);
}

#[test]
fn each_rule_that_can_not_be_is_refused_alone() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    let good = || rule(TOPIC, "orders", TWO, READ, ALLOW);
    let bad: Vec<AclCreation<'_>> = vec![
        rule(6, "token", TWO, DESCRIBE, ALLOW),
        rule(7, TWO, TWO, DESCRIBE, ALLOW),
        rule(ANY, "orders", TWO, READ, ALLOW),
        rule(TOPIC, "", TWO, READ, ALLOW),
        rule(CLUSTER, "other", TWO, CREATE, ALLOW),
        rule(TOPIC, "orders", "hk_two", READ, ALLOW),
        rule(TOPIC, "orders", "Group:two", READ, ALLOW),
        rule(TOPIC, "orders", TWO, ANY, ALLOW),
        rule(TOPIC, "orders", TWO, 99, ALLOW),
        rule(TOPIC, "orders", TWO, READ, ANY),
        AclCreation { resource_pattern_type: MATCH, ..good() },
        AclCreation { resource_pattern_type: ANY, ..good() },
        AclCreation { host: "localhost".into(), ..good() },
    ];
    let mut codes = vec![INVALID_REQUEST; bad.len()];
    codes.push(0);
    let all = bad.into_iter().chain([good()]).collect();
    assert_eq!(create(&mut client, all, NEWEST), codes);
    assert_eq!(describe(&mut client, &anything(), NEWEST).1.len(), 1);
}

#[test]
fn rules_and_filters_have_limits() {
    let broker = Broker::with_logins(|_| ());
    let mut client = login(&broker, "one");
    let names: Vec<String> = (0..ACLS_MAX).map(|number| format!("topic-{number}")).collect();
    let all = |names: &'static str| rule(TOPIC, names, TWO, READ, ALLOW);
    let full: Vec<_> = names.iter().map(|name| rule(TOPIC, name, TWO, READ, ALLOW)).collect();
    let over = [full.clone(), vec![all("one-more")]].concat();
    assert!(create(&mut client, over, NEWEST).iter().all(|code| *code == POLICY_VIOLATION));
    create_all(&mut client, full);
    let codes = create(&mut client, vec![all("one-more"), all("topic-0")], NEWEST);
    assert_eq!(codes, [POLICY_VIOLATION, 0], "what is there needs no room");
    let about = |name: &str| {
        let filter = DescribeAclsRequest { resource_name_filter: Some(name.to_owned().into()), ..anything() };
        as_deletion(&filter)
    };
    let filters: Vec<_> = (0..ACL_FILTERS_MAX).map(|_| about("topic-1")).collect();
    let over = [filters.clone(), vec![about("topic-1")]].concat();
    assert!(delete(&mut client, over, NEWEST).iter().all(|result| *result == (INVALID_REQUEST, 0)));
    assert!(delete(&mut client, filters, NEWEST).iter().all(|result| *result == (0, 1)));
    assert_eq!(create(&mut client, vec![all("one-more")], NEWEST), [0]);
    let everything: Vec<_> = (0..3).map(|_| as_deletion(&anything())).collect();
    assert_eq!(delete(&mut client, everything, NEWEST), [(0, ACLS_MAX), (0, ACLS_MAX), (INVALID_REQUEST, 0)]);
}

#[test]
fn only_who_may_alter_the_cluster_keeps_its_rules() {
    let broker = Broker::with_logins(|_| ());
    let mut owner = login(&broker, "one");
    let mut other = login(&broker, "two");
    assert_eq!(create(&mut other, everything(ONE), NEWEST), [0; 4], "without rules everyone may make some");
    assert_eq!(create(&mut other, everything(TWO), NEWEST), [CLUSTER_AUTHORIZATION_FAILED; 4]);
    assert_eq!(describe(&mut other, &anything(), NEWEST), (CLUSTER_AUTHORIZATION_FAILED, vec![]));
    let filter = as_deletion(&anything());
    assert_eq!(delete(&mut other, vec![filter.clone()], NEWEST), [(CLUSTER_AUTHORIZATION_FAILED, 0)]);
    create_all(&mut owner, vec![rule(CLUSTER, "kafka-cluster", TWO, DESCRIBE, ALLOW)]);
    assert_eq!(describe(&mut other, &anything(), NEWEST).0, 0);
    create_all(&mut owner, vec![rule(CLUSTER, "kafka-cluster", TWO, ALTER, ALLOW)]);
    assert_eq!(delete(&mut other, vec![filter], NEWEST), [(0, 6)]);
}

#[test]
fn rules_survive_every_kind_of_stop() {
    let broker = Broker::with_logins(|_| ());
    create_all(&mut login(&broker, "one"), everything(ONE));
    let before = describe(&mut login(&broker, "one"), &anything(), NEWEST);
    let broker = Broker::again(broker.kill());
    assert_eq!(describe(&mut login(&broker, "one"), &anything(), NEWEST), before);
    let broker = Broker::again(broker.stop());
    assert_eq!(describe(&mut login(&broker, "one"), &anything(), NEWEST), before);
    assert_eq!(describe(&mut login(&broker, "two"), &anything(), NEWEST).0, CLUSTER_AUTHORIZATION_FAILED);
}

#[test]
fn a_broker_whose_rules_are_damaged_does_not_start() {
    let broker = Broker::with_logins(|_| ());
    create_all(&mut login(&broker, "one"), everything(ONE));
    let directory = broker.stop();
    let file = directory.path().join("acls");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let ended = with_config(directory.path()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert!(complaint.contains("acls_file_damaged"), "{complaint}");
}

#[test]
fn without_logins_there_are_no_rules() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for version in 1..=NEWEST {
        assert_eq!(create(&mut client, everything(ONE), version), [SECURITY_DISABLED; 4]);
        assert_eq!(describe(&mut client, &anything(), version), (SECURITY_DISABLED, vec![]));
        assert_eq!(delete(&mut client, vec![as_deletion(&anything())], version), [(SECURITY_DISABLED, 0)]);
    }
}
