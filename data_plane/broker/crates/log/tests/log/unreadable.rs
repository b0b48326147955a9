//! What the medium does not give out, or gives out late: it is waited for only where that harms nobody, and concerns nobody else.

use headrace_io::{Fault, SeededRng, SimDisk};
use headrace_log::segment::{index_name, log_name};
use headrace_log::{LogConfig, LogError, PartitionLog, ReadError, TimestampWanted};
use headrace_records::{BatchBuilder, DecompressionLimits, NewRecord};
use headrace_types::Offset;

use crate::support::{CONFIG, append, close, dir, disk, open, read_all, retain, sync};

const SMALL_SEGMENTS: LogConfig = LogConfig { segment_bytes: 500, retention_ms: 500, ..CONFIG };
const BATCHES: i64 = 20;
const NEEDED_BY_NOBODY: Offset = Offset::new(i64::MAX);

/// A log in several segments, each batch with its offset as timestamp, as a start finds it: nothing of it is open.
fn filled(disk: &SimDisk) -> PartitionLog {
    let mut log = open(disk, SMALL_SEGMENTS);
    for number in 0..BATCHES {
        let record =
            NewRecord { timestamp: number, key: None, value: Some(&[number as u8; 40]), headers: &[] };
        append(&mut log, &BatchBuilder::new().record(record).build()).unwrap();
    }
    sync(&mut log);
    close(&mut log);
    open(disk, SMALL_SEGMENTS)
}

fn is_read_error(error: &LogError) -> bool {
    matches!(error, LogError::Read { .. })
}

#[test]
fn retention_reads_nothing_and_asks_for_what_it_does_not_know() {
    let disk = disk();
    let mut log = filled(&disk);
    let before = disk.bytes_read();
    let mut retained = log.retain(10_000, NEEDED_BY_NOBODY).unwrap();
    assert_eq!((retained.freed_bytes, disk.bytes_read()), (0, before), "nothing is known yet");
    let mut opened = 0;
    while let Some(cold) = retained.cold.take() {
        opened += 1;
        log.keep_open(cold.run().unwrap());
        let before = disk.bytes_read();
        retained = log.retain(10_000, NEEDED_BY_NOBODY).unwrap();
        assert_eq!(disk.bytes_read(), before);
    }
    assert!(opened > 1, "{opened} segments were opened");
    assert_eq!(log.log_start().get(), BATCHES, "everything was too old");
}

#[test]
fn the_age_of_a_segment_is_asked_for_once() {
    let disk = disk();
    let mut log = filled(&disk);
    let cold = log.retain(400, NEEDED_BY_NOBODY).unwrap().cold.unwrap();
    log.keep_open(cold.run().unwrap());
    for now_ms in 400..500 {
        let retained = log.retain(now_ms, NEEDED_BY_NOBODY).unwrap();
        assert!(retained.cold.is_none() && retained.freed_bytes == 0);
    }
    // A segment that was closed since the start is known anyway.
    let mut log = open(&self::disk(), SMALL_SEGMENTS);
    for number in 0..BATCHES {
        append(&mut log, &BatchBuilder::new().value(&[number as u8; 40]).build()).unwrap();
    }
    sync(&mut log);
    assert!(log.retain(i64::MAX, NEEDED_BY_NOBODY).unwrap().cold.is_none());
}

#[test]
fn retention_of_a_segment_that_can_not_be_read_fails_and_takes_nothing() {
    let disk = disk();
    let mut log = filled(&disk);
    for name in [log_name(0), index_name(0)] {
        disk.set_unreadable(&dir().join(&name), true);
    }
    let error = retain(&mut log, 10_000, NEEDED_BY_NOBODY).unwrap_err();
    assert!(is_read_error(&error), "{error}");
    assert_eq!(log.log_start().get(), 0);
    for name in [log_name(0), index_name(0)] {
        disk.set_unreadable(&dir().join(&name), false);
    }
    assert!(retain(&mut log, 10_000, NEEDED_BY_NOBODY).unwrap().freed_bytes > 0);
}

#[test]
fn a_search_by_time_reads_where_it_is_run_and_an_unreadable_segment_fails_only_what_needs_it() {
    let disk = disk();
    let log = filled(&disk);
    let before = disk.bytes_read();
    let search = |wanted| log.timestamp_search(wanted, DecompressionLimits::default());
    let (first, last) = (search(TimestampWanted::AtLeast(3)), search(TimestampWanted::AtLeast(BATCHES - 1)));
    let largest = search(TimestampWanted::Largest);
    assert_eq!(disk.bytes_read(), before, "making a search reads nothing");
    assert!(first.segments().count() > 2);
    disk.set_unreadable(&dir().join(log_name(0)), true);
    assert!(is_read_error(&first.run().unwrap_err()));
    assert_eq!(last.run().unwrap().map(|found| found.offset), Some(BATCHES - 1));
    assert_eq!(largest.run().unwrap().map(|found| found.offset), Some(BATCHES - 1));
    disk.set_unreadable(&dir().join(log_name(0)), false);
    assert_eq!(first.run().unwrap().map(|found| found.offset), Some(3));
}

#[test]
fn a_read_that_fails_is_told_and_the_log_goes_on() {
    let disk = disk();
    let mut log = filled(&disk);
    disk.inject(Fault::ReadError);
    let error = log.read(0, 10_000, true, &mut Vec::new()).unwrap_err();
    assert!(matches!(&error, ReadError::Log(error) if is_read_error(error)), "{error}");
    append(&mut log, &BatchBuilder::new().value(b"after").build()).unwrap();
    sync(&mut log);
    assert_eq!(read_all(&mut log).len() as i64, BATCHES + 1);
    disk.crash(&SeededRng::new(1));
    assert_eq!(read_all(&mut open(&disk, SMALL_SEGMENTS)).len() as i64, BATCHES + 1);
}
