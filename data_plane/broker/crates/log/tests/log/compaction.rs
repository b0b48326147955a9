//! Compaction against a reference model, through power cuts: offsets and records never change, the last record of each key
//! stays, what a later one replaces goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headrace_io::{Disk, Fault, OpenMode, SeededRng, SimDisk};
use headrace_log::compaction::{Due, Step};
use headrace_log::{
    AppendError, CompactionConfig, LogConfig, LogError, PartitionLog, ReadLimits, TimestampWanted, TryRead,
};
use headrace_records::{BatchBuilder, BatchHeader, Compression, DecompressionLimits, NewRecord, RecordSet};
use headrace_types::Offset;
use proptest::prelude::*;

use crate::support::{CONFIG, append, close, dir, disk, open, sync, try_open};

const COMPACTION: CompactionConfig = CompactionConfig {
    dirty_millionths_min: 0,
    lag_min_ms: 0,
    lag_max_ms: i64::MAX,
    delete_retention_ms: 1_000,
};
const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
const EVERYTHING: Offset = Offset::new(i64::MAX);

fn config(segment_bytes: u64) -> LogConfig {
    LogConfig { segment_bytes, compaction: Some(COMPACTION), ..CONFIG }
}

/// A record: key, and value or tombstone.
type Put = (u8, Option<u32>);
/// By offset.
type Records = BTreeMap<i64, Put>;

fn batch_of(puts: &[Put], codec: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new().compression(codec);
    for (key, value) in puts {
        let value = value.map(u32::to_be_bytes);
        let value = value.as_ref().map(|value| &value[..]);
        builder = builder.record(NewRecord { timestamp: 5, key: Some(&[*key]), value, headers: &[] });
    }
    builder.build()
}

/// Runs a pass as a broker does, if one is due.
fn compact(log: &mut PartitionLog, now_ms: i64) -> Result<bool, LogError> {
    let Due::Now(plan) = log.plan_compaction(now_ms, EVERYTHING)? else { return Ok(false) };
    let mut pass = plan.begin(Arc::default())?;
    loop {
        match pass.step()? {
            Step::Same => {}
            Step::Rewritten(replacement) => {
                assert!(log.put_in_place(&replacement)?);
                replacement.settle()?;
            }
            Step::Over => return Ok(true),
        }
    }
}

/// Everything readable, read as a consumer does: from one offset to the next.
fn consume(log: &mut PartitionLog, bytes_max: usize) -> Records {
    let (mut records, mut next) = (Records::new(), log.log_start().get());
    while next < log.high_watermark().get() {
        let mut out = Vec::new();
        log.read(next, bytes_max, true, &mut out).unwrap();
        assert!(!out.is_empty(), "a consumer at {next} would hang");
        let none = ReadLimits { bytes_max: 0, first_bytes_max: 0 };
        let mut cold = None;
        let told = loop {
            match log.try_read(i64::MAX, next, none, cold.take()).unwrap() {
                TryRead::Read(batches) => break batches,
                TryRead::Cold(read) => cold = Some(read.run(0).unwrap()),
            }
        };
        assert_eq!(BatchHeader::parse(&out).unwrap().batch_bytes(), told.first_bytes);
        let mut rest = &out[..];
        while let Some(header) = BatchHeader::parse(rest) {
            let (batch, tail) = rest.split_at(header.batch_bytes().unwrap());
            let set = RecordSet::of_batch(batch, DecompressionLimits::default()).unwrap();
            for record in set.iter().map(Result::unwrap) {
                assert_eq!(record.timestamp, 5);
                let value = record.value.map(|value| u32::from_be_bytes(value.try_into().unwrap()));
                records.insert(record.offset, (record.key.unwrap()[0], value));
            }
            assert!(header.next_offset().get() > next);
            next = header.next_offset().get();
            rest = tail;
        }
    }
    records
}

/// What must be there whatever a crash cut off: nothing that was not appended, and the last of each key, unless that is a
/// tombstone which may have had its time.
fn assert_sound(found: &Records, appended: &Records, cleaned_to: i64) {
    for (offset, put) in found {
        assert_eq!(appended.get(offset), Some(put), "offset {offset}");
    }
    let mut last = BTreeMap::new();
    for (offset, (key, value)) in appended {
        last.insert(*key, (*offset, *value));
    }
    for (key, (offset, value)) in &last {
        let shown = found.iter().rev().find(|(_, (found, _))| found == key);
        match shown {
            Some((at, _)) => assert_eq!(at, offset, "key {key}"),
            None => assert_eq!(*value, None, "key {key} is gone"),
        }
    }
    let mut clean = BTreeMap::new();
    for (offset, (key, _)) in found.iter().filter(|(offset, _)| **offset < cleaned_to) {
        assert_eq!(clean.insert(*key, *offset), None, "key {key} is there twice");
    }
}

