//! Committed offsets: who may commit, what comes back, what survives and what ends.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

use bytes::Bytes;
use headrace_groups::{
    CommitRequest, GroupConfig, GroupTotals, JoinRequest, OffsetCommit, Protocol, TopicSelection,
};
use headrace_types::ErrorCode;
use support::{GROUP, World, commit, departure, join, offset, topic_id};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[test]
fn members_commit_under_their_generation() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    assert_eq!(world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])), Ok(vec![ErrorCode::None]));
    assert_eq!(world.committed("t"), 5);
    assert_eq!(
        world.commit(&commit(&ids[0], generation - 1, vec![offset("t", 6)])),
        Err(ErrorCode::IllegalGeneration)
    );
    assert_eq!(
        world.commit(&commit("stranger", generation, vec![offset("t", 6)])),
        Err(ErrorCode::UnknownMemberId)
    );
    assert_eq!(world.commit(&commit("", -1, vec![offset("t", 6)])), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.committed("t"), 5);
}

#[test]
fn members_commit_while_the_group_prepares_but_not_before_they_are_assigned() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    let (_, waiter) = world.join_anew();
    assert_eq!(world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])), Ok(vec![ErrorCode::None]));
    world.join(&join(&ids[0]));
    let next = world.joins[&waiter].generation;
    assert_eq!(
        world.commit(&commit(&ids[0], next, vec![offset("t", 6)])),
        Err(ErrorCode::RebalanceInProgress)
    );
}

#[test]
fn a_commit_keeps_the_session_alive() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    for _ in 0..5 {
        world.pass(9_999);
        world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])).unwrap();
    }
    assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::None);
}

#[test]
fn a_consumer_without_a_group_commits_from_outside() {
    let mut world = World::new();
    assert_eq!(world.commit(&commit("", -1, vec![offset("t", 5)])), Ok(vec![ErrorCode::None]));
    assert_eq!(world.committed("t"), 5);
    assert_eq!(world.state(), Some("Empty"));
}

#[test]
fn a_generation_of_a_group_that_does_not_exist_is_refused_by_the_name_that_the_client_knows() {
    let mut world = World::new();
    let request = commit("m", 3, vec![offset("t", 5)]);
    assert_eq!(world.commit(&request), Err(ErrorCode::GroupIdNotFound));
    let older = CommitRequest { knows_group_id_not_found: false, ..request };
    assert_eq!(world.commit(&older), Err(ErrorCode::IllegalGeneration));
}

#[test]
fn what_was_committed_comes_back_whole() {
    let mut world = World::new();
    world.commit(&commit("", -1, vec![offset("t", 5), offset("u", 7)])).unwrap();
    let fetched = world.coordinator.fetch_offsets(GROUP, None);
    let topics: Vec<&str> = fetched.iter().map(|topic| topic.topic.as_str()).collect();
    assert_eq!(topics, ["t", "u"]);
    let committed = fetched[1].partitions[0].committed.as_ref().unwrap();
    assert_eq!((committed.offset, committed.leader_epoch, committed.metadata.as_str()), (7, 3, "note"));
    assert_eq!(committed.topic_id, topic_id("u"));
    assert_eq!(world.committed("unknown"), -1);
    assert!(world.coordinator.fetch_offsets("other", None).is_empty());
}

#[test]
fn each_offset_has_its_own_limits() {
    let mut world = World::with(GroupConfig { offsets_max: 2, ..GroupConfig::default() });
    let long = OffsetCommit { metadata: "x".repeat(4097), ..offset("t", 1) };
    let results = world.commit(&commit("", -1, vec![long, offset("t", 2), offset("u", 3), offset("v", 4)]));
    let expected =
        vec![ErrorCode::OffsetMetadataTooLarge, ErrorCode::None, ErrorCode::None, ErrorCode::PolicyViolation];
    assert_eq!(results, Ok(expected));
    assert_eq!(
        world.commit(&commit("", -1, vec![offset("u", 9)])),
        Ok(vec![ErrorCode::None]),
        "a known offset may move on"
    );
}

