//! Changing configurations of topics, and telling them.

use std::fs;

use headrace_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ListConfigResourcesRequest,
    ListConfigResourcesResponse, alter_configs_request,
    describe_configs_request::DescribeConfigsResource,
    incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
};
use headrace_types::ErrorCode;
use serde_json::json;

use crate::{
    calls::{batch, create, list_offset, produce, read_all},
    support::{self, Broker, Client},
};

const LATEST: i64 = -1;
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

type Change<'a> = (&'a str, i8, Option<&'a str>);

fn resource<'a>(resource_type: i8, name: &'a str, changes: &[Change<'a>]) -> AlterConfigsResource<'a> {
    let config = |(name, operation, value): &Change<'a>| AlterableConfig {
        name: (*name).into(),
        config_operation: *operation,
        value: value.map(Into::into),
    };
    AlterConfigsResource {
        resource_type,
        resource_name: name.into(),
        configs: changes.iter().map(config).collect(),
    }
}

/// Codes and messages, one for each resource.
fn alter_all(
    client: &mut Client,
    resources: Vec<AlterConfigsResource<'_>>,
    validate_only: bool,
) -> Vec<(i16, String)> {
    let id = client.request(&IncrementalAlterConfigsRequest { resources, validate_only }, 1);
    let response: IncrementalAlterConfigsResponse<'_> = client.response(id, 1);
    let told = |message: Option<std::borrow::Cow<'_, str>>| message.unwrap_or_default().into_owned();
    response.responses.into_iter().map(|row| (row.error_code, told(row.error_message))).collect()
}

fn alter(client: &mut Client, topic: &str, changes: &[Change<'_>]) -> (i16, String) {
    alter_all(client, vec![resource(TOPIC, topic, changes)], false).remove(0)
}

fn replace(client: &mut Client, topic: &str, configs: &[(&str, Option<&str>)], validate_only: bool) -> i16 {
    let config = |(name, value): &(&str, Option<&str>)| alter_configs_request::AlterableConfig {
        name: (*name).to_owned().into(),
        value: value.map(|value| value.to_owned().into()),
    };
    let resource = alter_configs_request::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: topic.into(),
        configs: configs.iter().map(config).collect(),
    };
    let id = client.request(&AlterConfigsRequest { resources: vec![resource], validate_only }, 2);
    let response: AlterConfigsResponse<'_> = client.response(id, 2);
    response.responses[0].error_code
}

/// Value and source of a configuration.
fn described(client: &mut Client, resource_type: i8, name: &str, config: &str) -> (String, i8) {
    let resource = DescribeConfigsResource {
        resource_type,
        resource_name: name.to_owned().into(),
        configuration_keys: Some(vec![config.to_owned().into()]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let id = client.request(&request, 4);
    let response: DescribeConfigsResponse<'_> = client.response(id, 4);
    let row = &response.results[0].configs[0];
    (row.value.as_deref().unwrap().to_owned(), row.config_source)
}

fn topic_config(client: &mut Client, config: &str) -> (String, i8) {
    described(client, TOPIC, "t", config)
}

#[test]
fn configurations_are_set_deleted_and_survive_a_kill() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, &[("retention.ms", "1234"), ("segment.ms", "99")]);
    let changes =
        [("retention.ms", DELETE, None), ("flush.ms", SET, Some("7")), ("segment.ms", SET, Some("100"))];
    assert_eq!(alter(&mut client, "t", &changes), (0, String::new()));
    for _ in 0..2 {
        assert_eq!(topic_config(&mut client, "retention.ms"), ("604800000".to_owned(), 5));
        assert_eq!(topic_config(&mut client, "segment.ms"), ("100".to_owned(), 1));
        assert_eq!(topic_config(&mut client, "flush.ms"), ("7".to_owned(), 1));
    }
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    assert_eq!(topic_config(&mut client, "retention.ms"), ("604800000".to_owned(), 5));
    assert_eq!(topic_config(&mut client, "segment.ms"), ("100".to_owned(), 1));
}

fn counted_one(broker: &Broker) -> bool {
    broker.admin("GET", "/metrics").1.contains("headrace_broker_batches_relaxed_total 1\n")
}

