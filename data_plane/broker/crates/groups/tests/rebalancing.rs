//! Members that come, stay and go.

mod support;

use headrace_groups::{GroupConfig, GroupEvent, JoinRequest};
use headrace_types::ErrorCode;
use support::{GROUP, REBALANCE_MS, SESSION_MS, World, departure, join, protocols};

const SESSION: u64 = SESSION_MS as u64;
const REBALANCE: u64 = REBALANCE_MS as u64;

#[test]
fn a_group_forms_and_hands_out_what_the_leader_assigned() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(3);
    assert_eq!(generation, 1);
    for id in &ids {
        assert_eq!(world.heartbeat(id, generation), ErrorCode::None);
    }
}

#[test]
fn only_the_leader_is_told_the_members() {
    let mut world = World::new();
    let joined = [world.join_anew(), world.join_anew()];
    world.pass(1_000);
    let answers = joined.map(|(_, waiter)| world.joins.remove(&waiter).unwrap());
    let leader = answers.iter().find(|answer| answer.leader == answer.member_id).unwrap();
    assert_eq!(leader.members.len(), 2);
    assert_eq!(leader.members[0].metadata, "range");
    let follower = answers.iter().find(|answer| answer.leader != answer.member_id).unwrap();
    assert!(follower.members.is_empty());
    assert_eq!(follower.protocol_name.as_deref(), Some("range"));
}

#[test]
fn many_members_that_join_at_once_share_one_generation() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(200);
    assert_eq!((ids.len(), generation), (200, 1));
}

#[test]
fn an_empty_group_waits_for_more_members_and_a_little_longer_if_some_come() {
    let mut world = World::with(GroupConfig { initial_rebalance_delay_ms: 1_000, ..GroupConfig::default() });
    let (_, first) = world.join_anew();
    world.pass(900);
    let (_, second) = world.join_anew();
    world.pass(900);
    assert!(world.joins.is_empty(), "the second member made the group wait once more");
    world.pass(200);
    assert_eq!(world.joins[&first].generation, 1);
    assert_eq!(world.joins[&second].generation, 1);
}

#[test]
fn a_group_without_initial_delay_begins_at_once() {
    let mut world = World::with(GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() });
    let (_, waiter) = world.join_anew();
    assert_eq!(world.joins[&waiter].generation, 1);
}

#[test]
fn a_new_member_makes_the_others_join_again() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    let (newcomer, waiter) = world.join_anew();
    for id in &ids {
        assert_eq!(world.heartbeat(id, generation), ErrorCode::RebalanceInProgress);
        assert_eq!(world.sync_answer(id, generation, &[]).error, ErrorCode::RebalanceInProgress);
    }
    let mut joined: Vec<_> = ids.iter().map(|id| (id.clone(), world.join(&join(id)))).collect();
    joined.push((newcomer, waiter));
    let (ids, next) = world.sync_all(&joined);
    assert_eq!((ids.len(), next), (3, generation + 1));
    assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::IllegalGeneration);
}

#[test]
fn members_that_do_not_join_again_in_time_are_given_up() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    let (newcomer, waiter) = world.join_anew();
    let rejoined = world.join(&join(&ids[0]));
    for _ in 0..(REBALANCE / 5_000) {
        world.heartbeat(&ids[1], generation);
        world.pass(5_000);
    }
    assert_eq!(world.heartbeat(&ids[1], generation), ErrorCode::UnknownMemberId);
    let (left, next) = world.sync_all(&[(ids[0].clone(), rejoined), (newcomer, waiter)]);
    assert_eq!((left.len(), next), (2, generation + 1));
}

#[test]
fn a_member_without_heartbeats_loses_its_session() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    world.pass(SESSION - 1);
    assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::None);
    world.pass(1);
    assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::RebalanceInProgress);
    assert_eq!(world.heartbeat(&ids[1], generation), ErrorCode::UnknownMemberId);
    let waiter = world.join(&join(&ids[0]));
    assert_eq!(world.joins[&waiter].generation, generation + 1);
    let lost = GroupEvent::MemberLost {
        group_id: GROUP.to_owned(),
        member_id: ids[1].clone(),
        reason: "sent no heartbeat in time",
    };
    let began =
        |generation, members| GroupEvent::GenerationBegan { group_id: GROUP.to_owned(), generation, members };
    assert_eq!(world.events, [began(generation, 2), lost, began(generation + 1, 1)]);
}

#[test]
fn a_member_that_waits_for_the_others_keeps_its_session() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    let waiter = world.join(&join(&ids[0]));
    for _ in 0..5 {
        world.heartbeat(&ids[1], generation);
        world.pass(SESSION - 1);
    }
    assert!(!world.joins.contains_key(&waiter));
    world.join(&join(&ids[1]));
    assert_eq!(world.joins[&waiter].error, ErrorCode::None);
}

