//! Forks of a log: what they hold, and that neither log writes what both have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use headrace_io::disk::read_file;
use headrace_io::{Disk, SeededRng, SimDisk};
use headrace_log::inspect::{Detail, inspect};
use headrace_log::partition::dir_name;
use headrace_log::{CompactionConfig, Due, ForkCut, Forked, LogConfig, LogError, PartitionLog, Step};
use headrace_records::{BatchBuilder, BatchHeader, Marker, NewRecord};
use headrace_types::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};

use crate::support::{CONFIG, append, close, dir, disk, identity, open, read_all, retain, sync};

const SMALL: LogConfig = LogConfig { segment_bytes: 400, ..CONFIG };
const COMPACTED: LogConfig = LogConfig {
    compaction: Some(CompactionConfig {
        dirty_millionths_min: 0,
        lag_min_ms: 0,
        lag_max_ms: i64::MAX,
        delete_retention_ms: 0,
    }),
    ..SMALL
};

fn forked_identity() -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([2; 16]), partition: PartitionIndex::new(0) }
}

fn fork_dir() -> PathBuf {
    Path::new("fork/topics").join(dir_name(forked_identity()))
}

fn write(disk: &SimDisk, log: &mut PartitionLog, end: i64) -> Result<Forked, LogError> {
    let (fork, dir) = (log.fork(end)?, fork_dir());
    disk.create_dir_all(&dir).map_err(LogError::io(&dir))?;
    for parent in ["fork/topics", "fork", ""] {
        disk.sync_dir(Path::new(parent)).map_err(LogError::io(&dir))?;
    }
    fork.write(&dir, forked_identity(), 9)
}

fn open_fork(disk: &SimDisk, config: LogConfig) -> PartitionLog {
    PartitionLog::open(Arc::new(disk.clone()), &fork_dir(), forked_identity(), config, 0).unwrap()
}

fn batch(number: i64) -> Vec<u8> {
    let (key, value) = ([b'a' + (number % 3) as u8], format!("value {number}"));
    let record =
        |timestamp| NewRecord { timestamp, key: Some(&key), value: Some(value.as_bytes()), headers: &[] };
    BatchBuilder::new()
        .producer(7, 0, number as i32 * 2)
        .record(record(number * 10))
        .record(record(number * 10 + 1))
        .build()
}

/// A log of 40 records in 20 batches and several segments.
fn filled(disk: &SimDisk, config: LogConfig) -> PartitionLog {
    let mut log = open(disk, config);
    for number in 0..20 {
        append(&mut log, &batch(number)).unwrap();
        sync(&mut log);
    }
    log
}

fn files(disk: &SimDisk, dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = disk.list(dir).unwrap().into_iter().filter(|name| name.starts_with("00"));
    let paths = names.map(|name| dir.join(name));
    paths.map(|path| (path.clone(), read_file(disk, &path, 1 << 20).unwrap())).collect()
}

fn compact(log: &mut PartitionLog) {
    sync(log);
    let Due::Now(plan) = log.plan_compaction(1_000_000, Offset::new(i64::MAX)).unwrap() else { return };
    let mut pass = plan.begin(Arc::new(AtomicBool::new(false))).unwrap();
    loop {
        match pass.step().unwrap() {
            Step::Same => {}
            Step::Over => return,
            Step::Rewritten(replacement) => {
                assert!(log.put_in_place(&replacement).unwrap());
                replacement.settle().unwrap();
            }
        }
    }
}

#[test]
fn a_fork_holds_what_lies_before_the_cut_and_goes_on_from_there() {
    for config in [SMALL, CONFIG, COMPACTED] {
        for cut in 0..=40 {
            let disk = disk();
            let mut log = filled(&disk, config);
            if config == COMPACTED {
                compact(&mut log);
            }
            let all = read_all(&mut log);
            let end = log.fork_end(ForkCut::Offset(cut)).unwrap();
            assert!(end <= cut && cut - end < 2, "a batch of two records is left out whole");
            write(&disk, &mut log, end).unwrap();
            disk.crash(&SeededRng::new(cut as u64));
            let mut fork = open_fork(&disk, config);
            let before: Vec<_> =
                all.into_iter().filter(|(header, _)| header.base_offset.get() < end).collect();
            assert_eq!(read_all(&mut fork), before, "cut at {cut}");
            assert_eq!((fork.log_end().get(), fork.high_watermark().get()), (end, end));
            assert_eq!(
                append(&mut fork, &BatchBuilder::new().value(b"on").build()).unwrap().base_offset,
                end
            );
            close(&mut fork);
            let mut again = open_fork(&disk, config);
            assert_eq!(read_all(&mut again).len(), before.len() + 1);
            let looked_at: Arc<dyn Disk> = Arc::new(disk.clone());
            let found = inspect(&looked_at, Path::new("fork"), Detail::default(), &mut |_| {}).unwrap();
            assert_eq!(found.records, if config == COMPACTED { found.records } else { end as u64 + 1 });
        }
    }
}

