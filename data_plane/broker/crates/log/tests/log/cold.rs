//! Reading what is not in memory: nothing is waited for where it may not be, and the same comes in the end.

use crate::support::{CONFIG, append, dir, disk, open, split, sync};
use headrace_io::SimDisk;
use headrace_log::segment::{index_name, log_name};
use headrace_log::{Batches, ColdBatches, LogConfig, LogError, PartitionLog, ReadError, ReadLimits, TryRead};
use headrace_records::BatchBuilder;
use headrace_types::Offset;

const SMALL_SEGMENTS: LogConfig = LogConfig { segment_bytes: 500, ..CONFIG };
const BATCHES: i64 = 20;

fn filled(disk: &SimDisk) -> PartitionLog {
    let mut log = open(disk, SMALL_SEGMENTS);
    for number in 0..BATCHES {
        append(&mut log, &BatchBuilder::new().value(&[number as u8; 40]).build()).unwrap();
    }
    sync(&mut log);
    log
}

fn limits(bytes_max: usize) -> ReadLimits {
    ReadLimits { bytes_max, first_bytes_max: usize::MAX }
}

/// Reads as a fetch does, and counts how often the disk was waited for.
fn read(log: &mut PartitionLog, offset: i64, limits: ReadLimits) -> Result<(Batches, usize), ReadError> {
    let (mut cold, mut waits): (Option<ColdBatches>, usize) = (None, 0);
    loop {
        match log.try_read(i64::MAX, offset, limits, cold.take())? {
            TryRead::Read(batches) => return Ok((batches, waits)),
            TryRead::Cold(read) => {
                waits += 1;
                cold = Some(read.run(0)?);
            }
        }
    }
}

#[test]
fn what_is_in_memory_comes_without_waiting() {
    let disk = disk();
    let mut log = filled(&disk);
    let (batches, waits) = read(&mut log, BATCHES - 1, limits(10_000)).unwrap();
    assert_eq!((split(&batches.bytes).len(), batches.next, waits), (1, BATCHES, 0));
    // A closed segment has to be opened first, which may wait.
    let (first, waits) = read(&mut log, 0, limits(10_000)).unwrap();
    assert_eq!(waits, 1);
    let (again, waits) = read(&mut log, 0, limits(100)).unwrap();
    assert_eq!((split(&again.bytes).len(), waits), (1, 0), "it stays open");
    assert!(first.bytes.starts_with(&again.bytes));
}

#[test]
fn what_is_not_in_memory_comes_after_waiting_and_is_the_same() {
    let disk = disk();
    let mut log = filled(&disk);
    for offset in 0..BATCHES {
        for bytes_max in [0, 150, 10_000] {
            let mut expected = Vec::new();
            log.read(offset, bytes_max, true, &mut expected).unwrap();
            disk.set_cached(false);
            let (batches, waits) = read(&mut log, offset, limits(bytes_max)).unwrap();
            disk.set_cached(true);
            assert_eq!(waits, 1, "one wait brings something");
            assert!(!batches.bytes.is_empty() && expected.starts_with(&batches.bytes));
            assert_eq!(batches.next, split(&batches.bytes).last().unwrap().0.next_offset().get());
        }
    }
}

#[test]
fn what_comes_next_in_the_segment_is_brought_ahead_as_far_as_is_wanted() {
    let disk = disk();
    let mut log = filled(&disk);
    let batch_bytes = BatchBuilder::new().value(&[0; 40]).build().len() as u64;
    for (wanted, brought) in
        [(0, 0..=0), (10, 10..=10), (u64::MAX, batch_bytes..=SMALL_SEGMENTS.segment_bytes)]
    {
        disk.set_cached(false);
        let TryRead::Cold(cold) = log.try_read(i64::MAX, 0, limits(0), None).unwrap() else {
            panic!("read without waiting")
        };
        let before = disk.bytes_ahead();
        cold.run(wanted).unwrap();
        let ahead = disk.bytes_ahead() - before;
        assert!(brought.contains(&ahead), "{ahead} bytes of {wanted}");
    }
}

