//! The topics over a simulated disk that fills up.

use std::{path::Path, rc::Rc, sync::Arc, time::Duration};

use headrace_commit::WalConfig;
use headrace_io::{Clock, Disk, Fault, ManualClock, Rng, SeededRng, SimDisk};
use headrace_records::BatchBuilder;
use headrace_types::{ErrorCode, PartitionIndex, TopicId, TopicPartition};
use headrace_usage::WindowLength;
use tokio::{
    task::LocalSet,
    time::{sleep, timeout},
};

use super::{Produced, SharedTopics, TopicRef, Topics, read::FetchSpec};
use crate::{config::LimitsConfig, usage::Usage};

mod cold_reads;
mod metering;
mod producers;
mod unreadable;

/// Far more than the tests write; its reserve of a twentieth is 50 kB.
const CAPACITY_BYTES: u64 = 1_000_000;
/// Small enough for that disk.
const WAL: WalConfig = WalConfig {
    first_segment_bytes: 32 * 1024,
    segment_bytes: 64 * 1024,
    segments_max: 3,
    bypass_bytes_min: 16 * 1024,
};
/// Two recovery points, of two slots a page apart.
const SIDE_FILES_BYTES: u64 = 2 * 4112;
const PRODUCE_VERSION: i16 = 12;

struct Setup {
    disk: SimDisk,
    clock: Arc<ManualClock>,
}

impl Setup {
    fn new() -> Self {
        let disk = SimDisk::new();
        disk.create_dir_all(Path::new("./topics")).unwrap();
        disk.sync_dir(Path::new(".")).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        Self { disk, clock: Arc::new(ManualClock::at(1_000_000)) }
    }

    fn open(&self) -> SharedTopics {
        self.open_within(&LimitsConfig::default())
    }

    fn open_within(&self, limits: &LimitsConfig) -> SharedTopics {
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(self.disk.operations()));
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let usage =
            Usage::open(Arc::clone(&disk), Arc::clone(&clock), rng.as_ref(), WindowLength::MINUTE).unwrap();
        let topics = Topics::open(disk, clock, rng, limits, usage, WAL).unwrap();
        topics.begin_metering().unwrap();
        topics.forget_replayed().unwrap();
        topics
    }
}

fn run<T>(act: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, act)
}

fn create(topics: &Topics, name: &str) -> TopicId {
    create_with(topics, name, &[])
}

fn create_with(topics: &Topics, name: &str, configs: &[(&str, &str)]) -> TopicId {
    let configs = configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    topics.create(topics.plan(name, 1, configs).unwrap()).unwrap()
}

fn partition(topic: TopicId) -> TopicPartition {
    TopicPartition { topic, partition: PartitionIndex::new(0) }
}

async fn append(topics: &Topics, log: TopicPartition, bytes: usize) -> Result<i64, ErrorCode> {
    let batch = BatchBuilder::new().value(&vec![7; bytes]).build();
    let produced = Produced { principal: Some("User:one"), records: &batch, api_version: PRODUCE_VERSION };
    let accepted = topics.append(log, produced, &|_| Ok(0)).map_err(|refusal| refusal.code)?;
    topics.durable(&[(log, accepted.appended.last_offset + 1)]).await;
    Ok(accepted.appended.base_offset)
}

const EVERYTHING: FetchSpec = FetchSpec {
    offset: 0,
    bytes_max: usize::MAX >> 1,
    first_bytes_max: usize::MAX,
    current_leader_epoch: -1,
    last_fetched_epoch: -1,
    committed: false,
};

fn fetched_bytes(topics: &Topics, log: TopicPartition) -> usize {
    let fetched = topics.try_fetch(log, &EVERYTHING, None).unwrap();
    assert_eq!(fetched.error, None);
    fetched.records.bytes().len()
}

#[test]
fn consumers_that_ask_for_the_same_share_one_read() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create(&topics, "t"));
        append(&topics, log, 100_000).await.unwrap();
        let mut room = topics.fetch_room(1_000_000, 0).await.unwrap();
        let mut fetch = || {
            let read_before = setup.disk.bytes_read();
            let fetched = topics.try_fetch(log, &EVERYTHING, None).unwrap();
            let sent = topics.send(log, 0, fetched.records, &mut room);
            (sent, setup.disk.bytes_read() - read_before)
        };
        let (first, read) = fetch();
        assert!(read > 100_000);
        let (second, read) = fetch();
        assert_eq!((read, second.as_ptr(), second.len()), (0, first.as_ptr(), first.len()));
        drop((first, second));
        assert!(fetch().1 > 100_000, "nothing stays in memory once it is sent");
    });
}

