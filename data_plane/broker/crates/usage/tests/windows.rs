//! When windows begin and end, how long they wait, and what they refuse to tell apart.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

use headrace_types::{PartitionIndex, TopicId, TopicPartition};
use headrace_usage::{
    Append, Meter, Now, OTHER, Quantity, Snapshot, StoredMeter, Window, WindowLength,
    limits::{
        PRINCIPAL_BYTES_MAX, PRINCIPALS_PER_WINDOW_MAX, WINDOW_APPENDED_BYTES_MAX, WINDOW_ENTRIES_MAX,
        WINDOWS_WAITING_MAX,
    },
};
use uuid::Uuid;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// An hour begins here.
const START_MS: i64 = 500_000 * HOUR_MS;

fn at(ms: i64) -> Now {
    Now { wall_ms: START_MS + ms, mono_ms: ms }
}

fn meter(ms: i64) -> Meter {
    Meter::create(Uuid::from_u128(1), WindowLength::MINUTE, at(ms))
}

fn log() -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([1; 16]), partition: PartitionIndex::new(0) }
}

fn close(meter: &mut Meter, now: Now) -> Window {
    meter.close(now, Snapshot::default(), |_| Some(i64::MAX));
    let window = meter.unwritten().unwrap().window.clone();
    meter.written();
    window
}

/// Start, end and running time, from [`START_MS`] on.
fn times(window: &Window) -> (i64, i64, i64) {
    (window.started_at_ms - START_MS, window.ended_at_ms - START_MS, window.running_ms)
}

#[test]
fn windows_end_at_full_minutes_though_the_timer_is_late() {
    let mut meter = meter(20_000);
    assert_eq!(meter.wait_ms(at(20_000)), 40_000);
    assert!(!meter.is_due(at(MINUTE_MS - 1)) && meter.is_due(at(MINUTE_MS)));
    assert_eq!(times(&close(&mut meter, at(MINUTE_MS + 7))), (20_000, MINUTE_MS, 40_000));
    assert_eq!(meter.wait_ms(at(MINUTE_MS + 7)), MINUTE_MS as u64 - 7);
    let second = close(&mut meter, at(2 * MINUTE_MS));
    assert_eq!(times(&second), (MINUTE_MS, 2 * MINUTE_MS, MINUTE_MS));
}

#[test]
fn a_window_closed_early_is_followed_by_the_rest_of_its_minute() {
    let mut meter = meter(0);
    assert_eq!(times(&close(&mut meter, at(10_000))), (0, 10_000, 10_000));
    assert_eq!(times(&close(&mut meter, at(10_000))), (10_000, 10_001, 0));
    assert_eq!(meter.wait_ms(at(10_000)), 1);
    assert_eq!(times(&close(&mut meter, at(MINUTE_MS))), (10_001, MINUTE_MS, 49_999));
}

#[test]
fn time_in_which_no_broker_ran_lies_in_no_window() {
    let mut meter = meter(0);
    let asleep = Now { wall_ms: START_MS + 10 * HOUR_MS + 5_000, mono_ms: 30_000 };
    assert_eq!(times(&close(&mut meter, asleep)), (0, MINUTE_MS, 30_000));
    let next = Now { wall_ms: asleep.wall_ms + 55_000, mono_ms: 85_000 };
    assert!(meter.is_due(next));
    assert_eq!(times(&close(&mut meter, next)), (10 * HOUR_MS + 5_000, 10 * HOUR_MS + MINUTE_MS, 55_000));
}

#[test]
fn a_clock_that_goes_back_holds_the_boundary_and_windows_go_on() {
    let mut meter = meter(30_000);
    close(&mut meter, at(MINUTE_MS));
    let back = |ms: i64| Now { wall_ms: START_MS - HOUR_MS, mono_ms: MINUTE_MS + ms };
    assert!(!meter.is_due(back(MINUTE_MS - 1)) && meter.is_due(back(MINUTE_MS)));
    assert_eq!(times(&close(&mut meter, back(MINUTE_MS))), (MINUTE_MS, MINUTE_MS + 1, 1));
    assert!(!meter.is_due(back(2 * MINUTE_MS - 1)) && meter.is_due(back(2 * MINUTE_MS)));
    assert_eq!(times(&close(&mut meter, back(2 * MINUTE_MS))), (MINUTE_MS + 1, MINUTE_MS + 2, 1));
    assert_eq!(times(&close(&mut meter, at(2 * MINUTE_MS))).1, 2 * MINUTE_MS);
}