#[test]
fn members_that_never_sync_are_given_up_and_the_others_join_again() {
    let mut world = World::new();
    let joined = [world.join_anew(), world.join_anew()];
    world.pass(1_000);
    let generation = world.joins[&joined[0].1].generation;
    let leader = world.joins[&joined[0].1].leader.clone();
    let (follower, _) = joined.iter().find(|(id, _)| *id != leader).unwrap();
    let waiting = world.sync(follower, generation, &[]);
    for _ in 0..(REBALANCE / 5_000) {
        world.heartbeat(&leader, generation);
        world.pass(5_000);
    }
    assert_eq!(world.syncs[&waiting].error, ErrorCode::RebalanceInProgress);
    assert_eq!(world.heartbeat(&leader, generation), ErrorCode::UnknownMemberId);
    let again = world.join(&join(follower));
    assert_eq!(world.joins[&again].leader, *follower);
}

#[test]
fn leaving_makes_the_others_join_again_and_the_last_one_empties_the_group() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    assert_eq!(world.leave(&[departure(&ids[0], None)]), [ErrorCode::None]);
    assert_eq!(world.heartbeat(&ids[1], generation), ErrorCode::RebalanceInProgress);
    let waiter = world.join(&join(&ids[1]));
    assert_eq!(world.joins[&waiter].leader, ids[1]);
    let results = world.leave(&[departure(&ids[1], None), departure("stranger", None)]);
    assert_eq!(results, [ErrorCode::None, ErrorCode::UnknownMemberId]);
    assert_eq!(world.state(), Some("Empty"));
}

#[test]
fn an_id_that_was_given_out_holds_the_group_up_only_until_it_is_given_back_or_expires() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(1);
    let told = world.join_answer(&join("")).member_id;
    let waiter = world.join(&join(&ids[0]));
    assert!(!world.joins.contains_key(&waiter), "the group waits for the member that was told its id");
    assert_eq!(world.leave(&[departure(&told, None)]), [ErrorCode::None]);
    assert_eq!(world.joins[&waiter].generation, generation + 1);

    world.sync_answer(&ids[0], generation + 1, &[]);
    world.join_answer(&join(""));
    let waiter = world.join(&join(&ids[0]));
    assert!(!world.joins.contains_key(&waiter));
    world.pass(SESSION);
    assert_eq!(world.joins[&waiter].generation, generation + 2);
}

#[test]
fn a_lost_answer_is_given_again() {
    let mut world = World::new();
    let joined = [world.join_anew(), world.join_anew()];
    world.pass(1_000);
    for (id, waiter) in &joined {
        let lost = world.joins[waiter].clone();
        assert_eq!(world.join_answer(&join(id)), lost);
    }
    let (ids, generation) = world.sync_all(&joined);
    assert_eq!(world.join_answer(&join(&ids[1])).generation, generation);
    assert_eq!(world.sync_answer(&ids[1], generation, &[]).assignment, ids[1]);
}

#[test]
fn a_leader_that_joins_again_makes_the_group_rebalance() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    let waiter = world.join(&join(&ids[0]));
    assert_eq!(world.heartbeat(&ids[1], generation), ErrorCode::RebalanceInProgress);
    world.join(&join(&ids[1]));
    assert_eq!(world.joins[&waiter].generation, generation + 1);
}

#[test]
fn the_protocol_is_the_one_that_most_members_prefer_and_all_support() {
    let mut world = World::new();
    let with = |names: &[&str]| JoinRequest {
        protocols: protocols(names),
        requires_known_member: false,
        ..join("")
    };
    let first = world.join(&with(&["sticky", "range", "own"]));
    world.join(&with(&["range", "sticky"]));
    world.join(&with(&["sticky", "range"]));
    assert_eq!(world.join_answer(&with(&["own"])).error, ErrorCode::InconsistentGroupProtocol);
    let other_type = JoinRequest { protocol_type: "connect".to_owned(), ..with(&["range"]) };
    assert_eq!(world.join_answer(&other_type).error, ErrorCode::InconsistentGroupProtocol);
    world.pass(1_000);
    assert_eq!(world.joins[&first].protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn a_sync_under_another_protocol_is_refused() {
    let mut world = World::new();
    let (id, waiter) = world.join_anew();
    world.pass(1_000);
    let generation = world.joins[&waiter].generation;
    let mut effects = headrace_groups::Effects::default();
    let other = headrace_groups::SyncRequest {
        protocol_name: Some("sticky".to_owned()),
        ..support::sync(&id, generation, &[])
    };
    let now = world.now();
    world.coordinator.sync(&other, headrace_groups::Waiter(0), now, &mut effects);
    assert_eq!(effects.syncs[0].1.error, ErrorCode::InconsistentGroupProtocol);
}

#[test]
fn strangers_are_refused() {
    let mut world = World::new();
    assert_eq!(world.join_answer(&join("stranger")).error, ErrorCode::UnknownMemberId);
    assert_eq!(world.heartbeat("stranger", 1), ErrorCode::UnknownMemberId);
    assert_eq!(world.sync_answer("stranger", 1, &[]).error, ErrorCode::UnknownMemberId);
    assert_eq!(world.leave(&[departure("stranger", None)]), [ErrorCode::UnknownMemberId]);
    let (_, generation) = world.stable_group(1);
    assert_eq!(world.join_answer(&join("stranger")).error, ErrorCode::UnknownMemberId);
    assert_eq!(world.heartbeat("stranger", generation), ErrorCode::UnknownMemberId);
    assert_eq!(world.sync_answer("stranger", generation, &[]).error, ErrorCode::UnknownMemberId);
}
