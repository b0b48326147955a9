//! Whose quota holds, what a bucket promises over any stretch of time, and what is bounded.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test that can not be set up has failed; values are exact"
)]

use std::time::Duration;

use headrace_quotas::{
    Allowance, Bucket, Entity, EntityProblem, FilterProblem, Ledger, Match, QuotaFilter, QuotaKey, QuotaSet,
    Subject, TooManyEntities, ValueProblem, limits,
};
use proptest::prelude::*;

const KEY: QuotaKey = QuotaKey::ProducerByteRate;

fn entity(parts: &[(&str, Option<&str>)]) -> Entity {
    Entity::parse(parts.iter().copied()).unwrap()
}

fn set_of(entities: &[(Entity, f64)]) -> QuotaSet {
    let mut set = QuotaSet::default();
    for (entity, rate) in entities {
        set.alter(entity, KEY, Some(*rate)).unwrap();
    }
    set
}

/// KIP-55's order, the strongest first.
fn precedence() -> Vec<(Entity, Subject)> {
    let both = || Subject::UserClient("ann".into(), "app".into());
    vec![
        (entity(&[("user", Some("ann")), ("client-id", Some("app"))]), both()),
        (entity(&[("user", Some("ann")), ("client-id", None)]), both()),
        (entity(&[("user", Some("ann"))]), Subject::User("ann".into())),
        (entity(&[("user", None), ("client-id", Some("app"))]), both()),
        (entity(&[("user", None), ("client-id", None)]), both()),
        (entity(&[("user", None)]), Subject::User("ann".into())),
        (entity(&[("client-id", Some("app"))]), Subject::Client("app".into())),
        (entity(&[("client-id", None)]), Subject::Client("app".into())),
    ]
}

#[test]
fn the_most_specific_quota_holds() {
    let order = precedence();
    for first in 0..order.len() {
        let rest: Vec<(Entity, f64)> = order[first..]
            .iter()
            .zip(1..)
            .map(|((entity, _), rate)| (entity.clone(), f64::from(rate)))
            .collect();
        let found = set_of(&rest).rate_of(KEY, "ann", "app").unwrap();
        assert_eq!(found, (order[first].1.clone(), 1.0), "{:?}", order[first].0);
    }
    assert_eq!(QuotaSet::default().rate_of(KEY, "ann", "app"), None);
    let others = [
        entity(&[("user", Some("bob"))]),
        entity(&[("user", Some("bob")), ("client-id", None)]),
        entity(&[("client-id", Some("other"))]),
        entity(&[("ip", None)]),
    ];
    assert_eq!(set_of(&others.map(|entity| (entity, 1.0))).rate_of(KEY, "ann", "app"), None);
}

#[test]
fn a_rate_that_an_entity_leaves_open_is_looked_for_further_on() {
    let mut set = set_of(&[(entity(&[("user", None)]), 5.0)]);
    set.alter(&entity(&[("user", Some("ann"))]), QuotaKey::ConsumerByteRate, Some(7.0)).unwrap();
    assert_eq!(set.rate_of(KEY, "ann", "app"), Some((Subject::User("ann".into()), 5.0)));
}

#[test]
fn addresses_have_their_own_and_one_default() {
    let mut set = QuotaSet::default();
    let key = QuotaKey::ConnectionCreationRate;
    set.alter(&entity(&[("ip", None)]), key, Some(3.0)).unwrap();
    set.alter(&entity(&[("ip", Some("127.0.0.2"))]), key, Some(9.0)).unwrap();
    assert_eq!(set.rate_of_address("127.0.0.1"), Some((Subject::Address("127.0.0.1".into()), 3.0)));
    assert_eq!(set.rate_of_address("127.0.0.2"), Some((Subject::Address("127.0.0.2".into()), 9.0)));
}

