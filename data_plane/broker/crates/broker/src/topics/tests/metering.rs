//! Metering over a simulated disk: what goes is counted before, through power cuts and on a full disk.

use std::{path::Path, rc::Rc, time::Duration};

use headrace_io::{Disk, SeededRng};
use headrace_types::{Offset, TopicId, TopicPartition};
use headrace_usage::Window;
use tokio::task::spawn_local;

use super::super::{SharedTopics, TopicRef, opening};
use super::{CAPACITY_BYTES, Setup, append, create, create_with, partition, run};

/// Older than what the tests keep.
const LATER: Duration = Duration::from_hours(1);

fn start(setup: &Setup) -> SharedTopics {
    let topics = setup.open();
    spawn_local(Rc::clone(&topics).keep_durable());
    topics
}

/// Lets go of a broker that the power takes: what it has begun on other threads must not go on on the disk of the next one.
async fn end(topics: SharedTopics) {
    while !topics.state.borrow().commit.is_idle() || topics.is_settling.get() {
        tokio::task::yield_now().await;
    }
}

/// Closes the open window and answers every window.
async fn windows(topics: &SharedTopics) -> Vec<Window> {
    topics.usage.close(topics, 0);
    topics.usage.write_closed().await.unwrap();
    topics.usage.page(0, usize::MAX).await.unwrap().windows
}

/// Bytes that all windows together count of a topic, after checking that its ranges follow each other.
async fn metered(topics: &SharedTopics, topic: TopicId) -> u64 {
    let (mut next, mut bytes) = (0, 0);
    let windows = windows(topics).await;
    for range in windows.iter().filter_map(|window| window.range_of(partition(topic))) {
        assert_eq!(range.first_offset, next);
        next = range.next_offset;
        bytes += range.bytes;
    }
    bytes
}

fn held(topics: &SharedTopics, log: TopicPartition) -> u64 {
    topics.with_log(log, |log| log.measure(log.log_start(), Offset::new(i64::MAX)).unwrap().bytes).unwrap()
}

#[test]
fn retention_removes_nothing_before_it_is_counted_durably() {
    for seed in 0..20 {
        let setup = Setup::new();
        run(async {
            let topics = start(&setup);
            let topic = create_with(&topics, "t", &[("retention.ms", "1"), ("segment.bytes", "1048576")]);
            for _ in 0..40 {
                append(&topics, partition(topic), 60_000).await.unwrap();
            }
            let appended = held(&topics, partition(topic));
            setup.clock.advance(LATER);
            topics.retain(partition(topic));
            let left = held(&topics, partition(topic));
            assert!(left < appended / 2, "{left} bytes of {appended} are left");
            end(topics).await;
            setup.disk.crash(&SeededRng::new(seed));
            let topics = start(&setup);
            assert_eq!(metered(&topics, topic).await, appended);
        });
    }
}

#[test]
fn on_a_full_disk_topics_can_be_deleted_and_memory_counts() {
    let setup = Setup::new();
    setup.disk.set_capacity(Some(CAPACITY_BYTES));
    run(async {
        let topics = start(&setup);
        let topic = create(&topics, "t");
        append(&topics, partition(topic), 100_000).await.unwrap();
        let appended = held(&topics, partition(topic));
        let free = setup.disk.space(Path::new(".")).unwrap().free_bytes;
        // Room for the catalog alone.
        setup.disk.set_capacity(Some(CAPACITY_BYTES - free + 200));
        topics.delete(TopicRef::Name("t")).unwrap();
        while setup.disk.exists(&opening::dir_of(partition(topic))).unwrap() {
            tokio::task::yield_now().await;
        }
        assert_eq!(metered(&topics, topic).await, appended);
    });
}

/// One thing after the other, with a power cut after each: nothing is lost, nothing counts twice.
#[test]
fn a_power_cut_after_any_step_leaves_every_byte_counted_once() {
    const STEPS: usize = 9;
    for (cut, seed) in (0..=STEPS).flat_map(|cut| (0..8).map(move |seed| (cut, seed))) {
        let setup = Setup::new();
        run(async {
            let topics = start(&setup);
            let (kept, gone) = (create(&topics, "kept"), create(&topics, "gone"));
            let mut appended_to_gone = 0;
            for step in 0..cut {
                match step {
                    0 | 3 | 5 | 8 => {
                        append(&topics, partition(kept), 100).await.unwrap();
                    }
                    1 => {
                        append(&topics, partition(gone), 100).await.unwrap();
                        appended_to_gone = held(&topics, partition(gone));
                    }
                    2 | 7 => {
                        windows(&topics).await;
                    }
                    4 => topics.usage.shut_down(&topics),
                    _ => {
                        topics.delete(TopicRef::Name("gone")).unwrap();
                    }
                }
            }
            end(topics).await;
            setup.disk.crash(&SeededRng::new(seed));
            let topics = start(&setup);
            let held = held(&topics, partition(kept));
            assert_eq!(metered(&topics, kept).await, held, "cut after {cut} steps");
            assert_eq!(metered(&topics, gone).await, appended_to_gone, "cut after {cut} steps");
        });
    }
}

#[test]
fn reads_of_the_control_plane_are_on_nobodys_account() {
    let setup = Setup::new();
    run(async {
        let topics = start(&setup);
        let topic = create(&topics, "t");
        topics.usage.read(topic, "t", Some("User:control-plane"), 100);
        topics.usage.read(topic, "t", Some("User:one"), 10);
        let windows = windows(&topics).await;
        let read: Vec<_> =
            windows[0].traffic.iter().map(|row| (row.principal.as_str(), row.read_bytes)).collect();
        assert_eq!(read, [("User:one", 10)]);
    });
}

#[test]
fn a_clock_that_goes_back_makes_no_windows_that_overlap() {
    let setup = Setup::new();
    run(async {
        let topics = start(&setup);
        for step_ms in [61_000, -3_600_000, 1_000, 7_200_000, -86_400_000] {
            setup.clock.step_wall(step_ms);
            windows(&topics).await;
        }
        drop(topics);
        let topics = start(&setup);
        let windows = windows(&topics).await;
        assert_eq!(windows.len(), 6);
        assert!(windows.windows(2).all(|pair| pair[0].ended_at_ms <= pair[1].started_at_ms));
        assert!(windows.iter().all(|window| window.started_at_ms < window.ended_at_ms));
    });
}

#[test]
fn windows_that_find_the_disk_full_wait_for_room() {
    let setup = Setup::new();
    run(async {
        let topics = start(&setup);
        let topic = create(&topics, "t");
        append(&topics, partition(topic), 1_000).await.unwrap();
        let appended = held(&topics, partition(topic));
        setup.disk.set_capacity(Some(1));
        topics.usage.close(&topics, 0);
        assert!(topics.usage.write_closed().await.unwrap_err().is_full());
        assert!(topics.usage.page(0, 1).await.unwrap().windows.is_empty());
        setup.disk.set_capacity(None);
        assert_eq!(metered(&topics, topic).await, appended);
    });
}
