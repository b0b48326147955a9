//! Access rules against a model that looks at every rule, one after the other.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::net::IpAddr;

use headrace_security::acls::{
    ANONYMOUS, Acl, AclFilter, AclFormatError, AclOperation, AclPermission, AclProblem, AclResourceType,
    AclSet, Asker, CLUSTER_NAME, Host, PatternFilter, PatternType, SUPER_USER,
};
use headrace_security::limits::{ACL_NAME_BYTES_MAX, ACL_PRINCIPAL_BYTES_MAX, ACLS_MAX};
use proptest::prelude::*;
use proptest::sample::select;

const HERE: &str = "192.0.2.1";
const THERE: &str = "2001:db8::1";
const PRINCIPALS: [&str; 3] = ["User:one", "User:two", "User:*"];
const NAMES: [&str; 8] = ["a", "ab", "abé", "aé", "b", "ba", "é", "*"];
const TYPES: [AclResourceType; 2] = [AclResourceType::Topic, AclResourceType::Group];

/// The model: Kafka's rules, read from its documentation, over a plain list.
mod model {
    use super::{Acl, AclOperation, AclPermission, AclResourceType, Host, IpAddr, PatternType};

    fn is_about(acl: &Acl, kind: AclResourceType, name: &str) -> bool {
        acl.resource_type == kind
            && match acl.pattern {
                PatternType::Literal => acl.name == name || acl.name == "*",
                PatternType::Prefixed => name.starts_with(&acl.name),
            }
    }

    fn speaks_of(acl: &Acl, principal: &str, host: IpAddr) -> bool {
        (acl.principal == principal || acl.principal == "User:*")
            && (acl.host == Host::Any || acl.host == Host::Address(host))
    }

    fn allowing(wanted: AclOperation) -> Vec<AclOperation> {
        use AclOperation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
        match wanted {
            Describe => vec![All, Describe, Read, Write, Delete, Alter],
            DescribeConfigs => vec![All, DescribeConfigs, AlterConfigs],
            other => vec![All, other],
        }
    }