#[test]
fn what_is_no_entity_is_told_apart() {
    let problem = |parts: &[(&str, Option<&str>)]| Entity::parse(parts.iter().copied()).unwrap_err();
    let long = "x".repeat(limits::QUOTA_NAME_BYTES_MAX + 1);
    assert_eq!(problem(&[]), EntityProblem::Empty);
    assert_eq!(problem(&[("group", Some("a"))]), EntityProblem::Type);
    assert_eq!(problem(&[("user", Some("a")), ("user", None)]), EntityProblem::Repeated);
    assert_eq!(problem(&[("user", Some("a")), ("ip", None)]), EntityProblem::Combination);
    assert_eq!(problem(&[("user", Some(""))]), EntityProblem::Name);
    assert_eq!(problem(&[("user", Some(&long))]), EntityProblem::Name);
    assert_eq!(problem(&[("ip", Some("localhost"))]), EntityProblem::Address);
    assert!(Entity::parse([("user", Some(&long[1..]))]).is_ok());
    assert!(
        entity(&[("ip", None)]).has(QuotaKey::ConnectionCreationRate) && !entity(&[("ip", None)]).has(KEY)
    );
}

#[test]
fn values_follow_the_types_of_kafka() {
    for key in QuotaKey::ALL {
        assert_eq!(QuotaKey::named(key.name()), Some(key));
        for bad in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(key.check(bad), Err(ValueProblem::NotPositive(key)), "{bad}");
        }
        assert_eq!(key.check(f64::INFINITY), Err(ValueProblem::TooLarge(key)));
        assert_eq!(key.check(1.0), Ok(()));
    }
    assert_eq!(KEY.check(1.5), Err(ValueProblem::NotWhole(KEY)));
    assert_eq!(KEY.check(9.3e18), Err(ValueProblem::TooLarge(KEY)));
    assert_eq!(QuotaKey::RequestPercentage.check(0.5), Ok(()));
}

#[test]
fn filters_find_what_they_mean() {
    let all = precedence();
    let set = set_of(&all.iter().map(|(entity, _)| (entity.clone(), 1.0)).collect::<Vec<_>>());
    let found = |components: Vec<(&str, Match)>, strict| {
        set.matching(&QuotaFilter::new(components, strict).unwrap()).len()
    };
    assert_eq!(found(vec![], false), 8);
    assert_eq!(found(vec![], true), 0);
    assert_eq!(found(vec![("user", Match::Any)], false), 6);
    assert_eq!(found(vec![("user", Match::Any)], true), 2);
    assert_eq!(found(vec![("user", Match::Exact("ann".into()))], false), 3);
    assert_eq!(found(vec![("user", Match::Default), ("client-id", Match::Any)], true), 2);
    assert_eq!(found(vec![("ip", Match::Any)], false), 0);
    let problem = |components: Vec<(&str, Match)>| QuotaFilter::new(components, false).unwrap_err();
    assert_eq!(problem(vec![("group", Match::Any)]), FilterProblem::Type);
    assert_eq!(problem(vec![("user", Match::Any), ("user", Match::Default)]), FilterProblem::Repeated);
    assert_eq!(problem(vec![("ip", Match::Any), ("user", Match::Any)]), FilterProblem::Combination);
}

