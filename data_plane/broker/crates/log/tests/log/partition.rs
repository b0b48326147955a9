//! Appending, reading, looking up and retaining.

use crate::support::{CONFIG, append, dir, disk, open, read_all, retain, split, sync};
use headrace_io::{Disk, Fault, SeededRng};
use headrace_log::segment::{index_name, log_name};
use headrace_log::{
    AppendError, FoundOffset, LogConfig, LogError, Measured, PartitionLog, ReadError, TimestampWanted,
};
use headrace_records::{BatchBuilder, BatchHeader, Compression, DecompressionLimits, NewRecord};
use headrace_types::{LeaderEpoch, Offset};

/// Nobody needs anything any more.
const NEEDED_BY_NOBODY: Offset = Offset::new(i64::MAX);
/// Beyond every log.
const END: Offset = Offset::new(i64::MAX);

fn timed(timestamps: &[i64], codec: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new().compression(codec);
    for timestamp in timestamps {
        builder = builder.record(NewRecord {
            timestamp: *timestamp,
            key: None,
            value: Some(&timestamp.to_be_bytes()),
            headers: &[],
        });
    }
    builder.build()
}

fn append_all(log: &mut PartitionLog, batches: &[Vec<u8>]) {
    for batch in batches {
        append(log, batch).unwrap();
    }
    sync(log);
}

fn found(log: &mut PartitionLog, timestamp: i64) -> Option<(i64, i64)> {
    search(log, TimestampWanted::AtLeast(timestamp)).map(|found| (found.offset, found.timestamp))
}

fn search(log: &PartitionLog, wanted: TimestampWanted) -> Option<FoundOffset> {
    log.timestamp_search(wanted, DecompressionLimits::default()).run().unwrap()
}

#[test]
fn nothing_is_readable_before_it_is_synced() {
    let mut log = open(&disk(), CONFIG);
    append(&mut log, &timed(&[1, 2], Compression::None)).unwrap();
    assert!(read_all(&mut log).is_empty());
    assert_eq!((log.high_watermark().get(), log.log_end().get()), (0, 2));
    assert_eq!(search(&log, TimestampWanted::Largest), None);
    sync(&mut log);
    assert_eq!(read_all(&mut log).len(), 1);
}

#[test]
fn a_read_inside_a_batch_returns_the_whole_batch_and_one_batch_comes_however_small_the_limit() {
    let mut log = open(&disk(), LogConfig { segment_bytes: 500, ..CONFIG });
    let batches: Vec<_> = (0..20).map(|number| timed(&[number, number], Compression::None)).collect();
    append_all(&mut log, &batches);
    for offset in 0..40 {
        let mut out = Vec::new();
        log.read(offset, 1, true, &mut out).unwrap();
        let read = split(&out);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].0.base_offset.get(), offset / 2 * 2);
        let mut nothing = Vec::new();
        log.read(offset, 1, false, &mut nothing).unwrap();
        assert!(nothing.is_empty());
    }
    let mut out = Vec::new();
    log.read(3, batches[0].len() * 7, true, &mut out).unwrap();
    assert_eq!(split(&out).len(), 7, "a read goes on over segments");
}

#[test]
fn offsets_outside_the_log_are_told_from_its_end() {
    let mut log = open(&disk(), CONFIG);
    let mut out = Vec::new();
    log.read(0, 100, true, &mut out).unwrap();
    append_all(&mut log, &[timed(&[1], Compression::None)]);
    log.read(1, 100, true, &mut out).unwrap();
    assert!(out.is_empty());
    for outside in [-1, 2] {
        assert!(matches!(log.read(outside, 100, true, &mut out), Err(ReadError::OutOfRange { .. })));
    }
}

#[test]
fn timestamps_are_found_inside_batches_of_every_codec_and_across_segments() {
    use Compression::{Gzip, Lz4, None, Snappy, Zstd};
    let mut log = open(&disk(), LogConfig { segment_bytes: 300, ..CONFIG });
    let codecs = [None, Gzip, Snappy, Lz4, Zstd];
    let batches: Vec<_> = (0..30i64)
        .map(|number| timed(&[number * 10, number * 10 + 5, number * 10 + 3], codecs[number as usize % 5]))
        .collect();
    append_all(&mut log, &batches);
    for number in 0..30 {
        assert_eq!(found(&mut log, number * 10), Some((number * 3, number * 10)));
        assert_eq!(found(&mut log, number * 10 + 1), Some((number * 3 + 1, number * 10 + 5)));
    }
    assert_eq!(found(&mut log, -5), Some((0, 0)));
    assert_eq!(found(&mut log, 296), Option::None);
    let max = search(&log, TimestampWanted::Largest).unwrap();
    assert_eq!((max.offset, max.timestamp), (88, 295));
}

