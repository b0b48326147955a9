//! Opening a log after torn tails, rot, missing side files and full disks.

use std::path::PathBuf;

use crate::support::{CONFIG, append, close, dir, disk, open, read_all, retain, sync, try_open};
use headrace_io::disk::read_file;
use headrace_io::{Disk, Fault, OpenMode, SeededRng, SimDisk};
use headrace_log::{AppendError, LogConfig, LogError, PartitionLog};
use headrace_records::BatchBuilder;
use headrace_types::Offset;

fn batch(number: i64) -> Vec<u8> {
    BatchBuilder::new().producer(9, 0, number as i32).value(format!("record {number}").as_bytes()).build()
}

fn filled(disk: &SimDisk, config: LogConfig, batches: i64) -> PartitionLog {
    let mut log = open(disk, config);
    for number in 0..batches {
        append(&mut log, &batch(number)).unwrap();
        sync(&mut log);
    }
    log
}

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let names = disk.list(dir()).unwrap();
    names
        .iter()
        .filter(|name| headrace_log::segment::base_offset_of(name).is_some())
        .map(|name| dir().join(name))
        .collect()
}

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 300, ..CONFIG }
}

#[test]
fn a_tail_cut_at_every_byte_is_truncated_to_the_last_whole_batch() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 3);
    let path = segments(&disk).remove(0);
    let synced_bytes = log.size_bytes();
    for number in 3..5 {
        append(&mut log, &batch(number)).unwrap();
    }
    let whole = read_file(&disk, &path, 1 << 20).unwrap();
    let batch_bytes = (whole.len() as u64 - synced_bytes) / 2;
    for cut in synced_bytes..=whole.len() as u64 {
        let file = disk.open(&path, OpenMode::Replace).unwrap();
        file.write_at(0, &[&whole[..cut as usize]]).unwrap();
        // The recovery point file is put back to what it was before the two unsynced batches.
        let point = disk.open(&dir().join("recovery-point"), OpenMode::Replace).unwrap();
        let mut slot = [&b"HRR1"[..], &3i64.to_be_bytes()].concat();
        slot.extend_from_slice(&crc32c::crc32c(&slot).to_be_bytes());
        point.write_at(0, &[&slot]).unwrap();
        let mut log = open(&disk, CONFIG);
        let kept = 3 + (cut - synced_bytes) / batch_bytes;
        assert_eq!(log.log_end().get(), kept as i64, "cut at {cut}");
        assert_eq!(log.truncated_bytes(), (cut - synced_bytes) % batch_bytes);
        assert_eq!(read_all(&mut log).len() as u64, kept);
    }
}

#[test]
fn rot_in_synced_data_takes_the_partition_offline_and_leaves_the_files_alone() {
    for (byte, what) in [(16, "magic"), (3, "offset"), (9, "length")] {
        let disk = disk();
        drop(filled(&disk, CONFIG, 5));
        let path = segments(&disk).remove(0);
        disk.flip_bit(&path, 64 + byte, 4);
        let before = read_file(&disk, &path, 1 << 20).unwrap();
        assert!(matches!(try_open(&disk, CONFIG), Err(LogError::Corrupt { .. })), "{what}");
        assert_eq!(read_file(&disk, &path, 1 << 20).unwrap(), before);
    }
}

#[test]
fn synced_data_that_is_gone_takes_the_partition_offline() {
    let disk = disk();
    drop(filled(&disk, CONFIG, 5));
    let path = segments(&disk).remove(0);
    let length = read_file(&disk, &path, 1 << 20).unwrap().len() as u64;
    disk.open(&path, OpenMode::ReadWrite).unwrap().truncate(length - 1).unwrap();
    assert!(matches!(try_open(&disk, CONFIG), Err(LogError::Corrupt { .. })));
    disk.remove(&path).unwrap();
    assert!(matches!(try_open(&disk, CONFIG), Err(LogError::Corrupt { .. })));
}

#[test]
fn a_first_segment_that_is_gone_takes_the_partition_offline() {
    let disk = disk();
    let mut log = filled(&disk, small_segments(), 20);
    close(&mut log);
    disk.remove(&segments(&disk)[0]).unwrap();
    assert!(matches!(try_open(&disk, small_segments()), Err(LogError::Corrupt { .. })));
}