fn fill(log: &mut PartitionLog, batches: &[(Vec<Put>, Compression)]) -> Records {
    let mut appended = Records::new();
    for (puts, codec) in batches {
        let base = append(log, &batch_of(puts, *codec)).unwrap().base_offset;
        appended.extend((base..).zip(puts.iter().copied()));
    }
    sync(log);
    appended
}

/// Files of the partition with this ending, in order.
fn files(disk: &SimDisk, extension: &str) -> Vec<PathBuf> {
    let paths = disk.list(dir()).unwrap().into_iter().map(|name| dir().join(name));
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn aside_files(disk: &SimDisk) -> usize {
    files(disk, "cleaned").len()
}

#[derive(Clone, Debug)]
enum Action {
    Append(Vec<Put>, Compression),
    Compact { after_ms: i64 },
    Sync,
    CleanStop,
    Kill,
    PowerCutDuringPass { operations: u64, seed: u64 },
}

fn puts() -> impl Strategy<Value = Vec<Put>> {
    prop::collection::vec((0u8..12, prop::option::weighted(0.8, any::<u32>())), 1..6)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        12 => (puts(), prop::sample::select(CODECS.to_vec())).prop_map(|(puts, codec)| Action::Append(puts, codec)),
        4 => (0i64..1_500).prop_map(|after_ms| Action::Compact { after_ms }),
        4 => Just(Action::Sync),
        1 => Just(Action::CleanStop),
        1 => Just(Action::Kill),
        2 => (0u64..40, any::<u64>()).prop_map(|(operations, seed)| Action::PowerCutDuringPass { operations, seed }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_last_record_of_each_key_stays_at_its_offset(
        actions in prop::collection::vec(action(), 1..80),
        segment_bytes in prop_oneof![Just(200u64), Just(500), Just(2_000)],
        bytes_max in prop_oneof![Just(0usize), Just(300), Just(1 << 20)],
    ) {
        let disk = disk();
        let mut log = open(&disk, config(segment_bytes));
        let (mut appended, mut now_ms) = (Records::new(), 0);
        for action in actions {
            match action {
                Action::Append(puts, codec) => {
                    let base = append(&mut log, &batch_of(&puts, codec)).unwrap().base_offset;
                    appended.extend((base..).zip(puts));
                }
                Action::Compact { after_ms } => {
                    now_ms += after_ms;
                    compact(&mut log, now_ms).unwrap();
                }
                Action::Sync => sync(&mut log),
                Action::CleanStop => {
                    close(&mut log);
                    log = open(&disk, config(segment_bytes));
                }
                Action::Kill => log = open(&disk, config(segment_bytes)),
                Action::PowerCutDuringPass { operations, seed } => {
                    sync(&mut log);
                    disk.power_off_after(operations);
                    let _ = compact(&mut log, now_ms);
                    disk.crash(&SeededRng::new(seed));
                    log = open(&disk, config(segment_bytes));
                    assert_eq!(aside_files(&disk), 0);
                }
            }
            let readable = log.high_watermark().get();
            let synced: Records = appended.range(..readable).map(|(offset, put)| (*offset, *put)).collect();
            assert_sound(&consume(&mut log, bytes_max), &synced, log.cleaned_to());
        }
        assert_eq!(log.log_end().get(), appended.len() as i64);
    }
}

fn many(batches: u32) -> Vec<(Vec<Put>, Compression)> {
    let puts = |number: u32| vec![(number as u8 % 7, Some(number)), ((number * 3) as u8 % 11, Some(number))];
    (0..batches).map(|number| (puts(number), CODECS[number as usize % 5])).collect()
}

#[test]
fn a_power_cut_at_every_operation_of_a_pass_leaves_the_old_or_the_new() {
    let mut operations = 0;
    loop {
        let mut was_cut = false;
        for seed in 0..6 {
            let disk = disk();
            let mut log = open(&disk, config(300));
            let mut appended = fill(&mut log, &many(30));
            compact(&mut log, 0).unwrap();
            let more = fill(&mut log, &many(20));
            appended.extend(more);
            disk.power_off_after(operations);
            was_cut |= compact(&mut log, 0).is_err();
            disk.crash(&SeededRng::new(seed));
            let mut log = open(&disk, config(300));
            assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
            assert_eq!(aside_files(&disk), 0);
            compact(&mut log, 0).unwrap();
            assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
            let mut log = open(&disk, config(300));
            assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
        }
        if !was_cut {
            break;
        }
        operations += 1;
    }
    assert!(operations > 20, "{operations}");
}

#[test]
fn tombstones_stay_for_their_time_and_go_then() {
    let disk = disk();
    let mut log = open(&disk, config(200));
    let base = append(&mut log, &batch_of(&[(200, Some(1))], CODECS[0])).unwrap().base_offset;
    append(&mut log, &batch_of(&[(200, None)], CODECS[4])).unwrap();
    let shown = |log: &mut PartitionLog| {
        let records = consume(log, 0);
        (records.contains_key(&base), records.contains_key(&(base + 1)))
    };
    let mut pass_at = |now_ms| {
        fill(&mut log, &many(8));
        compact(&mut log, now_ms).unwrap();
        shown(&mut log)
    };
    assert_eq!(pass_at(20_000), (false, true));
    assert_eq!(pass_at(20_999), (false, true));
    assert_eq!(pass_at(21_000), (false, false));
}

#[test]
fn a_repetition_is_recognised_after_compaction_without_a_checkpoint() {
    let disk = disk();
    let mut log = open(&disk, config(200));
    let batch = |producer, sequence, value: u32| {
        let value = value.to_be_bytes();
        let record = NewRecord { timestamp: 5, key: Some(&[1]), value: Some(&value), headers: &[] };
        BatchBuilder::new().producer(producer, 0, sequence).record(record).build()
    };
    for sequence in 0..10 {
        append(&mut log, &batch(7, sequence, 1)).unwrap();
    }
    for sequence in 0..10 {
        append(&mut log, &batch(8, sequence, 2)).unwrap();
    }
    sync(&mut log);
    assert!(compact(&mut log, 0).unwrap());
    assert_eq!(consume(&mut log, 0).len(), 1 + log.log_end().get() as usize - log.cleaned_to() as usize);
    let checkpoint = dir().join("checkpoint");
    if disk.exists(&checkpoint).unwrap() {
        disk.remove(&checkpoint).unwrap();
    }
    let mut log = open(&disk, config(200));
    for sequence in 5..10 {
        assert!(append(&mut log, &batch(7, sequence, 1)).unwrap().duplicate, "sequence {sequence}");
    }
    assert!(matches!(append(&mut log, &batch(7, 4, 1)), Err(AppendError::OutOfOrderSequence { .. })));
    assert!(!append(&mut log, &batch(7, 10, 1)).unwrap().duplicate);
}

#[test]
fn a_checkpoint_of_a_segment_that_was_compacted_is_not_believed() {
    let disk = disk();
    let mut log = open(&disk, config(1 << 20));
    let mut appended = fill(&mut log, &many(40));
    // Makes a checkpoint in the segment that the next pass writes anew.
    close(&mut log);
    log.configure(config(200));
    appended.extend(fill(&mut log, &many(10)));
    assert!(compact(&mut log, 0).unwrap());
    let mut log = open(&disk, config(200));
    assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
    assert_eq!(log.log_end().get(), appended.len() as i64);
}

#[test]
fn times_are_found_although_there_are_gaps() {
    let disk = disk();
    let mut log = open(&disk, config(250));
    let at = |timestamp: i64, key: u8| {
        let record = NewRecord { timestamp, key: Some(&[key]), value: Some(b"v"), headers: &[] };
        BatchBuilder::new().compression(Compression::Lz4).record(record).build()
    };
    for number in 0..40i64 {
        append(&mut log, &at(1_000 + number, if number % 4 == 0 { number as u8 } else { 255 })).unwrap();
    }
    sync(&mut log);
    assert!(compact(&mut log, 0).unwrap());
    let mut out = Vec::new();
    log.read(0, 1 << 20, true, &mut out).unwrap();
    let find = |log: &mut PartitionLog, timestamp| {
        let wanted = TimestampWanted::AtLeast(timestamp);
        let found = log.timestamp_search(wanted, DecompressionLimits::default()).run().unwrap();
        found.map(|found| (found.offset, found.timestamp))
    };
    let cleaned_to = log.cleaned_to();
    for number in (0..cleaned_to - 4).step_by(4) {
        assert_eq!(find(&mut log, 1_000 + number), Some((number, 1_000 + number)));
        assert_eq!(find(&mut log, 1_000 + number + 1), Some((number + 4, 1_000 + number + 4)));
    }
    let max = log
        .timestamp_search(TimestampWanted::Largest, DecompressionLimits::default())
        .run()
        .unwrap()
        .unwrap();
    assert_eq!((max.offset, max.timestamp), (39, 1_039));
}

#[test]
fn an_index_that_is_lost_is_made_again() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    let appended = fill(&mut log, &many(40));
    assert!(compact(&mut log, 0).unwrap());
    for path in files(&disk, "index") {
        disk.remove(&path).unwrap();
    }
    let mut log = open(&disk, config(300));
    assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
}

#[test]
fn rot_is_neither_given_a_fresh_checksum_nor_cut_off() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    fill(&mut log, &many(40));
    let first = dir().join("00000000000000000000.log");
    disk.flip_bit(&first, 64 + 61 + 3, 2);
    assert!(matches!(compact(&mut log, 0), Err(LogError::Corrupt { .. })));
    assert_eq!(aside_files(&disk), 0);
    disk.flip_bit(&first, 64 + 61 + 3, 2);
    assert!(compact(&mut log, 0).unwrap());
    let holds_batches = |path: &PathBuf| disk.open(path, OpenMode::Read).unwrap().length().unwrap() > 64;
    let compacted = files(&disk, "log").into_iter().find(holds_batches).unwrap();
    disk.flip_bit(&compacted, 64 + 16, 2);
    assert!(matches!(try_open(&disk, config(300)), Err(LogError::Corrupt { .. })));
}

