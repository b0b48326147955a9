//! What is taken, what is refused, and what it comes to.

use super::*;

#[test]
fn defaults_pass_their_own_checks_and_mean_what_kafka_means() {
    for definition in DEFINITIONS {
        check(definition.name, definition.default).unwrap();
    }
    let settings = Settings::of(&BTreeMap::new(), Ceilings::default());
    assert_eq!(settings.log.retention_ms, 7 * 24 * 60 * 60 * 1000);
    assert_eq!((settings.log.segment_bytes, settings.log.retention_bytes), (1 << 30, -1));
    assert_eq!((settings.batch_bytes_max, settings.append_time), (1_048_588, false));
    assert_eq!(settings.timestamp_before_max_ms, i64::MAX);
}

#[test]
fn without_a_cleanup_policy_everything_is_kept() {
    let configs = |policy: &str| {
        BTreeMap::from([
            ("cleanup.policy".to_owned(), policy.to_owned()),
            ("retention.ms".to_owned(), "5".to_owned()),
            ("retention.bytes".to_owned(), "7".to_owned()),
        ])
    };
    let kept = |policy| {
        let log = Settings::of(&configs(policy), Ceilings::default()).log;
        (log.retention_ms, log.retention_bytes)
    };
    assert_eq!(kept("delete"), (5, 7));
    assert_eq!(kept("compact, delete"), (5, 7));
    assert_eq!(kept("compact"), (-1, -1));
    assert_eq!(kept(""), (-1, -1));
}

#[test]
fn compaction_is_what_the_policy_and_its_settings_say() {
    let compaction = |pairs: &[(&str, &str)]| {
        let configs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::of(&configs, Ceilings::default()).log.compaction
    };
    assert_eq!(compaction(&[]), None);
    let defaults = CompactionConfig {
        dirty_millionths_min: 500_000,
        lag_min_ms: 0,
        lag_max_ms: i64::MAX,
        delete_retention_ms: 86_400_000,
    };
    assert_eq!(compaction(&[("cleanup.policy", "compact")]), Some(defaults));
    let set = [
        ("cleanup.policy", "delete,compact"),
        ("delete.retention.ms", "3"),
        ("max.compaction.lag.ms", "2"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("min.compaction.lag.ms", "1"),
    ];
    let expected = CompactionConfig {
        dirty_millionths_min: 10_000,
        lag_min_ms: 1,
        lag_max_ms: 2,
        delete_retention_ms: 3,
    };
    assert_eq!(compaction(&set), Some(expected));
}

#[test]
fn the_least_lag_does_not_exceed_the_most() {
    let check = |least: &str, most: &str| {
        let pairs = [("min.compaction.lag.ms", least), ("max.compaction.lag.ms", most)];
        check_together(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    assert!(check("5", "5").is_ok());
    assert!(check("6", "5").unwrap_err().contains("must not exceed"));
}

#[test]
fn refusals_name_the_configuration_and_the_way_out() {
    let problem = |name, value| check(name, value).unwrap_err();
    assert!(problem("cleanup.policy", "compost").contains("use 'delete' or 'compact'"));
    assert!(problem("cleanup.policy", "delete,delete").contains("use 'delete'"));
    for ratio in ["-0.1", "1.01", "NaN", "inf", "much"] {
        assert!(problem("min.cleanable.dirty.ratio", ratio).contains("between 0 and 1"));
    }
    assert!(problem("max.compaction.lag.ms", "0").contains("between 1"));
    assert!(problem("retention.ms", "-2").contains("between -1"));
    assert!(problem("retention.ms", "soon").contains("integer"));
    assert!(problem("preallocate", "true").contains("segments grow"));
    assert!(problem("segment.index.bytes", "1").contains("not supported"));
    assert!(problem("leader.replication.throttled.replicas", "0:1").contains("leave it empty"));
    assert!(problem("no.such.thing", "1").contains("there is no"));
    assert!(problem("min.insync.replicas", "2").contains("between 1 and 1"));
}

#[test]
fn what_a_refusal_repeats_is_bounded() {
    let long = "0".repeat(VALUE_BYTES_MAX) + "1";
    assert!(check("retention.ms", &long).unwrap_err().contains("longer than 256 bytes"));
    let name = "\u{e4}".repeat(1_000_000);
    assert!(check(&name, "1").unwrap_err().len() < 2 * VALUE_BYTES_MAX);
}

#[test]
fn names_are_sorted_and_unique() {
    assert!(DEFINITIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    assert!(UNSUPPORTED.windows(2).all(|pair| pair[0].name < pair[1].name));
    let refused = |name| UNSUPPORTED.iter().any(|unsupported| unsupported.name == name);
    assert!(DEFINITIONS.iter().all(|definition| !refused(definition.name)));
}