#[test]
fn a_first_batch_that_may_not_come_is_told_with_its_size() {
    let disk = disk();
    let mut log = filled(&disk);
    for is_cached in [true, false] {
        disk.set_cached(is_cached);
        let (batches, _) = read(&mut log, 3, ReadLimits { bytes_max: 10, first_bytes_max: 20 }).unwrap();
        assert!(batches.bytes.is_empty());
        assert_eq!(batches.first_bytes, Some(BatchBuilder::new().value(&[3; 40]).build().len()));
    }
}

#[test]
fn rot_is_told_and_never_given_out() {
    let disk = disk();
    let mut log = filled(&disk);
    disk.flip_bit(&dir().join(log_name(0)), 64 + 70, 3);
    disk.set_cached(false);
    let error = read(&mut log, 0, limits(10_000)).unwrap_err();
    assert!(matches!(error, ReadError::Log(LogError::Corrupt { .. })), "{error}");
    assert_eq!(read(&mut log, 1, limits(10_000)).unwrap().0.bytes[7], 1, "what is sound behind it comes");
}

#[test]
fn what_was_removed_while_it_was_read_does_not_come_and_does_not_stay_open() {
    let disk = disk();
    let mut log = filled(&disk);
    disk.set_cached(false);
    let TryRead::Cold(cold) = log.try_read(i64::MAX, 0, limits(10_000), None).unwrap() else {
        panic!("read without waiting")
    };
    let batches = cold.run(0).unwrap();
    disk.set_cached(true);
    log.advance_start(Offset::new(BATCHES - 1), 0).unwrap();
    let error = log.try_read(i64::MAX, 0, limits(10_000), Some(batches)).unwrap_err();
    assert!(matches!(error, ReadError::OutOfRange { .. }), "{error}");
}

#[test]
fn a_segment_that_goes_before_it_is_opened_is_told_from_damage() {
    let disk = disk();
    let mut log = filled(&disk);
    let cold = |log: &mut PartitionLog| match log.try_read(i64::MAX, 0, limits(10_000), None).unwrap() {
        TryRead::Cold(cold) => cold,
        TryRead::Read(_) => panic!("read without waiting"),
    };
    let read = cold(&mut log);
    let segment = read.segment().unwrap();
    assert!(log.has_segment(segment));
    log.advance_start(Offset::new(BATCHES - 1), 0).unwrap();
    assert!(read.run(0).is_err());
    assert!(!log.has_segment(segment), "the failure means nothing");
}

#[test]
fn whoever_goes_on_where_a_read_ended_does_not_look_for_the_place() {
    let disk = disk();
    let mut log = open(&disk, CONFIG);
    let batch = BatchBuilder::new().value(&[1; 20]).build();
    let mut ends = Vec::new();
    for number in 0..100 {
        append(&mut log, &batch).unwrap();
        sync(&mut log);
        let before = disk.bytes_read();
        let (batches, _) = read(&mut log, number, limits(10_000)).unwrap();
        assert_eq!((batches.bytes.len(), batches.next), (batch.len(), number + 1));
        ends.push(disk.bytes_read() - before);
    }
    let most = ends.iter().max().unwrap();
    assert!(*most <= 2 * batch.len() as u64, "{most} bytes for a batch of {}", batch.len());
}

#[test]
fn a_missing_index_is_made_again_where_waiting_harms_nobody() {
    let disk = disk();
    let mut log = filled(&disk);
    let path = dir().join(index_name(0));
    headrace_io::Disk::remove(&disk, &path).unwrap();
    let (batches, waits) = read(&mut log, 0, limits(150)).unwrap();
    assert_eq!((split(&batches.bytes).len(), waits), (1, 1));
}
