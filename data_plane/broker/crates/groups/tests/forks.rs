//! What a fork of a cluster knows of its groups.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod support;

use headrace_groups::{CommitRequest, ForkedPartition, GroupConfig, Transactor};
use headrace_types::TopicId;
use support::{World, commit, offset, topic_id};

fn forked(topic: &str, index: i32) -> Option<ForkedPartition> {
    let known = ForkedPartition {
        topic_id: topic_id(topic),
        forked_id: TopicId::from_random([topic.len() as u8; 16]),
        end: 10,
    };
    (topic != "left" && index == 0).then_some(known)
}

/// The coordinator of the fork.
fn fork(world: &World, is_decided: bool) -> World {
    let mut copy = World::with(GroupConfig::default());
    copy.disk = world.coordinator.fork(forked, |_| is_decided, world.now().wall_ms);
    copy.restart();
    copy
}

#[test]
fn offsets_go_along_up_to_the_cut_and_members_stay() {
    let mut world = World::new();
    let (ids, generation) = world.stable_group(2);
    let old = headrace_groups::OffsetCommit { topic_id: topic_id("other"), ..offset("old", 3) };
    let offsets = vec![offset("t", 5), offset("far", 11), offset("left", 1), old];
    world.commit(&commit(&ids[0], generation, offsets)).unwrap();
    let copy = fork(&world, false);
    assert_eq!(copy.state(), Some("Empty"));
    assert_eq!(["t", "far", "left", "old"].map(|topic| copy.committed(topic)), [5, 10, -1, -1]);
    assert_eq!(world.committed("far"), 11, "the source keeps what it has");
}

#[test]
fn pending_offsets_go_along_with_the_end_that_is_decided() {
    let mut world = World::new();
    let transactor = Some(Transactor { producer_id: 9, producer_epoch: 0 });
    let request = CommitRequest { transactor, ..commit("", -1, vec![offset("t", 7)]) };
    world.commit(&request).unwrap();
    for (is_decided, open) in [(true, 1), (false, 0)] {
        let copy = fork(&world, is_decided);
        assert_eq!((copy.coordinator.transactions().count(), copy.committed("t")), (open, -1));
    }
}