    pub(super) fn permits(
        acls: &[Acl],
        (principal, host): (&str, IpAddr),
        operation: AclOperation,
        kind: AclResourceType,
        name: &str,
    ) -> bool {
        let about: Vec<&Acl> = acls.iter().filter(|acl| is_about(acl, kind, name)).collect();
        if about.is_empty() {
            return true;
        }
        let says = |permission, operations: &[AclOperation]| {
            about.iter().any(|acl| {
                acl.permission == permission
                    && operations.contains(&acl.operation)
                    && speaks_of(acl, principal, host)
            })
        };
        let denied = says(AclPermission::Deny, &[AclOperation::All, operation]);
        !denied && says(AclPermission::Allow, &allowing(operation))
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn acl() -> impl Strategy<Value = Acl> {
    let hosts = vec![Host::Any, Host::Address(address(HERE)), Host::Address(address(THERE))];
    (
        select(&TYPES[..]),
        select(PatternType::ALL),
        select(&NAMES[..]),
        select(&PRINCIPALS[..]),
        select(hosts),
        select(AclOperation::ALL),
        select(AclPermission::ALL),
    )
        .prop_map(|(resource_type, pattern, name, principal, host, operation, permission)| Acl {
            resource_type,
            pattern,
            name: name.to_owned(),
            principal: principal.to_owned(),
            host,
            operation,
            permission,
        })
}

fn set_of(acls: &[Acl]) -> AclSet {
    let mut set = AclSet::default();
    for acl in acls {
        set.insert(acl);
    }
    set
}

/// Every name that rules could tell apart: of their letters, and with one that no rule has.
fn names() -> Vec<String> {
    let mut names = vec![String::new()];
    let mut all = vec!["*".to_owned()];
    for _ in 0..4 {
        let longer =
            names.iter().flat_map(|name| ["a", "b", "é", "z"].map(|letter| format!("{name}{letter}")));
        names = longer.collect();
        all.extend(names.iter().cloned());
    }
    all
}

fn operations() -> impl Iterator<Item = AclOperation> {
    AclOperation::ALL.iter().copied().filter(|operation| *operation != AclOperation::All)
}

fn rule(name: &str, pattern: PatternType, operation: AclOperation, permission: AclPermission) -> Acl {
    Acl {
        resource_type: AclResourceType::Topic,
        pattern,
        name: name.to_owned(),
        principal: "User:one".to_owned(),
        host: Host::Any,
        operation,
        permission,
    }
}

proptest! {
    #[test]
    fn decisions_are_those_of_the_model(acls in prop::collection::vec(acl(), 0..12)) {
        let set = set_of(&acls);
        for principal in ["User:one", "User:two", "User:three"] {
            for host in [HERE, THERE] {
                let asker = Asker { principal, host: address(host) };
                for operation in operations() {
                    for name in NAMES.into_iter().chain(["abc", "abéb", "z"]) {
                        let expected = model::permits(
                            &acls, (principal, asker.host), operation, AclResourceType::Topic, name,
                        );
                        let decided = set.permits(&asker, operation, AclResourceType::Topic, name);
                        prop_assert_eq!(decided, expected, "{} {:?} {}", principal, operation, name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_right_somewhere_is_a_right_to_some_name(acls in prop::collection::vec(acl(), 0..8)) {
        let set = set_of(&acls);
        let asker = Asker { principal: "User:one", host: address(HERE) };
        for operation in [AclOperation::Write, AclOperation::Describe] {
            let expected = names().iter().any(|name| {
                model::permits(&acls, (asker.principal, asker.host), operation, AclResourceType::Topic, name)
            });
            prop_assert_eq!(set.permits_somewhere(&asker, operation, AclResourceType::Topic), expected);
        }
    }

    #[test]
    fn rules_come_and_go_and_survive_their_file(
        added in prop::collection::vec(acl(), 0..20), removed in prop::collection::vec(acl(), 0..20),
    ) {
        let mut set = set_of(&added);
        for acl in &removed {
            set.remove(acl);
        }
        let mut expected: Vec<Acl> = added.into_iter().filter(|acl| !removed.contains(acl)).collect();
        expected.sort();
        expected.dedup();
        prop_assert_eq!(set.len(), expected.len());
        prop_assert_eq!(set.is_empty(), expected.is_empty());
        prop_assert!(expected.iter().all(|acl| set.contains(acl)));
        prop_assert_eq!(set.iter().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(&set, &set_of(&expected), "nothing is left of what was removed");
        prop_assert_eq!(AclSet::decode(&set.encode().unwrap()).unwrap(), set);
    }

    #[test]
    fn a_filter_by_match_finds_what_decides(acls in prop::collection::vec(acl(), 0..12), name in select(&NAMES[..])) {
        let set = set_of(&acls);
        let filter = AclFilter {
            resource_type: Some(AclResourceType::Topic),
            pattern: PatternFilter::Match,
            name: Some(name.to_owned()),
            principal: None,
            host: None,
            operation: None,
            permission: None,
        };
        let only = set_of(&set.matching(&filter));
        let asker = Asker { principal: "User:one", host: address(HERE) };
        for operation in operations() {
            prop_assert_eq!(
                only.permits(&asker, operation, AclResourceType::Topic, name),
                set.permits(&asker, operation, AclResourceType::Topic, name)
            );
        }
    }
}

#[test]
fn a_filter_means_exactly_what_it_says() {
    let literal = rule("ab", PatternType::Literal, AclOperation::Read, AclPermission::Allow);
    let prefixed = rule("a", PatternType::Prefixed, AclOperation::Write, AclPermission::Deny);
    let everything = Acl {
        name: "*".into(),
        host: Host::parse("::ffff:192.0.2.1").unwrap(),
        principal: "User:*".into(),
        ..rule("", PatternType::Literal, AclOperation::All, AclPermission::Allow)
    };
    let set = set_of(&[literal.clone(), prefixed.clone(), everything.clone()]);
    let any = AclFilter {
        resource_type: None,
        pattern: PatternFilter::Any,
        name: None,
        principal: None,
        host: None,
        operation: None,
        permission: None,
    };
    let name = |name: &str| Some(name.to_owned());
    let found = |filter: AclFilter| set.matching(&filter);
    assert_eq!(found(any.clone()).len(), 3);
    assert_eq!(found(AclFilter { name: name("a"), ..any.clone() }), vec![prefixed.clone()]);
    let about_ab = AclFilter { pattern: PatternFilter::Match, name: name("ab"), ..any.clone() };
    assert_eq!(found(about_ab.clone()), [everything.clone(), literal.clone(), prefixed.clone()]);
    let literals = AclFilter { pattern: PatternFilter::Is(PatternType::Literal), ..any.clone() };
    assert_eq!(found(literals.clone()), [everything.clone(), literal.clone()]);
    let by_prefix =
        AclFilter { pattern: PatternFilter::Is(PatternType::Prefixed), name: name("ab"), ..any.clone() };
    assert_eq!(found(by_prefix.clone()), []);
    assert_eq!(found(AclFilter { principal: name("User:*"), ..any.clone() }), vec![everything.clone()]);
    assert_eq!(found(AclFilter { host: name("192.0.2.1"), ..any.clone() }), vec![everything]);
    assert_eq!(found(AclFilter { host: name("nowhere"), ..any.clone() }), []);
    assert_eq!(found(AclFilter { operation: Some(AclOperation::Read), ..any.clone() }), vec![literal]);
    assert_eq!(found(AclFilter { permission: Some(AclPermission::Deny), ..any.clone() }), vec![prefixed]);
    assert_eq!(found(AclFilter { resource_type: Some(AclResourceType::User), ..any }), []);
}

#[test]
fn no_rule_binds_the_control_plane() {
    let mut deny = rule("*", PatternType::Literal, AclOperation::All, AclPermission::Deny);
    deny.principal = "User:*".into();
    let set = set_of(&[deny]);
    let may = |principal| {
        let asker = Asker { principal, host: address(HERE) };
        (
            set.permits(&asker, AclOperation::Read, AclResourceType::Topic, "orders"),
            set.permits_somewhere(&asker, AclOperation::Write, AclResourceType::Topic),
        )
    };
    assert_eq!(may(SUPER_USER), (true, true));
    assert_eq!(may("User:one"), (false, false));
}

#[test]
fn rules_that_can_never_hold_are_refused() {
    let good = rule("orders", PatternType::Literal, AclOperation::Read, AclPermission::Allow);
    let refused = |change: fn(&mut Acl)| {
        let mut acl = good.clone();
        change(&mut acl);
        acl.check().unwrap_err()
    };
    assert_eq!(good.check(), Ok(()));
    assert_eq!(refused(|acl| acl.name.clear()), AclProblem::NameEmpty);
    assert_eq!(
        refused(|acl| acl.name = "n".repeat(ACL_NAME_BYTES_MAX + 1)),
        AclProblem::NameTooLong(ACL_NAME_BYTES_MAX + 1)
    );
    assert_eq!(refused(|acl| acl.resource_type = AclResourceType::DelegationToken), AclProblem::ResourceType);
    assert_eq!(refused(|acl| acl.resource_type = AclResourceType::User), AclProblem::ResourceType);
    assert_eq!(refused(|acl| acl.resource_type = AclResourceType::Cluster), AclProblem::ClusterName);
    for principal in ["one", "Group:one", "User:", ""] {
        let acl = Acl { principal: principal.into(), ..good.clone() };
        assert_eq!(acl.check(), Err(AclProblem::Principal), "{principal}");
    }
    assert_eq!(
        refused(|acl| acl.principal = format!("User:{}", "n".repeat(ACL_PRINCIPAL_BYTES_MAX))),
        AclProblem::PrincipalTooLong(ACL_PRINCIPAL_BYTES_MAX + 5)
    );
    let longest = Acl {
        name: "n".repeat(ACL_NAME_BYTES_MAX),
        principal: format!("User:{}", "n".repeat(ACL_PRINCIPAL_BYTES_MAX - 5)),
        ..good.clone()
    };
    assert_eq!(longest.check(), Ok(()));
    let cluster = |pattern| Acl {
        resource_type: AclResourceType::Cluster,
        name: CLUSTER_NAME.into(),
        ..rule("", pattern, AclOperation::Alter, AclPermission::Allow)
    };
    assert_eq!(cluster(PatternType::Literal).check(), Ok(()));
    assert_eq!(cluster(PatternType::Prefixed).check(), Err(AclProblem::ClusterName));
    assert_eq!(Host::parse("localhost"), Err(AclProblem::Host));
}

#[test]
fn a_file_of_nonsense_is_refused() {
    let rules = |count: usize| {
        let acl = |number| {
            rule(&format!("n{number}"), PatternType::Literal, AclOperation::Read, AclPermission::Allow)
        };
        set_of(&(0..count).map(acl).collect::<Vec<_>>()).encode().unwrap()
    };
    assert_eq!(AclSet::decode(&rules(ACLS_MAX)).unwrap().len(), ACLS_MAX);
    assert!(matches!(AclSet::decode(&rules(ACLS_MAX + 1)), Err(AclFormatError::TooMany(_))));
    assert!(matches!(AclSet::decode(b"{}"), Err(AclFormatError::Json(_))));
    let unchecked = set_of(&[rule("", PatternType::Literal, AclOperation::Read, AclPermission::Allow)]);
    let decoded = AclSet::decode(&unchecked.encode().unwrap());
    assert!(matches!(decoded, Err(AclFormatError::Rule { index: 0, problem: AclProblem::NameEmpty })));
}

#[test]
fn who_has_not_said_who_it_is_may_do_what_rules_allow_and_nothing_else() {
    let rule = |principal: &str, name: &str| Acl {
        resource_type: AclResourceType::Topic,
        pattern: PatternType::Literal,
        name: name.to_owned(),
        principal: principal.to_owned(),
        host: Host::Any,
        operation: AclOperation::Read,
        permission: AclPermission::Allow,
    };
    let stranger = Asker { principal: ANONYMOUS, host: HERE.parse().unwrap() };
    let known = Asker { principal: "User:one", ..stranger };
    let topic = AclResourceType::Topic;
    let mut rules = AclSet::default();
    for operation in [AclOperation::Read, AclOperation::Describe] {
        assert!(rules.permits(&known, operation, topic, "a"));
        assert!(!rules.permits(&stranger, operation, topic, "a"), "nothing is open to strangers");
        assert!(rules.permits_somewhere(&known, operation, topic));
        assert!(!rules.permits_somewhere(&stranger, operation, topic));
    }
    rules.insert(&rule("User:one", "b"));
    assert!(!rules.permits(&stranger, AclOperation::Read, topic, "a"));
    assert!(!rules.permits_somewhere(&stranger, AclOperation::Read, topic));
    rules.insert(&rule(ANONYMOUS, "a"));
    rules.insert(&rule("User:*", "c"));
    assert!(rules.permits(&stranger, AclOperation::Read, topic, "a"));
    assert!(rules.permits(&stranger, AclOperation::Describe, topic, "c"), "everyone is everyone");
    assert!(!rules.permits(&stranger, AclOperation::Read, topic, "b"));
    assert!(!rules.permits(&stranger, AclOperation::Write, topic, "a"));
    assert!(rules.permits_somewhere(&stranger, AclOperation::Read, topic));
    assert!(!rules.permits_somewhere(&stranger, AclOperation::Write, topic));
}
