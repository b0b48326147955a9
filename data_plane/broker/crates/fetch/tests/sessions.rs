//! Sessions one by one: epochs, what is told, and who gives way to whom (KIP-227, behaviours 32 and 33).

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use headrace_fetch::{Ask, PartitionState, SessionConfig, SessionRequest, Sessions};
use headrace_types::ErrorCode;
use support::{SAFE_MS, ask, asks, config, failed, ids, key, key_by_id, loud, quiet, request};

/// Room that no test of something else uses up.
const ROOMY: usize = 1 << 20;

struct World {
    sessions: Sessions,
    fresh_id: Box<dyn FnMut() -> i32>,
    now_ms: u64,
}

impl World {
    fn new(config: SessionConfig) -> Self {
        Self { sessions: Sessions::new(config), fresh_id: Box::new(ids()), now_ms: 0 }
    }

    /// A fetch that finds every partition as `state` says; the session, and the partitions that the client is told of.
    fn fetch(
        &mut self,
        request: SessionRequest,
        state: impl Fn(i32) -> PartitionState,
    ) -> Result<(i32, Vec<i32>), ErrorCode> {
        let begun = self.sessions.begin(request, self.now_ms)?;
        let indexes: Vec<i32> = begun.asks.iter().map(|ask| ask.key.partition).collect();
        let states: Vec<PartitionState> = indexes.iter().map(|index| state(*index)).collect();
        let told = self.sessions.finish(&begun, &states, &mut self.fresh_id, self.now_ms)?;
        let included = indexes.into_iter().zip(told.included).filter(|(_, included)| *included);
        Ok((told.session_id, included.map(|(index, _)| index).collect()))
    }

    /// A new session of these partitions, all quiet.
    fn open(&mut self, partitions: std::ops::Range<i32>) -> i32 {
        self.fetch(request(0, 0, asks(partitions)), |_| quiet(0)).unwrap().0
    }

    fn is_open(&mut self, id: i32) -> bool {
        // An epoch that no session has yet tells an open one from one that is gone, and changes neither.
        self.fetch(request(id, 1_000, Vec::new()), |_| quiet(0)) == Err(ErrorCode::InvalidFetchSessionEpoch)
    }
}

#[test]
fn behaviour_32_only_what_has_changed_is_told() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..5);
    let mut epoch = 0;
    let mut next = |state: &dyn Fn(i32) -> PartitionState| {
        epoch += 1;
        world.fetch(request(id, epoch, Vec::new()), state).unwrap().1
    };
    assert_eq!(next(&|_| quiet(0)), Vec::<i32>::new());
    assert_eq!(next(&|index| quiet(i64::from(index == 1))), [1], "a high watermark");
    assert_eq!(
        next(&|index| PartitionState {
            log_start_offset: i64::from(index == 2),
            ..quiet(i64::from(index == 1))
        }),
        [2],
        "a log start"
    );
    let settled = |index: i32| PartitionState {
        log_start_offset: i64::from(index == 2),
        ..quiet(i64::from(index == 1))
    };
    assert_eq!(
        next(&|index| PartitionState { has_news: index == 3, ..settled(index) }),
        [3],
        "where its log departs"
    );
    assert_eq!(next(&|index| if index == 4 { failed() } else { settled(index) }), [4], "an error");
    assert_eq!(next(&|index| if index == 4 { failed() } else { settled(index) }), [4], "and again");
    assert_eq!(next(&settled), [4], "that it is over");
    assert_eq!(next(&settled), Vec::<i32>::new());
}