#[test]
fn whether_an_acknowledgement_waits_for_the_disk_is_asked_for_by_topic() {
    let broker = Broker::with_logins(|_| {});
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    create(&mut client, "t", 1, &[("flush", "relaxed")]);
    create(&mut client, "strict", 1, &[]);
    assert_eq!(topic_config(&mut client, "flush"), ("relaxed".to_owned(), 1));
    assert_eq!(described(&mut client, TOPIC, "strict", "flush"), ("strict".to_owned(), 5));
    assert_eq!(produce(&mut client, "t", 0, &batch(&["a"])).error, 0);
    assert!(counted_one(&broker));
    assert_eq!(
        alter(&mut client, "t", &[("flush", SET, Some("sometimes"))]).0,
        ErrorCode::InvalidConfig.code()
    );
    assert_eq!(alter(&mut client, "t", &[("flush", SET, Some("strict"))]).0, 0);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["b"])).error, 0);
    assert_eq!(produce(&mut client, "strict", 0, &batch(&["c"])).error, 0);
    assert!(counted_one(&broker));
    // A kill alone loses nothing of it either.
    let broker = Broker::again(broker.kill());
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    assert_eq!(list_offset(&mut client, "t", LATEST, 11).offset, 2);
}

#[test]
fn the_way_of_a_batch_to_the_disk_is_measured() {
    let broker = Broker::with_logins(|_| {});
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    create(&mut client, "t", 1, &[]);
    let large = "x".repeat(100_000);
    for value in ["first", "small", large.as_str()] {
        assert_eq!(produce(&mut client, "t", 0, &batch(&[value])).error, 0);
    }
    let metrics = broker.admin("GET", "/metrics").1;
    let told = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(&format!("headrace_broker_{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {metrics}"));
        line.rsplit(' ').next().unwrap()
    };
    let number = |name: &str| told(name).parse::<f64>().unwrap();
    assert_eq!(told("commit_round_batches_sum"), "3.0");
    assert!(number("commit_round_seconds_count") >= 3.0);
    assert!(number("wal_sync_seconds_count") >= 1.0, "the small one");
    assert!(number("segment_sync_seconds_count") >= 1.0, "the large one");
    assert!(number("wal_files") >= 1.0 && number("wal_bytes_total") >= 4096.0);
    let waiting = ["commit_logs_waiting", "commit_batches_waiting", "commit_logs_relaxed"];
    for none in waiting.into_iter().chain(["wal_files_refused_total", "wal_notes_dropped_total"]) {
        assert_eq!(told(none), "0", "{none}");
    }
}

#[test]
fn a_change_is_in_force_at_once_on_every_partition() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, &[]);
    assert_eq!(produce(&mut client, "t", 1, &batch(&["before"])).append_time_ms, -1);
    let changes = [("message.timestamp.type", SET, Some("LogAppendTime"))];
    assert_eq!(alter(&mut client, "t", &changes).0, 0);
    assert!(produce(&mut client, "t", 1, &batch(&["after"])).append_time_ms > 0);

    assert_eq!(alter(&mut client, "t", &[("max.message.bytes", SET, Some("100"))]).0, 0);
    let large = "x".repeat(200);
    let refused = produce(&mut client, "t", 0, &batch(&[&large]));
    assert_eq!(refused.error, ErrorCode::MessageTooLarge.code());
    assert_eq!(alter(&mut client, "t", &[("max.message.bytes", DELETE, None)]).0, 0);
    assert_eq!(produce(&mut client, "t", 0, &batch(&[&large])).error, 0);
}

#[test]
fn the_size_of_segments_changes_under_an_open_log() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &[]);
    let segments = || {
        let directory = broker.data_dir.path().join("topics").join(format!("{id}-0"));
        let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".log")).count()
    };
    let half = "x".repeat(600 * 1024);
    for _ in 0..3 {
        assert_eq!(produce(&mut client, "t", 0, &batch(&[&half])).error, 0);
    }
    assert_eq!(segments(), 1);
    assert_eq!(alter(&mut client, "t", &[("segment.bytes", SET, Some("1048576"))]).0, 0);
    for _ in 0..2 {
        assert_eq!(produce(&mut client, "t", 0, &batch(&[&half])).error, 0);
    }
    assert_eq!(segments(), 3);
    assert_eq!(read_all(&mut client, "t", 0).len(), 5);
}