#[test]
fn the_largest_timestamp_ignores_what_is_not_synced() {
    let mut log = open(&disk(), CONFIG);
    append_all(&mut log, &[timed(&[50], Compression::None), timed(&[40], Compression::None)]);
    append(&mut log, &timed(&[99], Compression::None)).unwrap();
    let max = search(&log, TimestampWanted::Largest).unwrap();
    assert_eq!((max.offset, max.timestamp), (0, 50));
}

#[test]
fn append_time_is_stamped_and_returned_again_for_a_repetition() {
    let mut log = open(&disk(), CONFIG);
    let batch = BatchBuilder::new().producer(1, 0, 0).value(b"x").build();
    let header = BatchHeader::parse(&batch).unwrap();
    assert_eq!(log.append(&batch, &header, true, 777).unwrap().max_timestamp, 777);
    assert_eq!(log.append(&batch, &header, true, 999).unwrap().max_timestamp, 777);
    sync(&mut log);
    assert_eq!(read_all(&mut log)[0].0.max_timestamp, 777);
}

#[test]
fn segments_roll_by_size_and_by_age() {
    let disk = disk();
    let mut log = open(&disk, LogConfig { segment_bytes: 200, segment_ms: 1_000, ..CONFIG });
    let batch = timed(&[1], Compression::None);
    let header = BatchHeader::parse(&batch).unwrap();
    let mut append_at = |now_ms| log.append(&batch, &header, false, now_ms).unwrap();
    let count = || {
        disk.list(dir())
            .unwrap()
            .iter()
            .filter(|name| headrace_log::segment::base_offset_of(name).is_some())
            .count()
    };
    append_at(0);
    assert_eq!(count(), 1);
    append_at(0);
    assert_eq!(count(), 2);
    append_at(0);
    assert_eq!(count(), 3);
    append_at(1_000);
    assert_eq!(count(), 4);
}

#[test]
fn retention_by_size_and_time_moves_the_log_start_durably() {
    for config in [
        LogConfig { retention_bytes: 1_000, segment_bytes: 300, ..CONFIG },
        LogConfig { retention_ms: 500, segment_bytes: 300, ..CONFIG },
    ] {
        let disk = disk();
        let mut log = open(&disk, config);
        let batches: Vec<_> = (0..40i64).map(|number| timed(&[number * 10], Compression::None)).collect();
        append_all(&mut log, &batches);
        let retained = retain(&mut log, 600, NEEDED_BY_NOBODY).unwrap();
        assert!(retained.freed_bytes > 0 && !retained.held_back);
        let start = log.log_start().get();
        assert!(start > 0 && start < 40);
        let mut out = Vec::new();
        assert!(matches!(log.read(start - 1, 100, true, &mut out), Err(ReadError::OutOfRange { .. })));
        assert_eq!(read_all(&mut log)[0].0.base_offset.get(), start);
        disk.crash(&SeededRng::new(8));
        let mut log = open(&disk, config);
        assert_eq!(log.log_start().get(), start);
        assert_eq!(read_all(&mut log)[0].0.base_offset.get(), start);
        assert_eq!(log.log_end().get(), 40);
    }
}

#[test]
fn a_log_whose_records_are_all_too_old_becomes_empty_and_keeps_its_end() {
    let disk = disk();
    let config = LogConfig { retention_ms: 10, ..CONFIG };
    let mut log = open(&disk, config);
    append_all(&mut log, &[timed(&[1, 2, 3], Compression::None)]);
    retain(&mut log, 1_000, NEEDED_BY_NOBODY).unwrap();
    sync(&mut log);
    retain(&mut log, 1_000, NEEDED_BY_NOBODY).unwrap();
    assert_eq!((log.log_start().get(), log.log_end().get()), (3, 3));
    disk.crash(&SeededRng::new(1));
    let mut log = open(&disk, config);
    assert_eq!((log.log_start().get(), log.log_end().get()), (3, 3));
    assert_eq!(append(&mut log, &timed(&[2_000], Compression::None)).unwrap().base_offset, 3);
}