#[test]
fn a_compacted_segment_without_the_one_after_it_is_damage() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    fill(&mut log, &many(40));
    compact(&mut log, 0).unwrap();
    let logs = files(&disk, "log");
    for path in &logs[1..] {
        disk.remove(path).unwrap();
    }
    assert!(matches!(try_open(&disk, config(300)), Err(LogError::Corrupt { .. })));
    assert!(disk.exists(&logs[0]).unwrap());
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    let appended = fill(&mut log, &many(40));
    let before = log.size_bytes();
    disk.set_capacity(Some(before + 100));
    assert!(compact(&mut log, 0).unwrap_err().is_full());
    assert_eq!(log.size_bytes(), before);
    disk.set_capacity(None);
    disk.inject(Fault::NoSpace);
    assert!(compact(&mut log, 0).unwrap_err().is_full());
    assert_eq!(aside_files(&disk), 0);
    compact(&mut log, 0).unwrap();
    assert_sound(&consume(&mut log, 0), &appended, log.cleaned_to());
}

#[test]
fn what_retention_took_meanwhile_is_not_put_back() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    fill(&mut log, &many(40));
    let Due::Now(plan) = log.plan_compaction(0, EVERYTHING).unwrap() else { panic!("not due") };
    let mut pass = plan.begin(Arc::default()).unwrap();
    let Step::Rewritten(replacement) = pass.step().unwrap() else { panic!("nothing to do") };
    log.advance_start(Offset::new(60), 0).unwrap();
    assert!(!log.put_in_place(&replacement).unwrap());
    replacement.discard().unwrap();
    assert_eq!(aside_files(&disk), 0);
    let start = log.log_start();
    assert_eq!(open(&disk, config(300)).log_start(), start);
}

