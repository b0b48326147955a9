//! Offsets that are committed in transactions (KIP-98, KIP-447).

use headrace_protocol::messages::{
    TxnOffsetCommitRequest,
    txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic},
};
use headrace_types::ErrorCode;

use crate::{
    calls::{Writer, committed},
    storage::create,
    support::Broker,
};

/// Item 42: while a transaction is about to replace an offset, who asks for a stable one is told to wait.
#[test]
fn offsets_count_once_the_transaction_has_committed() {
    let mut broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    for (is_v2, group) in [(false, "one"), (true, "two")] {
        let mut writer = Writer::new(&mut client, group, is_v2);
        for (offset, is_commit, expected) in [(5, true, 5), (9, false, 5), (11, true, 11)] {
            let before = committed(&mut client, group, "t", false).1;
            if !is_v2 {
                assert_eq!(writer.add_offsets(&mut client, group), Some(0));
            }
            assert_eq!(writer.commit_offset(&mut client, group, "t", offset), Some(0));
            assert_eq!(committed(&mut client, group, "t", false), (0, before));
            let unstable = (ErrorCode::UnstableOffsetCommit.code(), -1);
            assert_eq!(committed(&mut client, group, "t", true), unstable);
            broker = Broker::dev_in(broker.kill());
            client = broker.connect();
            assert_eq!(committed(&mut client, group, "t", true), unstable);
            assert_eq!(writer.end(&mut client, is_commit), Some(0));
            assert_eq!(committed(&mut client, group, "t", true), (0, expected));
        }
    }
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    assert_eq!(committed(&mut client, "one", "t", true), (0, 11));
}

/// KIP-447: who is no member of the group can not commit for it, and an unknown generation neither.
#[test]
fn members_are_fenced_as_in_plain_commits() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let writer = Writer::new(&mut client, "tx", true);
    let commit = |generation_id: i32, member: &'static str| {
        let partitions = vec![TxnOffsetCommitRequestPartition { committed_offset: 1, ..Default::default() }];
        TxnOffsetCommitRequest {
            transactional_id: "tx".into(),
            group_id: "g".into(),
            producer_id: writer.id,
            producer_epoch: writer.epoch,
            generation_id,
            member_id: member.into(),
            topics: vec![TxnOffsetCommitRequestTopic { name: "t".into(), partitions }],
            ..Default::default()
        }
    };
    let illegal = ErrorCode::IllegalGeneration.code();
    assert_eq!(writer.commit_as(&mut client, &commit(3, "m")), Some(illegal));
    assert_eq!(writer.commit_as(&mut client, &commit(-1, "")), Some(0));
    let unknown = ErrorCode::UnknownMemberId.code();
    assert_eq!(writer.commit_as(&mut client, &commit(3, "m")), Some(unknown));
}