#[test]
fn any_of_the_segments_before_the_log_start_may_be_left_over() {
    let disk = disk();
    let mut log = filled(&disk, small_segments(), 20);
    let old = segments(&disk);
    let bytes = read_file(&disk, &old[0], 1 << 20).unwrap();
    log.advance_start(log.high_watermark(), 0).unwrap();
    let log_start = log.log_start();
    assert!(!segments(&disk).contains(&old[1]));
    disk.open(&old[0], OpenMode::CreateNew).unwrap().write_at(0, &[&bytes]).unwrap();
    let mut log = open(&disk, small_segments());
    assert_eq!((log.log_start(), log.log_end()), (log_start, log_start));
    assert_eq!(append(&mut log, &batch(20)).unwrap().base_offset, 20);
    assert!(!segments(&disk).contains(&old[0]));
}

#[test]
fn what_lies_before_the_log_start_may_be_damaged_or_missing() {
    for damage in ["missing", "header", "length", "cut off"] {
        let disk = disk();
        drop(filled(&disk, small_segments(), 20));
        let passed = segments(&disk).len() - 1;
        for number in 0..passed {
            let disk = disk.fork();
            let mut log = open(&disk, small_segments());
            log.move_start(log.high_watermark()).unwrap();
            let path = &segments(&disk)[number];
            match damage {
                "missing" => disk.remove(path).unwrap(),
                "header" => disk.flip_bit(path, 3, 1),
                "length" => disk.flip_bit(path, 64 + 9, 4),
                _ => disk.open(path, OpenMode::ReadWrite).unwrap().truncate(100).unwrap(),
            }
            let mut log = open(&disk, small_segments());
            assert_eq!((log.log_start().get(), log.log_end().get()), (20, 20), "{damage} {number}");
            assert!(!segments(&disk).contains(path), "{damage} {number}");
            assert!(append(&mut log, &batch(19)).unwrap().duplicate, "{damage} {number}");
            assert_eq!(append(&mut log, &batch(20)).unwrap().base_offset, 20, "{damage} {number}");
        }
    }
}

#[test]
fn producers_are_known_of_deleted_records_that_no_checkpoint_covers() {
    let disk = disk();
    let mut log = filled(&disk, small_segments(), 20);
    log.move_start(log.high_watermark()).unwrap();
    disk.crash(&SeededRng::new(1));
    let mut log = open(&disk, small_segments());
    for number in 15..20 {
        let again = append(&mut log, &batch(number)).unwrap();
        assert!(again.duplicate && again.base_offset == number, "batch {number}");
    }
    // Now a checkpoint tells of them, and the segments go.
    let high_watermark = log.high_watermark();
    retain(&mut log, 0, high_watermark).unwrap();
    assert_eq!(segments(&disk).len(), 1);
    assert!(append(&mut open(&disk, small_segments()), &batch(15)).unwrap().duplicate);
}

#[test]
fn a_checkpoint_tells_of_producers_though_its_segment_is_gone() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 20);
    close(&mut log);
    log.configure(LogConfig { segment_bytes: 1, ..CONFIG });
    append(&mut log, &BatchBuilder::new().value(b"of nobody").build()).unwrap();
    sync(&mut log);
    log.advance_start(Offset::new(20), 0).unwrap();
    assert_eq!(segments(&disk), [dir().join(headrace_log::segment::log_name(20))]);
    disk.crash(&SeededRng::new(1));
    let mut log = open(&disk, CONFIG);
    assert!(append(&mut log, &batch(19)).unwrap().duplicate);
    assert_eq!(append(&mut log, &batch(20)).unwrap().base_offset, 21);
}

#[test]
fn the_log_start_moves_only_over_what_the_segments_hold_durably() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 3);
    append(&mut log, &batch(3)).unwrap();
    log.made_durable(log.end());
    log.move_start(log.high_watermark()).unwrap();
    assert_eq!((log.log_start().get(), log.high_watermark().get()), (3, 4));
}

#[test]
fn a_torn_segment_at_the_log_start_does_not_stand_for_the_synced_one_before() {
    let disk = disk();
    let mut log = filled(&disk, small_segments(), 3);
    log.move_start(log.high_watermark()).unwrap();
    let start = log.log_start();
    let next = dir().join(headrace_log::segment::log_name(start.get()));
    disk.open(&next, OpenMode::Replace).unwrap().write_at(0, &[b"HRSG torn"]).unwrap();
    let mut log = open(&disk, small_segments());
    assert_eq!((log.log_start(), log.log_end()), (start, start));
    assert_eq!(append(&mut log, &batch(start.get())).unwrap().base_offset, start.get());
}

#[test]
fn a_segment_in_the_wrong_directory_is_refused() {
    let disk = disk();
    drop(filled(&disk, CONFIG, 2));
    let path = segments(&disk).remove(0);
    disk.rename(&path, &dir().join(headrace_log::segment::log_name(7))).unwrap();
    assert!(matches!(try_open(&disk, CONFIG), Err(LogError::Corrupt { .. })));
}

