//! Logs of which the medium gives out nothing: an error of theirs, and of nobody else.

use std::{rc::Rc, time::Duration};

use headrace_log::{
    TimestampWanted,
    segment::{index_name, log_name},
};
use headrace_records::DecompressionLimits;
use headrace_types::{ErrorCode, TopicPartition};
use tokio::task::{spawn_local, yield_now};

use super::super::{SharedTopics, opening::dir_of};
use super::{EVERYTHING, Setup, append, create_with, partition, run};

/// Older than what the topics keep.
const LATER: Duration = Duration::from_hours(1);
const SETTINGS: [(&str, &str); 2] = [("segment.bytes", "1048576"), ("retention.ms", "60000")];
/// Two batches of it do not fit into one segment.
const BATCH_BYTES: usize = 700_000;

fn start(setup: &Setup) -> SharedTopics {
    let topics = setup.open();
    spawn_local(Rc::clone(&topics).keep_durable());
    topics
}

/// Two logs of three segments, of which nothing is open.
async fn two_logs(setup: &Setup) -> (SharedTopics, TopicPartition, TopicPartition) {
    let topics = start(setup);
    let create = |name| partition(create_with(&topics, name, &SETTINGS));
    let (bad, good) = (create("bad"), create("good"));
    for log in [bad, good] {
        for offset in 0..3 {
            assert_eq!(append(&topics, log, BATCH_BYTES).await, Ok(offset));
        }
    }
    while !topics.state.borrow().commit.is_idle() || topics.is_settling.get() {
        yield_now().await;
    }
    // What is counted is not read again by the next start.
    topics.usage.close(&topics, 0);
    topics.usage.write_closed().await.unwrap();
    (start(setup), bad, good)
}

fn set_unreadable(setup: &Setup, log: TopicPartition, is_unreadable: bool) {
    for name in [log_name(0), index_name(0)] {
        setup.disk.set_unreadable(&dir_of(log).join(name), is_unreadable);
    }
}

/// The first bytes of a log as a fetch reads them.
async fn fetch(topics: &SharedTopics, log: TopicPartition) -> Result<usize, ErrorCode> {
    let mut cold = None;
    loop {
        match topics.try_fetch(log, &EVERYTHING, cold.take()) {
            Ok(fetched) => return fetched.error.map_or(Ok(fetched.records.bytes().len()), Err),
            Err(read) => cold = topics.read_cold(log, read).await?,
        }
    }
}

async fn find(topics: &SharedTopics, log: TopicPartition) -> Result<Option<i64>, ErrorCode> {
    let wanted = TimestampWanted::AtLeast(0);
    let found = topics.find_timestamp(log, wanted, DecompressionLimits::default()).await?;
    Ok(found.map(|found| found.offset))
}

fn log_start(topics: &SharedTopics, log: TopicPartition) -> i64 {
    topics.with_log(log, |log| log.log_start().get()).unwrap()
}

#[test]
fn what_can_not_be_read_is_an_error_of_its_partition_and_nothing_else() {
    let setup = Setup::new();
    run(async {
        let (topics, bad, good) = two_logs(&setup).await;
        set_unreadable(&setup, bad, true);
        assert_eq!(fetch(&topics, bad).await, Err(ErrorCode::KafkaStorageError));
        assert_eq!(find(&topics, bad).await, Err(ErrorCode::KafkaStorageError));
        assert!(fetch(&topics, good).await.unwrap() > BATCH_BYTES);
        assert_eq!(find(&topics, good).await, Ok(Some(0)));
        setup.clock.advance(LATER);
        for log in [bad, good] {
            topics.retain_all(log).await;
        }
        assert_eq!(log_start(&topics, bad), 0, "nobody knows how old it is");
        assert!(log_start(&topics, good) > 0);
        assert_eq!(append(&topics, bad, 100).await, Ok(3), "producers go on");
        set_unreadable(&setup, bad, false);
        topics.retain_all(bad).await;
        assert!(log_start(&topics, bad) > 0);
    });
}

#[test]
fn what_is_not_in_memory_is_waited_for_beside_the_event_loop_alone() {
    let setup = Setup::new();
    run(async {
        let (topics, log, _) = two_logs(&setup).await;
        setup.clock.advance(LATER);
        let reads = || (setup.disk.bytes_read(), topics.metrics.cold_reads.get());
        let (bytes_before, waits_before) = reads();
        let cold = topics.retain(log).unwrap();
        assert_eq!(reads(), (bytes_before, waits_before), "planning reads nothing");
        drop(cold);
        topics.retain_all(log).await;
        let (_, waits_of_retention) = reads();
        assert!(waits_of_retention > waits_before);
        find(&topics, log).await.unwrap();
        assert_eq!(reads().1, waits_of_retention + 1, "one wait for one search");
    });
}
