//! Which way a batch goes, and how the files of the write-ahead log go round.

use headrace_commit::{Flush, WalView};
use headrace_io::{Disk, SeededRng};
use headrace_records::BatchBuilder;

use crate::support::{Store, WAL, disk, wal_dir};

fn small() -> Vec<u8> {
    BatchBuilder::new().value(b"small").build()
}

fn large() -> Vec<u8> {
    BatchBuilder::new().value(&[7; 2000]).build()
}

fn ready() -> (headrace_io::SimDisk, Store) {
    let disk = disk();
    let mut store = Store::open(&disk).unwrap();
    store.append(0, &small(), Flush::Strict).unwrap();
    store.prepare().unwrap();
    store.round().unwrap();
    (disk, store)
}

#[test]
fn small_batches_of_all_partitions_take_one_write_and_one_sync() {
    let (disk, mut store) = ready();
    for index in 0..3 {
        store.append(index, &small(), Flush::Strict).unwrap();
    }
    let before = disk.operations();
    store.round().unwrap();
    assert_eq!(disk.operations() - before, 2);
    assert_eq!([0, 1, 2].map(|index| store.high_watermark(index)), [2, 1, 1]);
}

#[test]
fn a_large_batch_goes_past_the_write_ahead_log_and_takes_along_what_follows() {
    let (disk, mut store) = ready();
    store.append(0, &large(), Flush::Strict).unwrap();
    store.append(0, &small(), Flush::Strict).unwrap();
    store.append(1, &small(), Flush::Strict).unwrap();
    let round = store.committer.begin(2, &mut store.logs).unwrap();
    assert_eq!(round.jobs.len(), 2);
    let done = round.jobs.into_iter().map(|job| job.run().unwrap()).collect();
    store.finish(done);
    disk.crash(&SeededRng::new(4));
    let mut store = Store::open(&disk).unwrap();
    assert_eq!([0, 1].map(|index| store.high_watermark(index)), [3, 1]);
    assert_eq!(store.replayed.bytes, small().len() as u64, "only partition 1 needed the write-ahead log");
}

#[test]
fn nothing_is_written_before_something_is_appended() {
    let disk = disk();
    let mut store = Store::open(&disk).unwrap();
    store.prepare().unwrap();
    assert!(!store.round().unwrap() && !disk.exists(wal_dir()).unwrap());
}

#[test]
fn files_are_written_over_once_their_batches_are_in_the_segments() {
    let (disk, mut store) = ready();
    for _ in 0..100 {
        store.append(0, &small(), Flush::Strict).unwrap();
        store.round().unwrap();
        store.prepare().unwrap();
        while store.settle().unwrap() {}
    }
    assert_eq!(disk.list(wal_dir()).unwrap().len(), 2, "two files suffice");
    disk.crash(&SeededRng::new(9));
    let mut store = Store::open(&disk).unwrap();
    assert_eq!(store.high_watermark(0), 101);
    assert!(store.replayed.blocks < 2 * 8, "{:?}", store.replayed.blocks);
}

#[test]
fn a_write_ahead_log_that_is_full_is_gone_past_and_comes_back() {
    let (_, mut store) = ready();
    let full = loop {
        store.append(0, &small(), Flush::Strict).unwrap();
        store.prepare().unwrap();
        let round = store.committer.begin(2, &mut store.logs).unwrap();
        let is_past = round.jobs.iter().any(|job| matches!(job, headrace_commit::Job::Segments(_)));
        let done = round.jobs.into_iter().map(|job| job.run().unwrap()).collect();
        store.finish(done);
        if is_past {
            break store.committer.view();
        }
    };
    assert_eq!(full.files, WAL.segments_max);
    while store.settle().unwrap() {}
    for _ in 0..3 {
        store.append(0, &small(), Flush::Strict).unwrap();
        store.round().unwrap();
    }
    let WalView { files, files_in_use, .. } = store.committer.view();
    assert_eq!((files, files_in_use), (WAL.segments_max, 1));
}

#[test]
fn a_disk_that_is_nearly_full_gets_no_write_ahead_log() {
    let disk = disk();
    disk.set_capacity(Some(WAL.segment_bytes));
    let mut store = Store::open(&disk).unwrap();
    store.append(0, &small(), Flush::Strict).unwrap();
    store.prepare().unwrap();
    store.round().unwrap();
    assert_eq!(store.high_watermark(0), 1);
    assert!(!disk.exists(wal_dir()).unwrap());
    disk.crash(&SeededRng::new(1));
    assert_eq!(Store::open(&disk).unwrap().high_watermark(0), 1);
}

#[test]
fn a_relaxed_topic_is_readable_at_once_and_durable_when_it_is_synced() {
    let (disk, mut store) = ready();
    store.append(2, &small(), Flush::Relaxed).unwrap();
    assert_eq!(store.high_watermark(2), 1);
    assert!(store.committer.has_relaxed());
    // What waits for the disk on the same log must not be written to the block: it would leave a gap.
    store.append(2, &small(), Flush::Strict).unwrap();
    store.round().unwrap();
    disk.crash(&SeededRng::new(3));
    assert_eq!(Store::open(&disk).unwrap().high_watermark(2), 2);
}