#[test]
fn side_files_are_rebuilt_whatever_happens_to_them() {
    for damage in ["remove", "empty", "garbage"] {
        for pattern in [".index", "checkpoint", "recovery-point"] {
            let disk = disk();
            let mut log = filled(&disk, small_segments(), 20);
            close(&mut log);
            for name in disk.list(dir()).unwrap().iter().filter(|name| name.ends_with(pattern)) {
                let path = dir().join(name);
                match damage {
                    "remove" => disk.remove(&path).unwrap(),
                    "empty" => disk.open(&path, OpenMode::Replace).unwrap().truncate(0).unwrap(),
                    _ => disk.open(&path, OpenMode::ReadWrite).unwrap().write_at(0, &[&[0xee; 64]]).unwrap(),
                }
            }
            let mut log = open(&disk, small_segments());
            assert_eq!(read_all(&mut log).len(), 20, "{damage} {pattern}");
            assert!(append(&mut log, &batch(18)).unwrap().duplicate, "{damage} {pattern}");
            assert_eq!(append(&mut log, &batch(20)).unwrap().base_offset, 20);
        }
    }
}

#[test]
fn a_torn_segment_that_was_never_synced_is_removed() {
    let disk = disk();
    let mut log = filled(&disk, small_segments(), 2);
    while segments(&disk).len() < 3 {
        let next = batch(log.log_end().get());
        append(&mut log, &next).unwrap();
    }
    let last = segments(&disk).pop().unwrap();
    disk.open(&last, OpenMode::Replace).unwrap().write_at(0, &[b"HRSG torn"]).unwrap();
    let log = open(&disk, small_segments());
    assert!(log.log_end().get() >= 2);
    assert!(!segments(&disk).contains(&last) || log.log_end() == log.high_watermark());
}

#[test]
fn producers_survive_restarts_with_and_without_a_checkpoint() {
    for clean in [true, false] {
        let disk = disk();
        let mut log = filled(&disk, small_segments(), 12);
        if clean {
            close(&mut log);
        }
        disk.crash(&SeededRng::new(5));
        let mut log = open(&disk, small_segments());
        for number in 7..12 {
            let again = append(&mut log, &batch(number)).unwrap();
            assert!(again.duplicate && again.base_offset == number);
        }
        assert!(matches!(append(&mut log, &batch(6)), Err(AppendError::OutOfOrderSequence { .. })));
        assert_eq!(append(&mut log, &batch(12)).unwrap().base_offset, 12);
    }
}

#[test]
fn a_full_disk_refuses_the_batch_and_the_log_goes_on_when_there_is_room() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 3);
    disk.inject(Fault::NoSpace);
    assert!(matches!(append(&mut log, &batch(3)), Err(AppendError::Full)));
    assert_eq!(append(&mut log, &batch(3)).unwrap().base_offset, 3);
    sync(&mut log);
    disk.set_capacity(Some(0));
    assert!(matches!(append(&mut log, &batch(4)), Err(AppendError::Full)));
    assert_eq!(read_all(&mut log).len(), 4);
    disk.set_capacity(None);
    assert_eq!(append(&mut log, &batch(4)).unwrap().base_offset, 4);
    sync(&mut log);
    disk.crash(&SeededRng::new(2));
    assert_eq!(read_all(&mut open(&disk, CONFIG)).len(), 5);
}

#[test]
fn what_was_written_before_the_disk_was_full_becomes_durable() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 1);
    append(&mut log, &batch(1)).unwrap();
    disk.set_capacity(Some(0));
    sync(&mut log);
    assert_eq!(log.high_watermark().get(), 2);
    disk.crash(&SeededRng::new(6));
    assert_eq!(read_all(&mut open(&disk, CONFIG)).len(), 2);
}

#[test]
fn a_failed_sync_or_write_is_an_error_that_covers_nothing() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 3);
    append(&mut log, &batch(3)).unwrap();
    disk.inject(Fault::SyncError);
    assert!(log.sync_plan().unwrap().run().is_err());
    assert_eq!(log.high_watermark().get(), 3);
    disk.inject(Fault::WriteError);
    assert!(matches!(append(&mut log, &batch(4)), Err(AppendError::Log(_))));
}

#[test]
fn a_checkpoint_spares_reading_the_segment_again() {
    let disk = disk();
    let mut log = filled(&disk, CONFIG, 50);
    close(&mut log);
    // Rot below the checkpoint is not read at the start, which shows that the scan began behind it.
    disk.flip_bit(&segments(&disk)[0], 64 + 16, 4);
    assert_eq!(open(&disk, CONFIG).log_end().get(), 50);
}