#[test]
fn a_window_lasts_to_the_end_of_its_hour_while_too_many_wait() {
    let mut meter = meter(0);
    for _ in 0..WINDOWS_WAITING_MAX {
        close(&mut meter, at(1));
    }
    assert_eq!(meter.waiting(), WINDOWS_WAITING_MAX);
    assert_eq!(close(&mut meter, at(HOUR_MS)).ended_at_ms, START_MS + HOUR_MS);
    assert_eq!(meter.wait_ms(at(HOUR_MS)), HOUR_MS as u64);
    let stored = meter.stored(meter.closed_through());
    meter.is_stored(&stored, at(HOUR_MS + 5 * MINUTE_MS + 1));
    assert_eq!(meter.wait_ms(at(HOUR_MS + 5 * MINUTE_MS + 1)), MINUTE_MS as u64 - 1);
    let window = close(&mut meter, at(HOUR_MS + 6 * MINUTE_MS));
    assert_eq!(times(&window), (HOUR_MS, HOUR_MS + 6 * MINUTE_MS, 6 * MINUTE_MS));
}

#[test]
fn a_window_lasts_to_the_end_of_its_hour_while_none_can_be_written() {
    let mut meter = meter(0);
    meter.close(at(MINUTE_MS), Snapshot::default(), |_| None);
    meter.set_stuck(true, at(MINUTE_MS));
    assert_eq!(meter.wait_ms(at(MINUTE_MS)), (HOUR_MS - MINUTE_MS) as u64);
    meter.written();
    meter.set_stuck(false, at(3 * MINUTE_MS));
    assert_eq!(meter.wait_ms(at(3 * MINUTE_MS)), MINUTE_MS as u64);
}

#[test]
fn data_of_a_killed_broker_stays_in_the_window_in_which_it_ran() {
    let mut meter = meter(0);
    close(&mut meter, at(MINUTE_MS));
    let stored = StoredMeter::decode(&meter.stored(0).encode().unwrap()).unwrap();
    let later = at(3 * 24 * HOUR_MS);
    let mut meter = Meter::resume(stored, Vec::new(), None, WindowLength::MINUTE, later).unwrap();
    meter.found(log(), "t", "ours", 5, Quantity { bytes: 100, records: 5 });
    meter.begin(later, Snapshot::default());
    let closed = meter.unwritten().unwrap();
    assert_eq!(times(&closed.window), (MINUTE_MS, 2 * MINUTE_MS, 0));
    assert_eq!(closed.window.appended[0].bytes, 100);
    assert_eq!(closed.next_started_at_ms, later.wall_ms);
}

#[test]
fn what_is_not_durable_counts_in_a_later_window() {
    let mut meter = meter(0);
    let append = |base_offset, principal| Append {
        principal,
        base_offset,
        next_offset: base_offset + 1,
        quantity: Quantity { bytes: 70, records: 1 },
    };
    for offset in 0..4 {
        meter.appended(log(), "t", &append(offset, "User:one"), offset);
    }
    meter.close(at(MINUTE_MS), Snapshot::default(), |_| Some(3));
    let range = meter.unwritten().unwrap().window.appended[0].clone();
    assert_eq!((range.first_offset, range.next_offset, range.bytes), (0, 3, 210));
    meter.written();
    let rest = close(&mut meter, at(2 * MINUTE_MS)).appended[0].clone();
    assert_eq!(
        (rest.first_offset, rest.next_offset, rest.by_principal[0].principal.as_str()),
        (3, 4, "User:one")
    );
    meter.appended(log(), "t", &append(2, "User:one"), 9);
    assert!(close(&mut meter, at(3 * MINUTE_MS)).appended.is_empty(), "an offset counts once");
}

