//! Every limit has its own error, and nothing else is lost by it.

mod support;

use bytes::Bytes;
use headrace_groups::{GroupConfig, JoinRequest, Protocol};
use headrace_types::ErrorCode;
use support::{World, commit, join, join_static, offset};

fn refused(world: &mut World, request: &JoinRequest) -> ErrorCode {
    world.join_answer(request).error
}

#[test]
fn a_join_must_make_sense() {
    let mut world = World::new();
    let base = join("");
    let error = |world: &mut World, request: JoinRequest| refused(world, &request);
    assert_eq!(
        error(&mut world, JoinRequest { group_id: String::new(), ..base.clone() }),
        ErrorCode::InvalidGroupId
    );
    assert_eq!(
        error(&mut world, JoinRequest { group_id: "g".repeat(2_000), ..base.clone() }),
        ErrorCode::InvalidGroupId
    );
    for session_timeout_ms in [-1, 0, 5_999, 1_800_001, i32::MAX] {
        let request = JoinRequest { session_timeout_ms, ..base.clone() };
        assert_eq!(error(&mut world, request), ErrorCode::InvalidSessionTimeout);
    }
    assert_eq!(
        error(&mut world, JoinRequest { protocols: vec![], ..base.clone() }),
        ErrorCode::InconsistentGroupProtocol
    );
    let untyped = JoinRequest { protocol_type: String::new(), ..base };
    assert_eq!(error(&mut world, untyped), ErrorCode::InconsistentGroupProtocol);
    assert_eq!(error(&mut world, join_static("", &"i".repeat(250))), ErrorCode::InvalidRequest);
}

#[test]
fn a_group_has_room_for_so_many_members_and_ids_given_out() {
    let mut world = World::with(GroupConfig { members_per_group_max: 2, ..GroupConfig::default() });
    let first = world.join_answer(&join("")).member_id;
    world.join_answer(&join(""));
    assert_eq!(refused(&mut world, &join("")), ErrorCode::GroupMaxSizeReached);
    world.join(&join(&first));
    assert_eq!(refused(&mut world, &join_static("", "i")), ErrorCode::GroupMaxSizeReached);
}

#[test]
fn a_static_member_of_a_full_group_may_restart() {
    let mut world = World::with(GroupConfig { members_per_group_max: 1, ..GroupConfig::default() });
    world.join(&join_static("", "a"));
    let waiter = world.join(&join_static("", "a"));
    world.pass(1_000);
    assert_eq!(world.joins[&waiter].error, ErrorCode::None);
}

#[test]
fn a_broker_has_room_for_so_many_groups_but_idle_ones_make_way() {
    let mut world = World::with(GroupConfig { groups_max: 1, ..GroupConfig::default() });
    world.join_answer(&join(""));
    let other = JoinRequest { group_id: "other".to_owned(), ..join("") };
    assert_eq!(refused(&mut world, &other), ErrorCode::PolicyViolation);
    world.pass(10_000);
    assert_eq!(refused(&mut world, &other), ErrorCode::MemberIdRequired, "the id given out has expired");
    assert_eq!(world.commit(&commit("", -1, vec![offset("t", 1)])), Err(ErrorCode::PolicyViolation));
}

#[test]
fn members_have_room_for_so_many_bytes() {
    let config =
        GroupConfig { member_metadata_bytes_max: 1_000, members_bytes_max: 2_500, ..GroupConfig::default() };
    let mut world = World::with(config);
    let sized = |bytes: usize| {
        let protocol = Protocol { name: "range".to_owned(), metadata: Bytes::from(vec![0; bytes]) };
        JoinRequest { protocols: vec![protocol], requires_known_member: false, ..join("") }
    };
    assert_eq!(refused(&mut world, &sized(1_000)), ErrorCode::PolicyViolation);
    world.join(&sized(900));
    world.join(&sized(900));
    assert_eq!(refused(&mut world, &sized(900)), ErrorCode::PolicyViolation);
    world.pass(1_000);
    let answer = world.joins.values().find(|answer| answer.leader == answer.member_id).unwrap().clone();
    let huge = "x".repeat(2_000);
    let refused = world.sync_answer(&answer.leader, answer.generation, &[(&answer.leader, &huge)]);
    assert_eq!(refused.error, ErrorCode::PolicyViolation);
    let accepted = world.sync_answer(&answer.leader, answer.generation, &[(&answer.leader, "a")]);
    assert_eq!(accepted.assignment, "a");
}