/// The negative control is the last assertion: a byte that somebody patches shows on both sides.
#[test]
fn neither_log_writes_what_both_have() {
    let disk = disk();
    let mut log = filled(&disk, COMPACTED);
    assert!(log.settle_for_fork(Some(0), 0).unwrap());
    sync(&mut log);
    let end = log.fork_end(ForkCut::Now).unwrap();
    let forked = write(&disk, &mut log, end).unwrap();
    assert!(forked.shared_segments > 3 && forked.copied_bytes == 0, "{forked:?}");
    let before = files(&disk, &fork_dir());
    for number in 20..40 {
        append(&mut log, &batch(number)).unwrap();
    }
    compact(&mut log);
    log.configure(LogConfig { retention_bytes: 0, ..COMPACTED });
    retain(&mut log, i64::MAX, Offset::new(i64::MAX)).unwrap();
    close(&mut log);
    disk.crash(&SeededRng::new(1));
    drop(open(&disk, COMPACTED));
    assert_eq!(files(&disk, &fork_dir()), before, "the source has touched what the fork has");

    let mut fork = open_fork(&disk, COMPACTED);
    assert_eq!(fork.truncated_bytes(), 0);
    let source = SimDisk::new();
    source.create_dir_all(dir()).unwrap();
    let shared = before.keys().next().unwrap();
    disk.share(shared, &dir().join("kept")).unwrap();
    let kept = read_file(&disk, &dir().join("kept"), 1 << 20).unwrap();
    append(&mut fork, &batch(20)).unwrap();
    compact(&mut fork);
    fork.configure(LogConfig { retention_bytes: 0, ..COMPACTED });
    retain(&mut fork, i64::MAX, Offset::new(i64::MAX)).unwrap();
    close(&mut fork);
    assert_eq!(read_file(&disk, &dir().join("kept"), 1 << 20).unwrap(), kept);
    assert!(!disk.exists(shared).unwrap(), "retention has removed the fork's own name of it");

    let path = dir().join("patched");
    disk.share(&dir().join("kept"), &path).unwrap();
    let file = disk.open(&path, headrace_io::OpenMode::ReadWrite).unwrap();
    file.write_at(70, &[b"!"]).unwrap();
    assert_ne!(read_file(&disk, &dir().join("kept"), 1 << 20).unwrap(), kept, "a patch would be seen");
}

#[test]
fn a_moment_is_before_its_first_record_and_now_is_everything() {
    let disk = disk();
    let mut log = filled(&disk, SMALL);
    for (cut, end) in [
        (ForkCut::Now, 40),
        (ForkCut::Timestamp(0), 0),
        (ForkCut::Timestamp(50), 10),
        (ForkCut::Timestamp(51), 10),
        (ForkCut::Timestamp(52), 12),
        (ForkCut::Timestamp(10_000), 40),
        (ForkCut::Offset(i64::MAX), 40),
    ] {
        assert_eq!(log.fork_end(cut).unwrap(), end, "{cut:?}");
    }
    append(&mut log, &batch(20)).unwrap();
    assert_eq!(log.fork_end(ForkCut::Now).unwrap(), 40, "what is not synced is not there");
    log.move_start(Offset::new(21)).unwrap();
    assert_eq!(log.fork_end(ForkCut::Offset(4)).unwrap(), 21);
    write(&disk, &mut log, 21).unwrap();
    let fork = open_fork(&disk, SMALL);
    assert_eq!((fork.log_start().get(), fork.log_end().get()), (21, 21));
}

