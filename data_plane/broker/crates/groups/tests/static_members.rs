//! Static members (KIP-345): a restart is not a rebalance, and the old process is fenced.

mod support;

use headrace_groups::{JoinRequest, Waiter};
use headrace_types::ErrorCode;
use support::{World, departure, join, join_static, protocols};

/// A stable group of the static members `a` and `b`.
fn stable(world: &mut World) -> (Vec<(String, String)>, i32) {
    let waiters: Vec<(&str, Waiter)> =
        ["a", "b"].map(|name| (name, world.join(&join_static("", name)))).into();
    world.pass(1_000);
    let joined: Vec<(String, Waiter)> =
        waiters.iter().map(|(_, waiter)| (world.joins[waiter].member_id.clone(), *waiter)).collect();
    let (ids, generation) = world.sync_all(&joined);
    let named = ids.into_iter().map(|id| (id[..1].to_owned(), id)).collect();
    (named, generation)
}

#[test]
fn a_static_member_joins_without_being_told_an_id_first() {
    let mut world = World::new();
    let waiter = world.join(&join_static("", "a"));
    world.pass(1_000);
    let answer = &world.joins[&waiter];
    assert_eq!(answer.error, ErrorCode::None);
    assert!(answer.member_id.starts_with("a-"));
    assert_eq!(answer.members[0].instance_id.as_deref(), Some("a"));
}

#[test]
fn a_restarted_member_gets_a_new_id_and_its_old_assignment_without_a_rebalance() {
    let mut world = World::new();
    let (members, generation) = stable(&mut world);
    let (instance, old_id) = &members[1];
    let answer = world.join_answer(&join_static("", instance));
    assert_eq!((answer.error, answer.generation), (ErrorCode::None, generation));
    assert_ne!(answer.member_id, *old_id);
    assert!(!answer.skip_assignment && answer.members.is_empty());
    assert_eq!(world.sync_answer(&answer.member_id, generation, &[]).assignment, old_id.clone());
    assert_eq!(world.heartbeat(&members[0].1, generation), ErrorCode::None);
    assert_eq!(world.static_heartbeat(old_id, Some(instance), generation), ErrorCode::FencedInstanceId);
    assert_eq!(world.heartbeat(old_id, generation), ErrorCode::UnknownMemberId);
    assert_eq!(world.static_heartbeat("x", Some("nobody"), generation), ErrorCode::UnknownMemberId);
    assert_eq!(world.join_answer(&join_static(old_id, instance)).error, ErrorCode::FencedInstanceId);
}

#[test]
fn a_restarted_leader_is_told_to_skip_the_assignment_or_not_told_that_it_leads() {
    let mut world = World::new();
    let (members, generation) = stable(&mut world);
    let (instance, old_id) = &members[0];
    let answer = world.join_answer(&join_static("", instance));
    assert!(answer.skip_assignment);
    assert_eq!(answer.leader, answer.member_id);
    assert_eq!(answer.members.len(), 2);

    let older_client = JoinRequest { may_skip_assignment: false, ..join_static("", instance) };
    let again = world.join_answer(&older_client);
    assert_eq!((again.skip_assignment, again.generation), (false, generation));
    assert_ne!(again.leader, again.member_id);
    assert!(again.members.is_empty());
    assert_eq!(world.sync_answer(&again.member_id, generation, &[]).assignment, old_id.clone());
}

#[test]
fn a_restart_that_changes_the_protocol_is_a_rebalance() {
    let mut world = World::new();
    let both =
        |instance| JoinRequest { protocols: protocols(&["range", "sticky"]), ..join_static("", instance) };
    let joined = ["a", "b"].map(|name| world.join(&both(name)));
    world.pass(1_000);
    let joined: Vec<_> =
        joined.iter().map(|waiter| (world.joins[waiter].member_id.clone(), *waiter)).collect();
    let (ids, generation) = world.sync_all(&joined);
    let changed = JoinRequest { protocols: protocols(&["sticky"]), ..join_static("", &ids[1][..1]) };
    let waiter = world.join(&changed);
    assert!(!world.joins.contains_key(&waiter));
    let other = JoinRequest { member_id: ids[0].clone(), ..both(&ids[0][..1]) };
    world.join(&other);
    assert_eq!(world.joins[&waiter].generation, generation + 1);
    assert_eq!(world.joins[&waiter].protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn a_new_process_fences_requests_that_wait() {
    let mut world = World::new();
    let first = world.join(&join_static("", "a"));
    let second = world.join(&join_static("", "a"));
    assert_eq!(world.joins[&first].error, ErrorCode::FencedInstanceId);
    world.pass(1_000);
    assert_eq!(world.joins[&second].error, ErrorCode::None);
    assert_eq!(world.joins[&second].members.len(), 1);
}

#[test]
fn an_absent_static_member_keeps_its_place_until_its_session_ends() {
    let mut world = World::new();
    let (members, generation) = stable(&mut world);
    let (newcomer, _) = world.join_anew();
    assert_eq!(world.leave(&[departure(&newcomer, None)]), [ErrorCode::None]);
    let waiter = world.join(&join_static(&members[1].1, &members[1].0));
    world.pass(9_999);
    assert!(!world.joins.contains_key(&waiter), "the absent member may come back");
    world.pass(1);
    assert_eq!(world.joins[&waiter].generation, generation + 1);
    assert_eq!(world.joins[&waiter].members.len(), 1);
}

#[test]
fn administrators_remove_static_members_by_their_instance_ids() {
    let mut world = World::new();
    let (members, generation) = stable(&mut world);
    let results = world.leave(&[
        departure("", Some("b")),
        departure("", Some("nobody")),
        departure("wrong", Some("a")),
    ]);
    assert_eq!(results, [ErrorCode::None, ErrorCode::UnknownMemberId, ErrorCode::FencedInstanceId]);
    let left = &members.iter().find(|(name, _)| name == "a").unwrap().1;
    assert_eq!(world.static_heartbeat(left, Some("a"), generation), ErrorCode::RebalanceInProgress);
}

#[test]
fn an_id_given_out_to_a_dynamic_member_is_of_no_use_to_a_static_one() {
    let mut world = World::new();
    let told = world.join_answer(&join("")).member_id;
    assert_eq!(world.join_answer(&join_static(&told, "a")).error, ErrorCode::UnknownMemberId);
}