#[test]
fn lists_grow_and_shrink_by_entries() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    assert_eq!(alter(&mut client, "t", &[("cleanup.policy", SUBTRACT, Some("delete"))]).0, 0);
    assert_eq!(topic_config(&mut client, "cleanup.policy"), (String::new(), 1));
    assert_eq!(alter(&mut client, "t", &[("cleanup.policy", APPEND, Some("delete"))]).0, 0);
    assert_eq!(topic_config(&mut client, "cleanup.policy"), ("delete".to_owned(), 1));
    assert_eq!(alter(&mut client, "t", &[("cleanup.policy", APPEND, Some("compact"))]).0, 0);
    assert_eq!(topic_config(&mut client, "cleanup.policy"), ("delete,compact".to_owned(), 1));
    let (code, message) = alter(&mut client, "t", &[("cleanup.policy", APPEND, Some("compost"))]);
    assert_eq!(code, ErrorCode::InvalidConfig.code());
    assert!(message.contains("no other policies"), "{message}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[("max.compaction.lag.ms", "50")]);
    let (code, message) = alter(&mut client, "t", &[("min.compaction.lag.ms", SET, Some("51"))]);
    assert_eq!(code, ErrorCode::InvalidConfig.code());
    assert!(message.contains("must not exceed"), "{message}");
    assert_eq!(topic_config(&mut client, "min.compaction.lag.ms"), ("0".to_owned(), 5));
}

#[test]
fn every_resource_has_its_own_result_and_a_refused_one_changes_nothing() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[("retention.ms", "5")]);
    create(&mut client, "other", 1, &[]);
    let good = ("retention.ms", SET, Some("6"));
    let cases = [
        (resource(TOPIC, "other", &[good]), ErrorCode::None, ""),
        (
            resource(TOPIC, "t", &[good, ("segment.ms", SET, Some("0"))]),
            ErrorCode::InvalidConfig,
            "between 1",
        ),
        (resource(TOPIC, "none", &[good]), ErrorCode::UnknownTopicOrPartition, "no such topic"),
        (resource(TOPIC, "a b", &[good]), ErrorCode::InvalidTopicException, "ASCII"),
        (
            resource(BROKER, "1", &[("log.retention.ms", SET, Some("1"))]),
            ErrorCode::InvalidRequest,
            "log.retention.ms",
        ),
        (resource(BROKER, "2", &[good]), ErrorCode::InvalidRequest, "no other"),
        (resource(8, "1", &[good]), ErrorCode::InvalidRequest, "no configurations here"),
    ];
    let expected: Vec<_> = cases.iter().map(|(_, code, part)| (code.code(), *part)).collect();
    let resources = cases.into_iter().map(|(resource, _, _)| resource).collect();
    for ((code, message), (expected, part)) in alter_all(&mut client, resources, false).iter().zip(expected) {
        assert_eq!(*code, expected, "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(topic_config(&mut client, "retention.ms"), ("5".to_owned(), 1));
    assert_eq!(described(&mut client, TOPIC, "other", "retention.ms"), ("6".to_owned(), 1));
}

#[test]
fn what_can_not_be_done_to_a_topic_is_refused_by_name() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[("retention.ms", "5")]);
    let cases = [
        (("retention.ms", APPEND, Some("6")), ErrorCode::InvalidConfig, "no list"),
        (("retention.ms", 4, Some("6")), ErrorCode::InvalidRequest, "no operation 4"),
        (("retention.ms", SET, None), ErrorCode::InvalidRequest, "given no value"),
        (("segment.jitter.ms", SET, Some("1")), ErrorCode::InvalidConfig, "not supported"),
        (("retention", SET, Some("1")), ErrorCode::InvalidConfig, "there is no"),
        (("max.message.bytes", SET, Some("99999999")), ErrorCode::InvalidConfig, "largest request"),
    ];
    for (change, expected, part) in cases {
        let (code, message) = alter(&mut client, "t", &[change]);
        assert_eq!(code, expected.code(), "{message}");
        assert!(message.contains(part), "{message}");
    }
    let twice = [("segment.ms", SET, Some("6")), ("segment.ms", DELETE, None)];
    assert_eq!(alter(&mut client, "t", &twice).0, ErrorCode::InvalidRequest.code());
    let change = [("retention.ms", SET, Some("6"))];
    let both = vec![resource(TOPIC, "t", &change), resource(TOPIC, "t", &change)];
    let codes: Vec<i16> = alter_all(&mut client, both, false).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [ErrorCode::InvalidRequest.code(); 2]);
    assert_eq!(topic_config(&mut client, "retention.ms"), ("5".to_owned(), 1));
}