#[test]
fn offsets_and_members_survive_a_restart() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])).unwrap();
    world.restart();
    assert_eq!(world.committed("t"), 5);
    for id in &ids {
        assert_eq!(world.heartbeat(id, generation), ErrorCode::None);
        assert_eq!(world.sync_answer(id, generation, &[]).assignment, id.clone());
    }
    world.pass(10_000);
    assert_eq!(world.state(), Some("Empty"), "sessions run again after a restart");
}

#[test]
fn a_restart_in_the_middle_of_a_rebalance_leads_to_a_higher_generation() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    let waiter = world.join(&join(&ids[0]));
    assert_eq!(world.joins[&waiter].generation, generation + 1);
    world.restart();
    assert_eq!(world.sync_answer(&ids[0], generation + 1, &[]).error, ErrorCode::RebalanceInProgress);
    assert_eq!(world.heartbeat(&ids[0], generation + 1), ErrorCode::RebalanceInProgress);
    let waiter = world.join(&join(&ids[0]));
    assert_eq!(world.joins[&waiter].generation, generation + 2);
}

#[test]
fn a_snapshot_says_all_there_is_to_say() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    for round in 0..10 {
        world.commit(&commit(&ids[0], generation, vec![offset("t", round), offset("u", round)])).unwrap();
    }
    world.disk = world.coordinator.snapshot().collect();
    assert_eq!(world.disk.len(), 3);
    world.restart();
    assert_eq!((world.committed("t"), world.committed("u")), (9, 9));
    assert_eq!(world.coordinator.totals(), GroupTotals { groups: 1, members: 2, offsets: 2 });
    assert_eq!(world.heartbeat(&ids[1], generation), ErrorCode::None);
}

#[test]
fn deleting_a_group_removes_it_for_good() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])).unwrap();
    assert_eq!(world.delete(GROUP), ErrorCode::NonEmptyGroup);
    assert_eq!(world.leave(&[departure(&ids[0], None)]), [ErrorCode::None]);
    assert_eq!(world.delete(GROUP), ErrorCode::None);
    assert_eq!(world.delete(GROUP), ErrorCode::GroupIdNotFound);
    assert_eq!(world.coordinator.totals(), GroupTotals::default());
    world.restart();
    assert_eq!(world.committed("t"), -1);
    assert!(world.coordinator.list().is_empty());
}

#[test]
fn offsets_of_a_deleted_topic_are_forgotten() {
    let mut world = World::new();
    world.commit(&commit("", -1, vec![offset("t", 5), offset("u", 7)])).unwrap();
    world.forget_topic(topic_id("t"));
    world.restart();
    assert_eq!((world.committed("t"), world.committed("u")), (-1, 7));
}

#[test]
fn offsets_expire_a_while_after_the_last_member_left() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    world.commit(&commit(&ids[0], generation, vec![offset("t", 5)])).unwrap();
    for _ in 0..(8 * DAY_MS / 9_000) {
        world.pass(9_000);
        world.heartbeat(&ids[0], generation);
    }
    assert_eq!(world.committed("t"), 5, "a group with members keeps its offsets");
    assert_eq!(world.leave(&[departure(&ids[0], None)]), [ErrorCode::None]);
    world.pass(7 * DAY_MS - 1_000_000);
    assert_eq!(world.committed("t"), 5);
    world.pass(2_000_000);
    assert_eq!(world.committed("t"), -1);
    assert!(world.coordinator.list().is_empty());
    world.restart();
    assert!(world.coordinator.list().is_empty());
}

/// In these tests a consumer joins with the names of its topics, parted by spaces; "?" can not be read.
fn subscription(metadata: &Bytes) -> Option<Vec<String>> {
    let text = std::str::from_utf8(metadata).unwrap();
    (text != "?").then(|| text.split(' ').map(str::to_owned).collect())
}

