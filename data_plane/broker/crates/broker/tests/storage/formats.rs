//! Data directories of earlier formats go on, and a write-ahead log that can not be trusted is refused by name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    calls::{batch, create, produce, read_all},
    support::{Broker, program},
};

/// Left by a kill of a broker that had no write-ahead log: topic `orders`, two partitions of ten records each.
const BEFORE_THE_WAL: &str = "tests/fixtures/before-wal";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn values(broker: &Broker, partition: i32) -> Vec<String> {
    read_all(&mut broker.connect(), "orders", partition).into_iter().map(|(_, value)| value).collect()
}

#[test]
fn a_data_directory_from_before_the_write_ahead_log_opens_and_goes_on() {
    let data_dir = tempfile::TempDir::new().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(BEFORE_THE_WAL), data_dir.path());
    let mut broker = Broker::dev_in(data_dir);
    let mut expected: Vec<String> = (0..20).step_by(2).map(|number| format!("value {number}")).collect();
    for round in 0..2 {
        assert_eq!(values(&broker, 0), expected);
        let value = format!("round {round}");
        let produced = produce(&mut broker.connect(), "orders", 0, &batch(&[&value]));
        assert_eq!(produced.base_offset, expected.len() as i64);
        expected.push(value);
        broker = Broker::dev_in(broker.kill());
    }
    assert_eq!(values(&broker, 0), expected);
    assert_eq!(values(&broker, 1).len(), 10);
}

/// What a kill has left: three batches of a log in the write-ahead log.
struct Killed {
    data_dir: tempfile::TempDir,
    wal: PathBuf,
    log: PathBuf,
}

fn killed() -> Killed {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 2, &[]);
    // The first batch of a broker goes past the write-ahead log, which is only made then.
    produce(&mut client, "t", 1, &batch(&["zero"]));
    for value in ["one", "two", "three"] {
        produce(&mut client, "t", 0, &batch(&[value]));
    }
    let data_dir = broker.kill();
    let wal = data_dir.path().join("wal/0000.wal");
    Killed { log: data_dir.path().join(format!("topics/{id}-0")), data_dir, wal }
}

fn refusal(data_dir: &Path) -> String {
    let mut command = program();
    command.args(["dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_damaged_write_ahead_log_is_refused_and_left_alone() {
    let Killed { data_dir, wal, .. } = killed();
    let mut bytes = fs::read(&wal).unwrap();
    bytes[2 * 4096 + 100] ^= 4;
    fs::write(&wal, &bytes).unwrap();
    let said = refusal(data_dir.path());
    assert!(said.contains("wal_damaged: ./wal: block 2 is damaged or missing"), "{said}");
    assert_eq!(fs::read(&wal).unwrap(), bytes);
}

#[test]
fn a_newer_write_ahead_log_is_refused_by_name() {
    let Killed { data_dir, wal, .. } = killed();
    let mut bytes = fs::read(&wal).unwrap();
    bytes[5] = 2;
    let crc = crc32c::crc32c(&bytes[..16]);
    bytes[16..20].copy_from_slice(&crc.to_be_bytes());
    fs::write(&wal, &bytes).unwrap();
    let said = refusal(data_dir.path());
    assert!(said.contains("wal_format_unknown: ./wal/0000.wal: version 2"), "{said}");
}

#[test]
fn a_power_cut_that_took_the_segments_loses_nothing() {
    let Killed { data_dir, wal, log } = killed();
    for file in fs::read_dir(log).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let broker = Broker::dev_in(data_dir);
    assert!(!wal.exists(), "it was replayed");
    let read = read_all(&mut broker.connect(), "t", 0);
    assert_eq!(read, [(0, "one".to_owned()), (1, "two".to_owned()), (2, "three".to_owned())]);
}

#[test]
fn a_stop_in_order_leaves_no_write_ahead_log() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["one"]));
    let wal = broker.data_dir.path().join("wal");
    assert!(wal.exists());
    drop(client);
    let _data_dir = broker.stop();
    assert!(!wal.exists());
}