#[test]
fn a_pass_that_is_told_to_stop_leaves_the_rest_as_it_is() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    let appended = fill(&mut log, &many(40));
    let stop = Arc::new(AtomicBool::new(true));
    let Due::Now(plan) = log.plan_compaction(0, EVERYTHING).unwrap() else { panic!("not due") };
    assert!(matches!(plan.begin(Arc::clone(&stop)).unwrap().step().unwrap(), Step::Over));
    stop.store(false, Ordering::Relaxed);
    let Due::Now(plan) = log.plan_compaction(0, EVERYTHING).unwrap() else { panic!("not due") };
    let mut pass = plan.begin(Arc::clone(&stop)).unwrap();
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(pass.step().unwrap(), Step::Over));
    assert_eq!(aside_files(&disk), 0);
    assert_eq!(consume(&mut log, 0), appended);
}

#[test]
fn what_lies_before_the_log_start_goes() {
    let disk = disk();
    let mut log = open(&disk, config(400));
    let appended = fill(&mut log, &many(40));
    log.move_start(Offset::new(7)).unwrap();
    compact(&mut log, 0).unwrap();
    let found = consume(&mut log, 0);
    assert!(found.keys().all(|offset| *offset >= 7));
    assert_sound(&found, &appended, log.cleaned_to());
    let mut log = open(&disk, config(400));
    assert_eq!(consume(&mut log, 0), found);
}