#[test]
fn sets_come_back_from_their_bytes_and_entities_go_with_their_last_rate() {
    let mut set = set_of(&precedence().into_iter().map(|(entity, _)| (entity, 4.0)).collect::<Vec<_>>());
    assert_eq!(QuotaSet::decode(&set.encode().unwrap()).unwrap(), set);
    for (entity, _) in precedence() {
        set.alter(&entity, KEY, None).unwrap();
    }
    assert!(set.is_empty());
    assert_eq!(set, QuotaSet::default());
    assert!(
        QuotaSet::decode(br#"[{"entity":{"User":"Default"},"rates":{"producer_byte_rate":0}}]"#).is_err()
    );
}

#[test]
fn entities_are_limited_and_rates_of_those_that_there_are_still_change() {
    let mut set = QuotaSet::default();
    for number in 0..limits::QUOTA_ENTITIES_MAX {
        set.alter(&entity(&[("user", Some(&number.to_string()))]), KEY, Some(1.0)).unwrap();
    }
    let one_more = entity(&[("client-id", Some("more"))]);
    assert_eq!(set.alter(&one_more, KEY, Some(1.0)), Err(TooManyEntities));
    assert_eq!(set.len(), limits::QUOTA_ENTITIES_MAX);
    set.alter(&entity(&[("user", Some("7"))]), KEY, Some(2.0)).unwrap();
    set.alter(&entity(&[("user", Some("8"))]), KEY, None).unwrap();
    set.alter(&one_more, KEY, Some(1.0)).unwrap();
}

#[test]
fn subjects_beyond_the_limit_share_a_bucket_and_rested_ones_are_forgotten() {
    let mut ledger = Ledger::default();
    let at = Duration::from_secs;
    let subject = |number: usize| Subject::Client(number.to_string());
    for number in 0..limits::QUOTA_BUCKETS_MAX {
        assert_eq!(ledger.spend(KEY, subject(number), 1.0, 1.0, at(0)), Duration::ZERO);
    }
    // Eleven units of a shared burst of ten: the last one waits.
    let waits: Vec<Duration> =
        (0..11).map(|number| ledger.spend(KEY, subject(1_000_000 + number), 1.0, 1.0, at(0))).collect();
    assert_eq!(waits[9], Duration::ZERO);
    assert_eq!(waits[10], at(1));
    assert_eq!(ledger.len(), limits::QUOTA_BUCKETS_MAX + 1);
    assert_eq!(ledger.spend(KEY, subject(2_000_000), 1.0, 1.0, at(3_600)), Duration::ZERO);
    assert_eq!(ledger.len(), 1);
}

#[test]
fn a_strict_bucket_refuses_only_while_it_is_overdrawn() {
    let allowance = Allowance { rate: 2.0, burst: 3.0 };
    let mut bucket = Bucket::full(allowance, Duration::ZERO);
    assert_eq!(bucket.try_spend(5.0, allowance, Duration::ZERO), Ok(()));
    assert_eq!(bucket.try_spend(1.0, allowance, Duration::ZERO), Err(Duration::from_secs(1)));
    assert_eq!(bucket.try_spend(1.0, allowance, Duration::from_secs(1)), Ok(()));
    assert!(!bucket.is_rested(allowance, Duration::from_secs(2)));
    assert!(bucket.is_rested(allowance, Duration::from_secs(3)));
}

proptest! {
    /// Whoever waits as long as it is told gets no more than burst, rate times time, and the last amount.
    #[test]
    fn nobody_who_waits_gets_more_than_the_rate(
        rate in 1.0..1e6f64,
        amounts in prop::collection::vec(1.0..1e6f64, 1..50),
        rests in prop::collection::vec(0..5_000u64, 50),
    ) {
        let allowance = Allowance::per_second(rate, limits::BURST_SECONDS);
        let mut bucket = Bucket::full(allowance, Duration::ZERO);
        let (mut now, mut total) = (Duration::ZERO, 0.0);
        for (amount, rest) in amounts.iter().zip(rests) {
            let wait = bucket.spend(*amount, allowance, now);
            total += amount;
            prop_assert!(total - amount <= allowance.burst + rate * now.as_secs_f64() + 1e-3 * total);
            now += wait + Duration::from_millis(rest);
        }
    }

    /// The clock going nowhere, or back, never gives units away.
    #[test]
    fn time_that_does_not_pass_fills_nothing(steps in prop::collection::vec(0..1_000u64, 1..20)) {
        let allowance = Allowance { rate: 1.0, burst: 10.0 };
        let mut bucket = Bucket::full(allowance, Duration::from_secs(1_000));
        let mut last = Duration::ZERO;
        for step in steps {
            let wait = bucket.spend(20.0, allowance, Duration::from_secs(1_000 - step));
            prop_assert!(wait > last);
            last = wait;
        }
    }
}