#[test]
fn a_power_cut_after_everything_was_removed_leaves_an_empty_log() {
    for seed in 0..20 {
        for deleted in [false, true] {
            let disk = disk();
            let config = LogConfig { retention_ms: if deleted { -1 } else { 10 }, segment_ms: 50, ..CONFIG };
            let mut log = open(&disk, config);
            append_all(&mut log, &[timed(&[1, 2, 3], Compression::None)]);
            if deleted {
                let late = timed(&[1_000], Compression::None);
                log.append(&late, &BatchHeader::parse(&late).unwrap(), false, 1_000).unwrap();
                log.move_start(Offset::new(3)).unwrap();
            }
            assert!(retain(&mut log, 1_000, NEEDED_BY_NOBODY).unwrap().freed_bytes > 0);
            disk.crash(&SeededRng::new(seed));
            let log = open(&disk, config);
            assert_eq!(log.log_start().get(), 3, "seed {seed}, deleted {deleted}");
            assert!(log.log_end().get() >= 3);
        }
    }
}

#[test]
fn a_segment_that_goes_as_soon_as_it_is_closed_leaves_no_index() {
    let disk = disk();
    let mut log = open(&disk, LogConfig { retention_ms: 10, ..CONFIG });
    append_all(&mut log, &[timed(&[1, 2, 3], Compression::None)]);
    retain(&mut log, 1_000, NEEDED_BY_NOBODY).unwrap();
    sync(&mut log);
    assert!(!disk.exists(&dir().join(index_name(0))).unwrap());
}

#[test]
fn a_repetition_is_recognised_though_the_segment_of_its_batch_was_removed() {
    let disk = disk();
    let config = LogConfig { segment_bytes: 300, ..CONFIG };
    let mut log = open(&disk, config);
    let sent = |sequence| BatchBuilder::new().producer(7, 0, sequence).value(b"once").build();
    append_all(&mut log, &[sent(0), timed(&[1; 20], Compression::None), timed(&[1; 20], Compression::None)]);
    log.move_start(Offset::new(21)).unwrap();
    assert!(retain(&mut log, 0, NEEDED_BY_NOBODY).unwrap().freed_bytes > 0);
    disk.crash(&SeededRng::new(1));
    let mut log = open(&disk, config);
    assert_eq!((log.log_start().get(), log.log_end().get()), (21, 41));
    let repeated = append(&mut log, &sent(0)).unwrap();
    assert_eq!((repeated.base_offset, repeated.duplicate), (0, true));
}

#[test]
fn the_log_start_moves_forward_alone_and_not_beyond_the_high_watermark() {
    let disk = disk();
    let mut log = open(&disk, CONFIG);
    append_all(&mut log, &[timed(&[1, 2, 3], Compression::None)]);
    append(&mut log, &timed(&[4], Compression::None)).unwrap();
    log.move_start(Offset::new(2)).unwrap();
    log.move_start(Offset::new(1)).unwrap();
    assert_eq!(log.log_start().get(), 2);
    assert!(matches!(log.read(1, 100, true, &mut Vec::new()), Err(ReadError::OutOfRange { .. })));
    log.move_start(Offset::new(9)).unwrap();
    assert_eq!(log.log_start().get(), 3);
    disk.crash(&SeededRng::new(1));
    assert_eq!(open(&disk, CONFIG).log_start().get(), 3);
}

#[test]
fn retention_leaves_what_somebody_still_needs() {
    let disk = disk();
    let mut log = open(&disk, LogConfig { retention_ms: 500, segment_bytes: 300, ..CONFIG });
    let batches: Vec<_> = (0..40i64).map(|number| timed(&[number], Compression::None)).collect();
    append_all(&mut log, &batches);
    let retained = retain(&mut log, 10_000, Offset::new(7)).unwrap();
    let start = log.log_start().get();
    assert!(retained.freed_bytes > 0 && retained.held_back);
    assert!(start > 0 && start <= 7, "the log starts at {start}");
    let measured = log.measure(Offset::new(7), END).unwrap();
    let bytes = batches[7..].iter().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(measured, Measured { bytes, records: 33 });
    assert!(!retain(&mut log, 10_000, NEEDED_BY_NOBODY).unwrap().held_back);
}