#[test]
fn a_pass_waits_for_enough_dirt_or_for_time() {
    let disk = disk();
    let mut log = open(&disk, config(300));
    fill(&mut log, &many(40));
    let due = |log: &mut PartitionLog, compaction, now_ms| {
        log.configure(LogConfig { compaction: Some(compaction), ..config(300) });
        log.plan_compaction(now_ms, EVERYTHING).unwrap()
    };
    let never = CompactionConfig { dirty_millionths_min: 1_000_000, ..COMPACTION };
    assert!(matches!(due(&mut log, never, 1_000), Due::NotYet));
    let in_time = CompactionConfig { lag_max_ms: 500, ..never };
    assert!(matches!(due(&mut log, in_time, 500), Due::NotYet));
    assert!(matches!(due(&mut log, in_time, 501), Due::Now(_)));
    let young = CompactionConfig { lag_min_ms: 100, ..COMPACTION };
    assert!(matches!(due(&mut log, young, 104), Due::NotYet));
    assert!(matches!(due(&mut log, young, 105), Due::Now(_)));
    assert!(matches!(due(&mut log, COMPACTION, 0), Due::Now(_)));
    assert!(matches!(log.plan_compaction(0, Offset::new(3)).unwrap(), Due::HeldBack));
    log.configure(LogConfig { compaction: None, ..config(300) });
    assert!(matches!(log.plan_compaction(0, EVERYTHING).unwrap(), Due::NotYet));
}

#[test]
fn an_active_segment_that_is_too_old_is_closed_and_compacted_to_its_last_batch() {
    let disk = disk();
    let lagging = CompactionConfig { lag_max_ms: 500, ..COMPACTION };
    let mut log = open(&disk, LogConfig { compaction: Some(lagging), ..config(1 << 20) });
    fill(&mut log, &[(vec![(1, Some(1))], CODECS[0]), (vec![(1, None)], CODECS[0])]);
    assert!(!compact(&mut log, 501).unwrap());
    sync(&mut log);
    assert!(compact(&mut log, 501).unwrap());
    assert_eq!(consume(&mut log, 0), Records::from([(1, (1, None))]));
}

#[test]
fn more_keys_than_there_is_room_for_take_several_passes() {
    let disk = disk();
    let mut log = open(&disk, config(1 << 20));
    let keys = headrace_log::limits::COMPACTION_KEYS_MAX as i64 + 50_000;
    for round in 0..2 {
        for first in (0..keys).step_by(10_000) {
            let mut builder = BatchBuilder::new();
            for key in first..first + 10_000 {
                let (key, value) = (key.to_be_bytes(), [round; 1]);
                builder = builder.record(NewRecord {
                    timestamp: 5,
                    key: Some(&key),
                    value: Some(&value),
                    headers: &[],
                });
            }
            append(&mut log, &builder.build()).unwrap();
        }
    }
    append(&mut log, &batch_of(&[(1, None)], CODECS[0])).unwrap();
    sync(&mut log);
    let mut passes = 0;
    while compact(&mut log, 0).unwrap() {
        passes += 1;
    }
    assert!(passes > 1, "{passes}");
    let (mut records, mut next) = (0, 0);
    while next < log.cleaned_to() {
        let mut out = Vec::new();
        log.read(next, 1 << 20, true, &mut out).unwrap();
        let header = BatchHeader::parse(&out).unwrap();
        if header.base_offset.get() < log.cleaned_to() {
            records += i64::from(header.records_count);
        }
        next = header.next_offset().get();
    }
    assert!(records <= keys, "{records} of {keys}");
}
