//! What was acknowledged is there after a kill: once, in order, at its offset.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;

use crate::{
    calls::{
        PRODUCE, batch, create, fetch, metadata, produce, produce_request, producer_id, read_all, try_produce,
    },
    support::{Broker, Client, program},
};

const PRODUCERS: usize = 4;
const PARTITIONS: usize = 2;
/// Acknowledgements after which the broker is killed.
const ACKNOWLEDGED_BEFORE_KILL: usize = 300;

/// An idempotent producer that stops when the broker goes away and goes on where it was not answered.
struct Producer {
    id: i64,
    number: usize,
    next: i32,
    /// Offset and value of every acknowledged record.
    acknowledged: Vec<(i64, String)>,
}

impl Producer {
    fn partition(&self) -> i32 {
        (self.number % PARTITIONS) as i32
    }

    /// Sends until the broker goes away or `until` says so.
    fn run(&mut self, client: &mut Client, until: impl Fn(&Self) -> bool) {
        while !until(self) {
            let value = format!("{}/{}", self.number, self.next);
            let batch = BatchBuilder::new().producer(self.id, 0, self.next).value(value.as_bytes()).build();
            let request = produce_request("load", self.partition(), &batch, -1);
            let Some(produced) = try_produce(client, &request, PRODUCE) else { return };
            assert_eq!(produced[0].error, 0, "{}", produced[0].message);
            self.acknowledged.push((produced[0].base_offset, value));
            self.next += 1;
        }
    }
}

fn start_producers(broker: &Broker) -> Vec<Producer> {
    let mut client = broker.connect();
    let id = |_| producer_id(&mut client, None).1;
    let ids: Vec<i64> = (0..PRODUCERS).map(id).collect();
    ids.into_iter()
        .enumerate()
        .map(|(number, id)| Producer { id, number, next: 0, acknowledged: vec![] })
        .collect()
}

#[test]
fn every_acknowledged_record_is_there_once_and_in_order_after_kills_under_load() {
    let mut broker = Broker::dev();
    create(&mut broker.connect(), "load", PARTITIONS as i32, &[("segment.bytes", "1048576")]);
    let mut producers = start_producers(&broker);
    for _ in 0..3 {
        broker = kill_under_load(broker, &mut producers);
    }
    let mut client = broker.connect();
    for producer in &mut producers {
        let goal = producer.acknowledged.len() + 20;
        producer.run(&mut client, |producer| producer.acknowledged.len() >= goal);
    }
    for partition in 0..PARTITIONS {
        let found = read_all(&mut client, "load", partition as i32);
        assert!(
            found.iter().zip(0..).all(|((offset, _), expected)| *offset == expected),
            "offsets are dense"
        );
        for producer in producers.iter().filter(|producer| producer.partition() == partition as i32) {
            let mine = format!("{}/", producer.number);
            let read: Vec<_> = found.iter().filter(|(_, value)| value.starts_with(&mine)).cloned().collect();
            assert_eq!(read, producer.acknowledged);
        }
    }
}

/// Kills the broker once enough was acknowledged, and starts the next one in its directory.
fn kill_under_load(broker: Broker, producers: &mut [Producer]) -> Broker {
    let acknowledged = AtomicUsize::new(0);
    let clients: Vec<Client> = producers.iter().map(|_| broker.connect()).collect();
    let data_dir = thread::scope(|scope| {
        for (producer, mut client) in producers.iter_mut().zip(clients) {
            let acknowledged = &acknowledged;
            scope.spawn(move || {
                producer.run(&mut client, |_| {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    false
                });
            });
        }
        while acknowledged.load(Ordering::Relaxed) < ACKNOWLEDGED_BEFORE_KILL {
            thread::yield_now();
        }
        broker.kill()
    });
    Broker::dev_in(data_dir)
}

#[test]
fn a_clean_stop_keeps_everything_and_leaves_a_checkpoint() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["one", "two"]));
    client.request(&produce_request("t", 0, &batch(&["unacknowledged"]), 0), PRODUCE);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["three"])).base_offset, 3);
    drop(client);
    let checkpoints = |path: &std::path::Path| {
        let dirs = fs::read_dir(path.join("topics")).unwrap();
        dirs.filter(|dir| dir.as_ref().unwrap().path().join("checkpoint").exists()).count()
    };
    let data_dir = tempfile::TempDir::new().unwrap();
    let path = broker.data_dir.path().to_owned();
    let kept = data_dir.path().join("kept");
    // The directory outlives its broker under another name.
    fs::create_dir(&kept).unwrap();
    let status = stop_and_keep(broker, &path, &kept);
    assert!(status.success());
    assert_eq!(checkpoints(&kept), 1);
}

fn stop_and_keep(
    mut broker: Broker,
    path: &std::path::Path,
    kept: &std::path::Path,
) -> std::process::ExitStatus {
    let original = std::mem::replace(&mut broker.data_dir, tempfile::TempDir::new().unwrap());
    let status = broker.terminate().0;
    fs::rename(path.join("topics"), kept.join("topics")).unwrap();
    drop(original);
    status
}

#[test]
fn a_damaged_partition_is_offline_and_its_neighbours_serve() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 2, &[]);
    for partition in 0..2 {
        produce(&mut client, "t", partition, &batch(&["one"]));
        produce(&mut client, "t", partition, &batch(&["two"]));
    }
    let data_dir = broker.kill();
    let segment = data_dir.path().join(format!("topics/{id}-0/00000000000000000000.log"));
    let mut bytes = fs::read(&segment).unwrap();
    bytes[64 + 16] ^= 0x10;
    fs::write(&segment, &bytes).unwrap();
    let broker = Broker::dev_in(data_dir);
    let mut client = broker.connect();
    let offline = ErrorCode::KafkaStorageError.code();
    assert_eq!(produce(&mut client, "t", 0, &batch(&["x"])).error, offline);
    assert_eq!(fetch(&mut client, "t", 0, 0).error_code, offline);
    assert_eq!(read_all(&mut client, "t", 1).len(), 2);
    assert_eq!(metadata(&mut client, "t").2, 2);
    assert_eq!(fs::read(&segment).unwrap(), bytes, "the damaged file is left alone");
}

#[test]
fn a_directory_that_no_topic_explains_is_left_alone() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "earlier", 1, &[]);
    let catalog = broker.data_dir.path().join("topics.catalog");
    let earlier = fs::read(&catalog).unwrap();
    let id = create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["one"]));
    let data_dir = broker.kill();
    fs::write(&catalog, earlier).unwrap();
    let half_made = format!("topics/{}-0", uuid::Uuid::from_u128(9));
    fs::create_dir(data_dir.path().join(&half_made)).unwrap();
    fs::create_dir(data_dir.path().join("topics/lost+found")).unwrap();
    let broker = Broker::dev_in(data_dir);
    assert!(broker.data_dir.path().join(format!("topics/{id}-0")).exists());
    assert!(!broker.data_dir.path().join(half_made).exists());
    assert!(broker.data_dir.path().join("topics/lost+found").exists());
    assert_eq!(metadata(&mut broker.connect(), "t").0, ErrorCode::UnknownTopicOrPartition.code());
}

#[test]
fn data_without_a_catalog_is_refused_and_not_taken_for_an_empty_cluster() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["one"]));
    let data_dir = broker.kill();
    fs::remove_file(data_dir.path().join("topics.catalog")).unwrap();
    let mut command = program();
    command.args(["dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("topics.catalog: the file is missing"), "{said}");
}