#[test]
fn validating_changes_nothing_and_refuses_what_would_be_refused() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let change = |value| vec![resource(TOPIC, "t", &[("retention.ms", SET, Some(value))])];
    assert_eq!(alter_all(&mut client, change("6"), true)[0].0, 0);
    assert_eq!(alter_all(&mut client, change("soon"), true)[0].0, ErrorCode::InvalidConfig.code());
    assert_eq!(replace(&mut client, "t", &[("retention.ms", Some("6"))], true), 0);
    assert_eq!(topic_config(&mut client, "retention.ms"), ("604800000".to_owned(), 5));
}

#[test]
fn replacing_leaves_only_what_is_named() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[("retention.ms", "5")]);
    assert_eq!(replace(&mut client, "t", &[("segment.ms", Some("7"))], false), 0);
    assert_eq!(topic_config(&mut client, "retention.ms").1, 5);
    assert_eq!(topic_config(&mut client, "segment.ms"), ("7".to_owned(), 1));
    let invalid = ErrorCode::InvalidConfig.code();
    let nothing = replace(&mut client, "t", &[("segment.ms", None)], false);
    assert_eq!(nothing, ErrorCode::InvalidRequest.code());
    assert_eq!(replace(&mut client, "t", &[("segment.ms", Some("x"))], false), invalid);
    assert_eq!(replace(&mut client, "none", &[], false), ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(topic_config(&mut client, "segment.ms"), ("7".to_owned(), 1));
}

#[test]
fn the_broker_tells_its_defaults_for_topics_by_its_own_names() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    assert_eq!(described(&mut client, BROKER, "1", "log.retention.ms"), ("604800000".to_owned(), 5));
    assert_eq!(described(&mut client, BROKER, "1", "num.partitions"), ("4".to_owned(), 4));
}

#[test]
fn what_has_configurations_is_listed_by_type() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "b", 1, &[]);
    create(&mut client, "a", 1, &[]);
    let mut list = |resource_types: &[i8], version| {
        let request = ListConfigResourcesRequest { resource_types: resource_types.to_vec() };
        let id = client.request(&request, version);
        let response: ListConfigResourcesResponse<'_> = client.response(id, version);
        let rows = response.config_resources.iter();
        let rows: Vec<_> = rows.map(|row| (row.resource_type, row.resource_name.to_string())).collect();
        (response.error_code, rows)
    };
    let topics = [(TOPIC, "a".to_owned()), (TOPIC, "b".to_owned())];
    assert_eq!(list(&[], 1), (0, [topics.as_slice(), &[(BROKER, "1".to_owned())]].concat()));
    assert_eq!(list(&[TOPIC], 1), (0, topics.to_vec()));
    assert_eq!(list(&[16, 32], 1), (0, vec![]));
    assert_eq!(list(&[99], 1), (ErrorCode::UnsupportedVersion.code(), vec![]));
    assert_eq!(list(&[], 0), (0, vec![]));
}

#[test]
fn no_topic_keeps_more_than_the_ceilings_of_its_cluster() {
    let broker = Broker::with_logins(|_| {});
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    create(&mut client, "t", 1, &[("retention.ms", "9000")]);
    let data_dir = broker.stop();
    let mut config = support::config(data_dir.path());
    config["limits"] = json!({"retention_ms_max": 5000, "retention_bytes_max": 700});
    fs::write(data_dir.path().join("config.json"), config.to_string()).unwrap();
    let broker = Broker::again(data_dir);
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    let ceiling = |value: &str| (value.to_owned(), 4);
    assert_eq!(topic_config(&mut client, "retention.ms"), ceiling("5000"), "what it had before");
    assert_eq!(topic_config(&mut client, "retention.bytes"), ceiling("700"), "what is the default");
    assert_eq!(alter(&mut client, "t", &[("segment.ms", SET, Some("100"))]).0, 0, "of no concern");
    for value in ["5001", "-1"] {
        let (code, message) = alter(&mut client, "t", &[("retention.ms", SET, Some(value))]);
        assert_eq!(code, ErrorCode::PolicyViolation.code());
        assert!(message.contains("5000"), "{message}");
    }
    assert_eq!(alter(&mut client, "t", &[("retention.ms", SET, Some("4999"))]).0, 0);
    assert_eq!(topic_config(&mut client, "retention.ms"), ("4999".to_owned(), 1));
}