#[test]
fn behaviour_32_epochs_are_counted_and_checked() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..1);
    let mut code = |id, epoch| world.fetch(request(id, epoch, Vec::new()), |_| quiet(0)).err();
    assert_eq!(code(id + 1, 1), Some(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(code(0, 1), Some(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(code(id, 2), Some(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(code(id, -2), Some(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(code(id, 1), None);
    assert_eq!(code(id, 1), Some(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(code(id, 2), None);
}

#[test]
fn behaviour_32_a_session_keeps_to_names_or_to_ids() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..1);
    let by_id = SessionRequest { uses_topic_ids: true, ..request(id, 1, Vec::new()) };
    assert_eq!(world.fetch(by_id, |_| quiet(0)), Err(ErrorCode::FetchSessionTopicIdError));
    let first = Ask { key: key_by_id(0), ..ask(0, 0) };
    let by_id = SessionRequest { uses_topic_ids: true, ..request(0, 0, vec![first]) };
    let other = world.fetch(by_id, |_| quiet(0)).unwrap().0;
    let by_name = request(other, 1, Vec::new());
    assert_eq!(world.fetch(by_name, |_| quiet(0)), Err(ErrorCode::FetchSessionTopicIdError));
}

#[test]
fn behaviour_32_a_full_fetch_and_a_last_one_end_the_session_that_they_name() {
    let mut world = World::new(config(10, ROOMY));
    let (first, second) = (world.open(0..1), world.open(0..1));
    assert_eq!(world.fetch(request(first, -1, asks(0..2)), |_| quiet(0)), Ok((0, vec![0, 1])));
    let (third, told) = world.fetch(request(second, 0, asks(0..2)), |_| quiet(0)).unwrap();
    assert_eq!(told, [0, 1]);
    assert_eq!([first, second, third].map(|id| world.is_open(id)), [false, false, true]);
    assert_eq!(world.sessions.totals().sessions, 1);
}

#[test]
fn partitions_join_change_and_leave() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..3);
    let forgetful = SessionRequest { forgotten: vec![key(0)], ..request(id, 1, vec![ask(3, 5), ask(1, 7)]) };
    let begun = world.sessions.begin(forgetful, 0).unwrap();
    let read: Vec<(i32, i64)> = begun.asks.iter().map(|ask| (ask.key.partition, ask.offset)).collect();
    assert_eq!(read, [(1, 7), (2, 0), (3, 5)]);
    let told = world.sessions.finish(&begun, &[quiet(0); 3], ids(), 0).unwrap();
    assert_eq!(told.included, [false, false, true], "a new partition is news");
    let empty = SessionRequest { forgotten: vec![key(1), key(2), key(3)], ..request(id, 2, Vec::new()) };
    assert_eq!(world.fetch(empty, |_| quiet(0)), Ok((0, vec![])));
    assert!(!world.is_open(id), "a session of nothing is none");
}

#[test]
fn a_partition_with_records_has_its_next_turn_after_the_others() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..3);
    let told = world.fetch(request(id, 1, Vec::new()), |index| if index == 0 { loud(1) } else { quiet(0) });
    assert_eq!(told, Ok((id, vec![0])));
    let begun = world.sessions.begin(request(id, 2, Vec::new()), 0).unwrap();
    assert_eq!(begun.asks.iter().map(|ask| ask.key.partition).collect::<Vec<_>>(), [1, 2, 0]);
}

#[test]
fn where_a_partition_is_named_twice_the_last_word_counts() {
    let mut world = World::new(config(10, ROOMY));
    let begun = world.sessions.begin(request(0, -1, vec![ask(0, 1), ask(1, 2), ask(0, 3)]), 0).unwrap();
    let read: Vec<(i32, i64)> = begun.asks.iter().map(|ask| (ask.key.partition, ask.offset)).collect();
    assert_eq!(read, [(0, 3), (1, 2)]);
}

#[test]
fn behaviour_33_an_answer_that_the_client_did_not_wait_for_is_refused_and_changes_nothing() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..1);
    let first = world.sessions.begin(request(id, 1, Vec::new()), 0).unwrap();
    let second = world.sessions.begin(request(id, 2, Vec::new()), 0).unwrap();
    let late = world.sessions.finish(&first, &[quiet(9)], ids(), 0);
    assert_eq!(late, Err(ErrorCode::InvalidFetchSessionEpoch));
    let told = world.sessions.finish(&second, &[quiet(9)], ids(), 0).unwrap();
    assert_eq!(told.included, [true], "the news of the refused answer is still news");
}

#[test]
fn a_session_that_gave_way_during_a_fetch_loses_nothing() {
    let mut world = World::new(config(1, ROOMY));
    let id = world.open(0..2);
    let begun = world.sessions.begin(request(id, 1, Vec::new()), 0).unwrap();
    world.now_ms = SAFE_MS + 1;
    let other = world.open(0..1);
    assert_ne!(other, 0);
    let told = world.sessions.finish(&begun, &[quiet(0); 2], ids(), world.now_ms).unwrap();
    assert_eq!((told.session_id, told.included), (id, vec![true, true]));
    assert_eq!(world.fetch(request(id, 2, Vec::new()), |_| quiet(0)), Err(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn a_full_cache_declines_until_a_session_was_unused_for_long() {
    let mut world = World::new(config(2, ROOMY));
    let (first, second) = (world.open(0..1), world.open(0..1));
    assert_eq!(world.open(0..9), 0, "young sessions give way to none");
    world.now_ms = SAFE_MS;
    assert!(world.fetch(request(first, 1, Vec::new()), |_| quiet(0)).is_ok());
    assert_eq!(world.open(0..9), 0, "at the limit");
    world.now_ms = SAFE_MS + 1;
    assert_ne!(world.open(0..1), 0, "over it");
    assert_eq!([first, second].map(|id| world.is_open(id)), [true, false]);
    let totals = world.sessions.totals();
    assert_eq!((totals.sessions, totals.evicted, totals.declined), (2, 1, 2));
}

#[test]
fn an_old_session_in_use_gives_way_to_a_larger_one_only() {
    let mut world = World::new(config(1, ROOMY));
    let id = world.open(0..3);
    world.now_ms = SAFE_MS + 1;
    assert!(world.fetch(request(id, 1, Vec::new()), |_| quiet(0)).is_ok());
    assert_eq!([world.open(0..2), world.open(0..3)], [0, 0]);
    assert_ne!(world.open(0..4), 0);
    assert!(!world.is_open(id));
}

#[test]
fn bytes_are_bounded_too() {
    let mut one = World::new(config(10, ROOMY));
    one.open(0..1);
    let partition_bytes = one.sessions.totals().bytes;
    let mut world = World::new(config(10, 4 * partition_bytes));
    let id = world.open(0..3);
    assert_eq!(world.open(0..2), 0, "over the limit");
    assert_ne!(world.open(0..1), 0, "at the limit");
    assert_eq!(world.open(0..5), 0, "more than there could ever be");
    let grown = world.fetch(request(id, 1, vec![ask(7, 0)]), |_| quiet(0));
    assert_eq!(grown, Err(ErrorCode::FetchSessionIdNotFound), "growing over the limit ends the session");
    let totals = world.sessions.totals();
    assert_eq!((totals.sessions, totals.bytes, totals.declined), (1, partition_bytes, 3));
    let mut none = World::new(config(0, ROOMY));
    assert_eq!(none.open(0..1), 0);
}

#[test]
fn a_session_is_there_for_its_owner_only() {
    let mut world = World::new(config(10, ROOMY));
    let id = world.open(0..1);
    let foreign = |epoch| SessionRequest { owner: "User:two".into(), ..request(id, epoch, asks(0..1)) };
    assert_eq!(world.fetch(foreign(1), |_| quiet(0)), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(world.fetch(foreign(-1), |_| quiet(0)), Ok((0, vec![0])));
    assert!(world.is_open(id));
}

#[test]
fn a_fetch_of_nothing_opens_no_session() {
    let mut world = World::new(config(10, ROOMY));
    assert_eq!(world.open(0..0), 0);
    assert_eq!(world.sessions.totals().sessions, 0);
}

#[test]
fn ids_are_positive_and_not_given_twice() {
    let mut sessions = Sessions::new(config(10, ROOMY));
    let mut offered = [-5, 0, 7, 7, 8].into_iter();
    let mut fresh_id = || offered.next().unwrap();
    let mut open = || {
        let begun = sessions.begin(request(0, 0, asks(0..1)), 0).unwrap();
        sessions.finish(&begun, &[quiet(0)], &mut fresh_id, 0).unwrap().session_id
    };
    assert_eq!([open(), open()], [7, 8]);
}