#[test]
fn principals_beyond_the_limits_count_as_others() {
    let mut meter = meter(0);
    let topic = log().topic;
    meter.read(topic, "t", &"x".repeat(PRINCIPAL_BYTES_MAX + 1), 1);
    for number in 0..=PRINCIPALS_PER_WINDOW_MAX {
        meter.read(topic, "t", &format!("User:{number}"), 10);
    }
    let traffic = close(&mut meter, at(MINUTE_MS)).traffic;
    assert_eq!(traffic.len(), PRINCIPALS_PER_WINDOW_MAX + 1);
    let others = traffic.iter().find(|row| row.principal == OTHER).unwrap();
    assert_eq!((others.read_bytes, others.read_requests), (11, 2));
}

#[test]
fn a_window_with_too_much_in_it_closes_early() {
    let mut meter = meter(0);
    let topics = (0..).map(|number| TopicId::new(Uuid::from_u128(number)));
    for topic in topics.take(WINDOW_ENTRIES_MAX) {
        assert!(!meter.is_full());
        meter.read(topic, "t", "User:one", 1);
    }
    assert!(meter.is_full() && meter.is_due(at(1)));
    meter.read(log().topic, "t", "User:one", 1);
    let window = close(&mut meter, at(1_000));
    assert_eq!((times(&window), meter.is_full()), ((0, 1_000, 1_000), false));
    assert_eq!(window.traffic.iter().filter(|row| row.principal == OTHER).count(), 1);
}

#[test]
fn a_window_with_much_appended_closes_early_and_tells_principals_apart() {
    let mut meter = meter(0);
    let append = |base_offset, principal| Append {
        principal,
        base_offset,
        next_offset: base_offset + 1,
        quantity: Quantity { bytes: WINDOW_APPENDED_BYTES_MAX / 2, records: 1 },
    };
    meter.appended(log(), "t", &append(0, "User:one"), 0);
    assert!(!meter.is_full());
    meter.appended(log(), "t", &append(1, "User:two"), 0);
    assert!(meter.is_due(at(1)));
    meter.appended(log(), "t", &append(2, "User:three"), 0);
    meter.close(at(1_000), Snapshot::default(), |_| Some(1));
    assert!(!meter.is_full(), "what is full waits to be written");
    meter.written();
    assert!(meter.is_full(), "what was not durable is carried over");
    let principals: Vec<_> = close(&mut meter, at(2_000)).appended.remove(0).by_principal;
    let names: Vec<&str> = principals.iter().map(|share| share.principal.as_str()).collect();
    assert_eq!(names, ["User:three", "User:two"]);
}

#[test]
fn a_gap_in_the_ids_is_named() {
    let mut meter = meter(0);
    let stored = meter.stored(0);
    meter.close(at(1), Snapshot::default(), |_| None);
    let mut closed = meter.unwritten().unwrap().clone();
    closed.window.id = 2;
    let refused = Meter::resume(stored, vec![closed], None, WindowLength::MINUTE, at(2)).unwrap_err();
    assert_eq!((refused.expected, refused.found), (1, 2));
}

#[test]
fn windows_are_stored_as_they_are_served() {
    let mut meter = meter(0);
    let append = Append {
        principal: "User:one",
        base_offset: 0,
        next_offset: 2,
        quantity: Quantity { bytes: 90, records: 2 },
    };
    meter.appended(log(), "t", &append, 2);
    meter.produced(log().topic, "t", "User:one");
    let window = close(&mut meter, at(MINUTE_MS));
    let served = serde_json::to_value(&window).unwrap();
    let topic_id = "AQEBAQEBQQGBAQEBAQEBAQ";
    let expected = serde_json::json!({
        "id": 1, "started_at_ms": START_MS, "ended_at_ms": START_MS + MINUTE_MS, "running_ms": MINUTE_MS,
        "stored_bytes": 0, "partitions": 0, "connections": 0,
        "appended": [{
            "topic_id": topic_id, "topic": "t", "partition": 0, "first_offset": 0, "next_offset": 2, "bytes": 90,
            "records": 2, "by_principal": [{"principal": "User:one", "bytes": 90, "records": 2}],
        }],
        "traffic": [{
            "topic_id": topic_id, "topic": "t", "principal": "User:one", "read_bytes": 0, "read_requests": 0,
            "produce_requests": 1,
        }],
    });
    assert_eq!(served, expected);
    assert_eq!(serde_json::from_value::<Window>(served).unwrap(), window);
}