#[test]
fn what_a_log_holds_is_measured_over_segments_up_to_the_high_watermark() {
    let disk = disk();
    let mut log = open(&disk, LogConfig { segment_bytes: 400, ..CONFIG });
    assert_eq!(log.measure(Offset::ZERO, END).unwrap(), Measured::default());
    let batches: Vec<_> =
        (0..30i64).map(|number| timed(&vec![number; 1 + number as usize % 3], Compression::None)).collect();
    append_all(&mut log, &batches);
    append(&mut log, &timed(&[99], Compression::None)).unwrap();
    let (mut offset, mut skipped) = (0, 0);
    for (number, batch) in batches.iter().enumerate() {
        let measured = log.measure(Offset::new(offset), END).unwrap();
        let bytes = batches.iter().map(Vec::len).sum::<usize>() - skipped;
        assert_eq!((measured.bytes, measured.records as i64), (bytes as u64, 60 - offset), "from {offset}");
        offset += 1 + number as i64 % 3;
        skipped += batch.len();
    }
    assert_eq!(log.measure(Offset::new(60), END).unwrap(), Measured::default());
}

#[test]
fn leader_epochs_are_stamped_and_kept() {
    let disk = disk();
    let mut log = open(&disk, CONFIG);
    append_all(&mut log, &[timed(&[1], Compression::None)]);
    log.begin_epoch(LeaderEpoch::new(4)).unwrap();
    append_all(&mut log, &[timed(&[2], Compression::None)]);
    let mut log = open(&disk, CONFIG);
    assert_eq!(log.leader_epoch().get(), 4);
    let epochs: Vec<_> = read_all(&mut log).iter().map(|(header, _)| header.leader_epoch.get()).collect();
    assert_eq!(epochs, [0, 4]);
    let end = |epoch| log.epoch_end(LeaderEpoch::new(epoch)).map(|(epoch, end)| (epoch.get(), end.get()));
    assert_eq!((end(0), end(3), end(4)), (Some((0, 1)), Some((0, 1)), Some((4, 2))));
}

#[test]
fn rot_is_never_given_out_and_what_lies_before_it_is() {
    let batches: Vec<_> = (0..3).map(|number| timed(&[number, number], Compression::None)).collect();
    let (start, length) = (64 + batches[0].len(), batches[1].len());
    // The leader epoch, from 12 on, is under no CRC.
    for byte in (0..length).filter(|byte| !(12..16).contains(byte)) {
        let disk = disk();
        let mut log = open(&disk, CONFIG);
        append_all(&mut log, &batches);
        disk.flip_bit(&dir().join(log_name(0)), start + byte, 3);
        let mut out = Vec::new();
        log.read(0, usize::MAX >> 1, true, &mut out).unwrap();
        assert_eq!(split(&out).len(), 1, "byte {byte}");
        let refused = log.read(2, usize::MAX >> 1, true, &mut Vec::new());
        assert!(matches!(refused, Err(ReadError::Log(LogError::Corrupt { .. }))), "byte {byte}: {refused:?}");
    }
}

#[test]
fn a_disk_that_fills_up_while_a_segment_is_made_leaves_nothing_behind() {
    let disk = disk();
    let config = LogConfig { segment_bytes: 500, ..CONFIG };
    let mut log = open(&disk, config);
    append_all(&mut log, &[timed(&[1], Compression::None), timed(&[2], Compression::None)]);
    let (large, small) = (timed(&[3; 30], Compression::None), timed(&[3], Compression::None));
    disk.inject(Fault::NoSpace);
    assert!(matches!(append(&mut log, &large), Err(AppendError::Full)));
    // The smaller one still fits into the segment before.
    append_all(&mut log, &[small]);
    for seed in 0..20 {
        let disk = disk.fork();
        disk.crash(&SeededRng::new(seed));
        assert_eq!(read_all(&mut open(&disk, config)).len(), 3);
    }
}

#[test]
fn what_a_full_disk_took_back_does_not_come_back_after_a_kill_and_a_power_cut() {
    let config = LogConfig { segment_bytes: 300, ..CONFIG };
    for seed in 0..50 {
        let disk = disk();
        let mut log = open(&disk, config);
        append_all(&mut log, &[timed(&[1], Compression::None)]);
        disk.inject(Fault::NoSpace);
        assert!(matches!(append(&mut log, &timed(&[2], Compression::None)), Err(AppendError::Full)));
        // This one begins the next segment.
        append(&mut log, &timed(&[3; 30], Compression::None)).unwrap();
        // The process is killed, and the next one keeps what it finds.
        drop(open(&disk, config));
        disk.crash(&SeededRng::new(seed));
        assert_eq!(read_all(&mut open(&disk, config)).len(), 2, "seed {seed}");
    }
}
