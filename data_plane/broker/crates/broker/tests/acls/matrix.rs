//! Every advertised API in every version, asked by somebody without rights: refused or empty, and the same whether there is such
//! a thing or not.

use std::{collections::BTreeSet, fs, path::Path};

use headrace_protocol::{
    ApiKey,
    messages::{
        CreateTopicsRequest, CreateTopicsResponse, InitProducerIdRequest, InitProducerIdResponse,
        OffsetCommitRequest, OffsetCommitResponse,
        create_topics_request::CreatableTopic,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    probes::{Observed, PROBES, Probe, Target},
    rules::{ONE, create_all, everything, login},
    support::{Broker, Client},
};

/// What is there, and what is not. The words have the same length.
const PRESENT: &str = "secret";
const ABSENT: &str = "absent";
/// Named by an id that nobody has.
const UNKNOWN_TOPIC_ID: i16 = 100;
/// APIs that come before anyone has any rights.
const BEFORE_RIGHTS: [ApiKey; 3] = [ApiKey::ApiVersions, ApiKey::SaslHandshake, ApiKey::SaslAuthenticate];
/// The correlation id, in which no two answers are alike.
const CORRELATION_ID_BYTES: usize = 4;

struct World {
    broker: Broker,
    present: Target,
    absent: Target,
}

/// A topic and a group of which only the first user may know.
fn world() -> World {
    let broker = Broker::with_logins(|_| ());
    let mut owner = login(&broker, "one");
    let name = format!("{PRESENT}-orders");
    let topic = CreatableTopic {
        name: name.clone().into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
    let sent = owner.request(&request, 7);
    let created: CreateTopicsResponse<'_> = owner.response(sent, 7);
    let id = created.topics[0].topic_id;
    drop(created);
    let partitions = vec![OffsetCommitRequestPartition::default()];
    let topics = vec![OffsetCommitRequestTopic { name: name.into(), partitions, ..Default::default() }];
    let group_id = format!("{PRESENT}-readers").into();
    let commit =
        OffsetCommitRequest { group_id, generation_id_or_member_epoch: -1, topics, ..Default::default() };
    let sent = owner.request(&commit, 9);
    let committed: OffsetCommitResponse<'_> = owner.response(sent, 9);
    assert_eq!(committed.topics[0].partitions[0].error_code, 0);
    drop(committed);
    let transactional_id = Some(format!("{PRESENT}-writer").into());
    let init =
        InitProducerIdRequest { transactional_id, transaction_timeout_ms: 60_000, ..Default::default() };
    let sent = owner.request(&init, 4);
    let begun: InitProducerIdResponse = owner.response(sent, 4);
    assert_eq!(begun.error_code, 0);
    create_all(&mut owner, everything(ONE));
    let present = Target { prefix: PRESENT, id };
    World { broker, present, absent: Target { prefix: ABSENT, id: Uuid::from_u128(7) } }
}

/// Every API that is advertised, with its versions.
fn advertised(client: &mut Client) -> Vec<(ApiKey, Vec<i16>)> {
    let response = client.api_versions(4);
    let served = response.api_keys.iter().map(|row| {
        let key = ApiKey::ALL.iter().copied().find(|key| *key as i16 == row.api_key).unwrap();
        // The first versions of Produce are advertised and not served.
        (key, (row.min_version.max(*key.versions().start())..=row.max_version).collect())
    });
    served.filter(|(key, _)| !BEFORE_RIGHTS.contains(key)).collect()
}

/// What an answer gives away to somebody who may know nothing.
fn leaks(client: &mut Client, world: &World, probe: &Probe, version: i16) -> Vec<String> {
    let [present, absent] = [world.present, world.absent].map(|target| (probe.ask)(client, version, target));
    let mut leaks = Vec::new();
    let mut leak =
        |what: String| leaks.push(format!("{} v{version} {}: {what}", probe.key.name(), probe.label));
    if present.codes.iter().any(|code| !probe.refusal.contains(code))
        || present.codes.is_empty() != probe.refusal.is_empty()
    {
        leak(format!("answered {:?} instead of {:?}", present.codes, probe.refusal));
    }
    if probe.refusal.is_empty() && find(&present, PRESENT) {
        leak("names what is there".to_owned());
    }
    if version >= probe.ids_since {
        let unknown = |code: &i16| *code == UNKNOWN_TOPIC_ID || probe.refusal.contains(code);
        if !absent.codes.iter().all(unknown) {
            leak(format!("answered {:?} about an unknown id", absent.codes));
        }
    } else if body(&present, PRESENT) != body(&absent, PRESENT) {
        leak("tells what is there from what is not".to_owned());
    }
    leaks
}

/// The answer without its correlation id, as it would be about what is not there.
fn body(observed: &Observed, named: &str) -> Vec<u8> {
    let mut bytes = observed.frame[CORRELATION_ID_BYTES..].to_vec();
    for at in 0..bytes.len().saturating_sub(named.len() - 1) {
        if bytes[at..].starts_with(named.as_bytes()) {
            bytes[at..at + named.len()].copy_from_slice(ABSENT.as_bytes());
        }
    }
    bytes
}

fn find(observed: &Observed, name: &str) -> bool {
    observed.frame.windows(name.len()).any(|bytes| bytes == name.as_bytes())
}

/// Leaves figures where the proof of this promise finds them.
fn report(name: &str, figures: &Value) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    fs::write(path, figures.to_string()).unwrap();
}

#[test]
fn nobody_learns_what_access_rules_keep_from_them() {
    let world = world();
    let mut client = login(&world.broker, "two");
    let advertised = advertised(&mut client);
    let asked: BTreeSet<i16> = PROBES.iter().map(|probe| probe.key as i16).collect();
    let served: BTreeSet<i16> = advertised.iter().map(|(key, _)| *key as i16).collect();
    assert_eq!(asked, served, "every API that is served has its question here");
    let (mut found, mut questions) = (Vec::new(), 0);
    for (key, versions) in &advertised {
        for probe in PROBES.iter().filter(|probe| probe.key == *key) {
            for version in versions {
                found.extend(leaks(&mut client, &world, probe, *version));
                questions += 1;
            }
        }
    }
    let apis = served.len();
    report("matrix", &json!({"apis": apis, "questions": questions, "leaks": found.len()}));
    assert_eq!(found, Vec::<String>::new());
    world.broker.assert_serves();
}

/// The negative control: to somebody with every right, each single question of the matrix gives something away, so a check that is
/// missing is found.
#[test]
fn every_question_of_the_matrix_notices_a_missing_check() {
    let world = world();
    let mut client = login(&world.broker, "one");
    let advertised = advertised(&mut client);
    let mut silent = Vec::new();
    for probe in PROBES {
        let (_, versions) = advertised.iter().find(|(key, _)| *key == probe.key).expect("it is served");
        let newest = *versions.last().expect("it has versions");
        if leaks(&mut client, &world, probe, newest).is_empty() {
            silent.push(format!("{} {}", probe.key.name(), probe.label));
        }
    }
    report("matrix-control", &json!({"questions": PROBES.len(), "that_notice_nothing": silent.len()}));
    assert_eq!(silent, Vec::<String>::new());
}