#[test]
fn what_is_not_in_memory_is_read_beside_the_event_loop() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create(&topics, "t"));
        append(&topics, log, 1_000).await.unwrap();
        let expected = topics.try_fetch(log, &EVERYTHING, None).unwrap().records.bytes().to_vec();
        setup.disk.set_cached(false);
        let cold = topics.try_fetch(log, &EVERYTHING, None).unwrap_err();
        let batches = topics.read_cold(log, cold).await.unwrap();
        let fetched = topics.try_fetch(log, &EVERYTHING, batches).unwrap();
        assert_eq!((fetched.error, fetched.high_watermark), (None, 1));
        assert_eq!(fetched.records.bytes(), expected);
        let cold = topics.try_fetch(log, &EVERYTHING, None).unwrap_err();
        topics.delete(TopicRef::Name("t")).unwrap();
        let read = topics.read_cold(log, cold).await;
        assert!(read.is_ok(), "a topic that goes meanwhile is no damage");
        let gone = topics.try_fetch(log, &EVERYTHING, read.unwrap()).unwrap();
        assert_eq!(gone.error, Some(ErrorCode::UnknownTopicOrPartition));
    });
}

#[test]
fn produce_stops_before_the_disk_is_full_and_goes_on_when_there_is_room() {
    let setup = Setup::new();
    setup.disk.set_capacity(Some(CAPACITY_BYTES));
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        let (kept, spare) = (partition(create(&topics, "kept")), partition(create(&topics, "spare")));
        append(&topics, spare, 500_000).await.unwrap();
        let mut appended = 0;
        let refused = loop {
            match append(&topics, kept, 10_000).await {
                Ok(_) => appended += 1,
                Err(code) => break code,
            }
        };
        assert_eq!(refused, ErrorCode::KafkaStorageError);
        let free = setup.disk.space(Path::new(".")).unwrap().free_bytes;
        // The reserve is also for recovery points and the like.
        assert!(free >= CAPACITY_BYTES / 20 - SIDE_FILES_BYTES, "{free} bytes are free");
        assert!(fetched_bytes(&topics, kept) > appended * 10_000, "reads go on");
        topics.delete(TopicRef::Name("spare")).unwrap();
        while setup.disk.exists(&super::opening::dir_of(spare)).unwrap() {
            tokio::task::yield_now().await;
        }
        setup.clock.advance(Duration::from_secs(2));
        assert_eq!(append(&topics, kept, 10_000).await, Ok(appended as i64));
    });
}

/// No round runs here: whoever waits for one waits for ever.
#[test]
fn a_relaxed_topic_acknowledges_and_serves_what_is_not_synced_and_a_strict_one_does_not() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        let relaxed = partition(create_with(&topics, "relaxed", &[("flush", "relaxed")]));
        let strict = partition(create_with(&topics, "strict", &[("flush", "strict")]));
        assert_eq!(append(&topics, relaxed, 100).await, Ok(0));
        assert_eq!(append(&topics, relaxed, 100).await, Ok(1));
        assert!(fetched_bytes(&topics, relaxed) > 200);
        assert_eq!(topics.with_log(relaxed, |log| log.durable_offset().get()), Ok(0));
        assert!(timeout(Duration::ZERO, append(&topics, strict, 100)).await.is_err());
        assert_eq!(fetched_bytes(&topics, strict), 0);
    });
}

#[test]
fn what_a_relaxed_topic_acknowledged_is_synced_a_little_later() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        tokio::task::spawn_local(Rc::clone(&topics).keep_relaxed());
        let log = partition(create_with(&topics, "relaxed", &[("flush", "relaxed")]));
        append(&topics, log, 100).await.unwrap();
        while topics.with_log(log, |log| log.durable_offset().get()) == Ok(0) {
            sleep(Duration::from_millis(10)).await;
        }
        setup.disk.crash(&SeededRng::new(1));
        assert_eq!(fetched_bytes(&setup.open(), log), fetched_bytes(&topics, log));
    });
}

/// Set in the process that is to end.
const CHILD: &str = "HEADRACE_TEST_FAILS_TO_SYNC";
const EXIT_STORAGE: i32 = 3;

#[test]
fn a_failed_sync_ends_the_process_and_acknowledges_nothing() {
    if std::env::var_os(CHILD).is_some() {
        return fail_to_sync();
    }
    let name = "topics::tests::a_failed_sync_ends_the_process_and_acknowledges_nothing";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    assert_eq!(output.status.code(), Some(EXIT_STORAGE), "{}", String::from_utf8_lossy(&output.stderr));
}

fn fail_to_sync() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create(&topics, "t"));
        append(&topics, log, 10).await.unwrap();
        setup.disk.inject(Fault::SyncError);
        let acknowledged = append(&topics, log, 10).await;
        panic!("acknowledged after a failed sync: {acknowledged:?}");
    });
}

#[test]
fn batches_that_are_refused_for_what_they_are_are_counted() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open();
        tokio::task::spawn_local(Rc::clone(&topics).keep_durable());
        let log = partition(create_with(&topics, "t", &[("max.message.bytes", "2000")]));
        let counted = || topics.metrics().refused("message_too_large");
        assert_eq!(append(&topics, log, 1_000).await, Ok(0));
        assert_eq!(counted(), 0);
        assert_eq!(append(&topics, log, 2_000).await, Err(ErrorCode::MessageTooLarge));
        assert_eq!(counted(), 1);
    });
}