fn reading(topics: &str) -> JoinRequest {
    let metadata = Bytes::from(topics.to_owned());
    JoinRequest { protocols: vec![Protocol { name: "range".to_owned(), metadata }], ..join("") }
}

fn delete(world: &mut World, topics: &[&str]) -> Result<Vec<ErrorCode>, ErrorCode> {
    let selection =
        topics.iter().map(|topic| TopicSelection { topic: (*topic).to_owned(), partitions: vec![0] });
    world.delete_offsets(&selection.collect::<Vec<_>>())
}

/// A group with offsets of two topics and one member, which joins as told.
fn group_of_one(join: &JoinRequest) -> World {
    let mut world = World::with(GroupConfig { subscription, ..GroupConfig::default() });
    world.commit(&commit("", -1, vec![offset("t", 5), offset("u", 6)])).unwrap();
    let told = world.join_answer(join);
    let waiter = world.join(&JoinRequest { member_id: told.member_id.clone(), ..join.clone() });
    world.pass(world.config.initial_rebalance_delay_ms * 2);
    world.sync_all(&[(told.member_id, waiter)]);
    world
}

#[test]
fn offsets_that_nobody_reads_are_deleted_and_stay_so() {
    let mut world = group_of_one(&reading("t x"));
    let deleted = delete(&mut world, &["t", "u", "v"]);
    assert_eq!(deleted, Ok(vec![ErrorCode::GroupSubscribedToTopic, ErrorCode::None, ErrorCode::None]));
    for _ in 0..2 {
        assert_eq!((world.committed("t"), world.committed("u")), (5, -1));
        assert_eq!(world.coordinator.totals().offsets, 1);
        world.restart();
    }
}

/// A week and a bit in which the member is alive.
fn outlive_retention(world: &mut World) {
    let member = world.coordinator.describe(GROUP).unwrap().members.remove(0).member_id;
    for _ in 0..(8 * DAY_MS / 9_000) {
        world.pass(9_000);
        assert_eq!(world.heartbeat(&member, 1), ErrorCode::None);
    }
}

#[test]
fn offsets_of_topics_that_no_member_subscribes_to_expire_while_there_are_members() {
    let mut world = group_of_one(&reading("t x"));
    outlive_retention(&mut world);
    assert_eq!((world.committed("t"), world.committed("u")), (5, -1));
}

#[test]
fn nothing_expires_while_a_subscription_can_not_be_read_or_members_are_no_consumers() {
    for join in [reading("?"), JoinRequest { protocol_type: "connect".to_owned(), ..reading("x") }] {
        let mut world = group_of_one(&join);
        outlive_retention(&mut world);
        assert_eq!((world.committed("t"), world.committed("u")), (5, 6));
    }
}

#[test]
fn a_subscription_that_can_not_be_read_is_one_to_everything() {
    let mut world = group_of_one(&reading("?"));
    assert_eq!(delete(&mut world, &["u"]), Ok(vec![ErrorCode::GroupSubscribedToTopic]));
    assert_eq!(world.committed("u"), 6);
}

#[test]
fn a_group_of_others_than_consumers_is_left_alone_while_it_has_members() {
    let mut world = group_of_one(&JoinRequest { protocol_type: "connect".to_owned(), ..reading("x") });
    assert_eq!(delete(&mut world, &["t"]), Err(ErrorCode::NonEmptyGroup));
    assert_eq!(world.committed("t"), 5);
}

#[test]
fn a_group_without_members_reads_nothing_and_one_that_is_not_there_has_nothing() {
    let mut world = World::new();
    assert_eq!(delete(&mut world, &["t"]), Err(ErrorCode::GroupIdNotFound));
    world.commit(&commit("", -1, vec![offset("t", 5)])).unwrap();
    assert_eq!(delete(&mut world, &["t"]), Ok(vec![ErrorCode::None]));
    assert_eq!(world.committed("t"), -1);
}