#[test]
fn a_fork_knows_producers_and_open_transactions_at_its_cut() {
    for cut in [ForkCut::Now, ForkCut::Offset(42)] {
        let disk = disk();
        let mut log = filled(&disk, SMALL);
        let data =
            |sequence| BatchBuilder::new().producer(9, 1, sequence).transactional().value(b"x").build();
        append(&mut log, &data(0)).unwrap();
        append(&mut log, &data(1)).unwrap();
        if cut != ForkCut::Now {
            let marker = Marker {
                producer_id: 9.into(),
                producer_epoch: 1.into(),
                is_commit: true,
                coordinator_epoch: 0,
            };
            log.append_marker(&marker, 5).unwrap();
        }
        log.settle_for_fork(None, 0).unwrap();
        sync(&mut log);
        let end = log.fork_end(cut).unwrap();
        write(&disk, &mut log, end).unwrap();
        let mut fork = open_fork(&disk, SMALL);
        assert!(append(&mut fork, &batch(19)).unwrap().duplicate, "a repetition is recognised");
        assert_eq!((fork.last_stable().get(), fork.has_open_transaction(9)), (40, true));
        assert!(!append(&mut fork, &data(2)).unwrap().duplicate);
    }
}

#[test]
fn a_fork_of_a_fork_holds_segments_of_both() {
    let disk = disk();
    let mut log = filled(&disk, SMALL);
    write(&disk, &mut log, 40).unwrap();
    let mut fork = open_fork(&disk, SMALL);
    for number in 20..30 {
        append(&mut fork, &batch(number)).unwrap();
    }
    sync(&mut fork);
    let third = TopicPartition { topic: TopicId::from_random([3; 16]), ..identity() };
    let at = Path::new("third");
    disk.create_dir_all(at).unwrap();
    fork.fork(60).unwrap().write(at, third, 0).unwrap();
    let mut again = PartitionLog::open(Arc::new(disk.clone()), at, third, SMALL, 0).unwrap();
    assert_eq!(read_all(&mut again), read_all(&mut fork));
    let foreign = TopicPartition { topic: TopicId::from_random([4; 16]), ..identity() };
    let refused = PartitionLog::open(Arc::new(disk.clone()), at, foreign, SMALL, 0);
    assert!(matches!(refused, Err(LogError::Corrupt { .. })), "a segment tells whose it is");
}

#[test]
fn the_same_log_once_more_begins_a_leader_epoch() {
    let disk = disk();
    let mut log = filled(&disk, SMALL);
    let all = read_all(&mut log);
    let once_more = |log: &mut PartitionLog, at: &Path| {
        disk.create_dir_all(at).unwrap();
        log.fork(log.high_watermark().get()).unwrap().write(at, identity(), 0).unwrap();
        PartitionLog::open(Arc::new(disk.clone()), at, identity(), SMALL, 0).unwrap()
    };
    let mut again = once_more(&mut log, Path::new("again"));
    assert_eq!(read_all(&mut again), all);
    assert_eq!((log.leader_epoch().get(), again.leader_epoch().get()), (0, 1));
    append(&mut again, &batch(20)).unwrap();
    sync(&mut again);
    let ended = |log: &PartitionLog, epoch| {
        log.epoch_end(LeaderEpoch::new(epoch)).map(|(epoch, end)| (epoch.get(), end.get()))
    };
    assert_eq!((ended(&again, 0), ended(&again, 1)), (Some((0, 40)), Some((1, 42))));
    assert_eq!(ended(&log, 1), Some((0, 40)), "the log itself goes on as it was");
    let third = once_more(&mut again, Path::new("third"));
    assert_eq!((third.leader_epoch().get(), ended(&third, 1)), (2, Some((1, 42))));
    let meta = read_file(&disk, Path::new("third/partition.meta"), 1 << 20).unwrap();
    let meta = String::from_utf8_lossy(&meta);
    assert!(meta.contains("log_start_offset") && !meta.contains("origins"), "it is nobody's fork: {meta}");
}

#[test]
fn a_power_cut_at_any_point_of_a_fork_leaves_the_source_whole() {
    for operations in 0..40 {
        let disk = disk();
        let mut log = filled(&disk, SMALL);
        let all = read_all(&mut log);
        disk.power_off_after(operations);
        let made = write(&disk, &mut log, 40).is_ok();
        disk.crash(&SeededRng::new(operations));
        assert_eq!(read_all(&mut open(&disk, SMALL)), all);
        if made {
            assert_eq!(read_all(&mut open_fork(&disk, SMALL)), all);
        }
    }
}

#[test]
fn a_log_without_records_is_forked() {
    let disk = disk();
    let mut log = open(&disk, SMALL);
    assert!(!log.settle_for_fork(Some(0), 0).unwrap());
    assert_eq!(log.fork_end(ForkCut::Now).unwrap(), 0);
    write(&disk, &mut log, 0).unwrap();
    let mut fork = open_fork(&disk, SMALL);
    assert_eq!(append(&mut fork, &batch(0)).unwrap().base_offset, 0);
    assert_eq!(BatchHeader::parse(&batch(0)).unwrap().records_count, 2);
}
