//! Transactions in one partition: what is stable, what was aborted, and that both survive crashes, damage and compaction.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use headrace_io::{Disk, Rng, SeededRng, SimDisk};
use headrace_log::{
    AbortedTransaction, AppendError, Appended, CompactionConfig, Due, LogConfig, PartitionLog, Step,
};
use headrace_records::{BatchBuilder, BatchHeader, Marker, NewRecord};
use headrace_types::Offset;
use proptest::prelude::*;

use crate::support::{CONFIG, append, close, dir, disk, open, read_all, retain, split, sync};

const SMALL: LogConfig = LogConfig { segment_bytes: 400, ..CONFIG };

fn is_index(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "index")
}

fn data(producer: i64, epoch: i16, sequence: i32) -> Vec<u8> {
    BatchBuilder::new().producer(producer, epoch, sequence).transactional().value(b"x").build()
}

fn marker(producer: i64, epoch: i16, is_commit: bool) -> Marker {
    Marker { producer_id: producer.into(), producer_epoch: epoch.into(), is_commit, coordinator_epoch: 0 }
}

fn end(log: &mut PartitionLog, producer: i64, epoch: i16, is_commit: bool) -> Appended {
    log.append_marker(&marker(producer, epoch, is_commit), 5).unwrap()
}

fn stable(log: &mut PartitionLog) -> Vec<i64> {
    let mut out = Vec::new();
    let (start, to) = (log.log_start().get(), log.last_stable().get());
    let next = log.read_below(to, start, usize::MAX >> 1, true, &mut out).unwrap();
    let read: Vec<i64> = split(&out).iter().map(|(header, _)| header.base_offset.get()).collect();
    assert!(read.last().is_none_or(|last| *last < next && *last < to));
    read
}

/// Items 45 and 46 of the protocol's pitfalls.
#[test]
fn nothing_from_an_open_transaction_on_is_stable_until_its_marker_is_synced() {
    let disk = disk();
    let mut log = open(&disk, SMALL);
    append(&mut log, &BatchBuilder::new().value(b"plain").build()).unwrap();
    append(&mut log, &data(7, 0, 0)).unwrap();
    append(&mut log, &BatchBuilder::new().value(b"plain").build()).unwrap();
    let end_before = log.sync_plan().unwrap().run().unwrap();
    let readable = log.synced(end_before);
    assert!(readable.stable_bytes < readable.bytes);
    assert_eq!((log.last_stable().get(), log.high_watermark().get()), (1, 3));
    assert_eq!(stable(&mut log), [0]);
    assert_eq!(read_all(&mut log).len(), 3, "who reads everything waits for no transaction");
    let marked = end(&mut log, 7, 0, true);
    assert_eq!((marked.base_offset, log.last_stable().get()), (3, 1));
    let end_after = log.sync_plan().unwrap().run().unwrap();
    let after = log.synced(end_after);
    assert!(after.stable_bytes > after.bytes, "what had waited became stable too");
    assert_eq!(log.last_stable().get(), 4);
    assert_eq!(log.aborted_between(0, 4).unwrap(), []);
}

#[test]
fn a_plain_batch_of_a_producer_inside_its_transaction_is_refused() {
    let mut log = open(&disk(), CONFIG);
    append(&mut log, &data(7, 0, 0)).unwrap();
    let plain = BatchBuilder::new().producer(7, 0, 1).value(b"x").build();
    assert!(matches!(append(&mut log, &plain), Err(AppendError::TransactionOpen { producer_id: 7 })));
    let stale = log.append_marker(&marker(7, -1, true), 0);
    assert!(matches!(stale, Err(AppendError::StaleProducerEpoch { .. })));
}

/// The transaction begins in one segment and ends in a later one.
fn long_aborted(log: &mut PartitionLog) -> AbortedTransaction {
    for sequence in 0..12 {
        append(log, &data(7, 0, sequence)).unwrap();
        append(log, &data(8, 0, sequence)).unwrap();
    }
    let ended = end(log, 7, 1, false);
    end(log, 8, 1, true);
    for sequence in 0..12 {
        append(log, &data(9, 0, sequence)).unwrap();
    }
    sync(log);
    AbortedTransaction { first_offset: 0, marker_offset: ended.base_offset, producer_id: 7 }
}

#[test]
fn aborted_transactions_are_told_to_every_read_they_overlap_and_survive_every_restart() {
    let disk = disk();
    let mut log = open(&disk, SMALL);
    let aborted = long_aborted(&mut log);
    let check = |log: &mut PartitionLog| {
        assert_eq!(log.last_stable().get(), aborted.marker_offset + 2);
        assert_eq!(log.aborted_between(0, 1).unwrap(), [aborted]);
        assert_eq!(log.aborted_between(aborted.marker_offset, i64::MAX).unwrap(), [aborted]);
        assert_eq!(log.aborted_between(aborted.marker_offset + 1, i64::MAX).unwrap(), []);
        let open: Vec<_> =
            log.open_transactions().map(|open| (open.producer_id, open.first_offset)).collect();
        assert_eq!(open, [(9, aborted.marker_offset + 2)]);
    };
    check(&mut log);
    disk.crash(&SeededRng::new(3));
    check(&mut open(&disk, SMALL));
    let mut log = open(&disk, SMALL);
    close(&mut log);
    check(&mut open(&disk, SMALL));
    for name in disk.list(dir()).unwrap().iter().filter(|name| is_index(name)) {
        disk.remove(&dir().join(name)).unwrap();
    }
    check(&mut open(&disk, SMALL));
    disk.remove(&dir().join("checkpoint")).unwrap();
    check(&mut open(&disk, SMALL));
}

#[test]
fn retention_may_take_the_beginning_of_an_open_transaction() {
    let disk = disk();
    let mut log = open(&disk, SMALL);
    for sequence in 0..20 {
        append(&mut log, &data(7, 0, sequence)).unwrap();
    }
    sync(&mut log);
    log.advance_start(Offset::new(15), 0).unwrap();
    assert_eq!((log.last_stable().get(), stable(&mut log).len()), (15, 0));
    let log = open(&disk, SMALL);
    assert_eq!(log.last_stable().get(), 15);
    assert!(log.has_open_transaction(7));
}

#[test]
fn a_marker_that_went_with_its_segment_leaves_no_transaction_open() {
    let disk = disk();
    let mut log = open(&disk, SMALL);
    for sequence in 0..12 {
        append(&mut log, &data(7, 0, sequence)).unwrap();
    }
    let marked = end(&mut log, 7, 0, true).base_offset;
    for _ in 0..12 {
        append(&mut log, &BatchBuilder::new().value(b"plain").build()).unwrap();
    }
    sync(&mut log);
    log.move_start(log.high_watermark()).unwrap();
    let names = disk.list(dir()).unwrap();
    let bases = names.iter().filter_map(|name| headrace_log::segment::base_offset_of(name));
    let with_marker = bases.filter(|base| *base <= marked).max().unwrap();
    assert!(with_marker > 0);
    disk.remove(&dir().join(headrace_log::segment::log_name(with_marker))).unwrap();
    let log = open(&disk, SMALL);
    assert_eq!((log.last_stable(), log.log_start()), (log.log_end(), log.log_end()));
}

#[test]
fn producers_with_an_open_transaction_are_not_forgotten() {
    let mut log = open(&disk(), SMALL);
    append(&mut log, &data(7, 0, 0)).unwrap();
    sync(&mut log);
    retain(&mut log, i64::MAX, Offset::ZERO).unwrap();
    assert!(log.has_open_transaction(7));
}

const COMPACTED: LogConfig = LogConfig {
    compaction: Some(CompactionConfig {
        dirty_millionths_min: 0,
        lag_min_ms: 0,
        lag_max_ms: i64::MAX,
        delete_retention_ms: 1_000,
    }),
    ..SMALL
};

fn keyed(producer: i64, sequence: i32, key: &str, value: &str) -> Vec<u8> {
    let record =
        NewRecord { timestamp: 0, key: Some(key.as_bytes()), value: Some(value.as_bytes()), headers: &[] };
    BatchBuilder::new().producer(producer, 0, sequence).transactional().record(record).build()
}

fn compact(log: &mut PartitionLog, now_ms: i64) {
    let Due::Now(plan) = log.plan_compaction(now_ms, Offset::new(i64::MAX)).unwrap() else { return };
    let mut pass = plan.begin(Arc::new(AtomicBool::new(false))).unwrap();
    loop {
        match pass.step().unwrap() {
            Step::Same => {}
            Step::Over => break,
            Step::Rewritten(replacement) => {
                assert!(log.put_in_place(&replacement).unwrap());
                replacement.settle().unwrap();
            }
        }
    }
}

/// Enough behind everything else that it lies in closed segments.
fn fill(log: &mut PartitionLog, from: i32) {
    for sequence in from..from + 6 {
        append(log, &keyed(99, sequence, &format!("fill-{sequence}"), &"f".repeat(100))).unwrap();
    }
    end(log, 99, 0, true);
    sync(log);
}

fn markers(log: &mut PartitionLog) -> Vec<(i64, Option<i64>)> {
    let all = read_all(log);
    let control = all.iter().filter(|(header, _)| header.attributes.is_control());
    control.map(|(header, _)| (header.producer_id.get(), header.delete_horizon_ms())).collect()
}

fn records_of(log: &mut PartitionLog, producer: i64) -> i32 {
    let all = read_all(log);
    let of = all.iter().filter(|(h, _)| h.producer_id.get() == producer && !h.attributes.is_control());
    of.map(|(header, _)| header.records_count).sum()
}

/// KIP-534: aborted records go at once and hide no committed one; markers stay while anything of their transaction does, then get a
/// horizon, and then go.
#[test]
fn compaction_takes_aborted_records_and_keeps_markers_for_their_time() {
    let disk = disk();
    let mut log = open(&disk, COMPACTED);
    append(&mut log, &keyed(1, 0, "k", "committed")).unwrap();
    end(&mut log, 1, 0, true);
    append(&mut log, &keyed(2, 0, "k", "aborted")).unwrap();
    append(&mut log, &keyed(2, 1, "k", "aborted too")).unwrap();
    end(&mut log, 2, 0, false);
    fill(&mut log, 0);
    // As after a day: nothing is remembered of producers, so no batch has to stay for that.
    retain(&mut log, 2 * 24 * 60 * 60 * 1000, Offset::ZERO).unwrap();
    compact(&mut log, 100);
    assert_eq!(records_of(&mut log, 1), 1, "an aborted record replaces nothing");
    assert_eq!(records_of(&mut log, 2), 0);
    let of_two = |log: &mut PartitionLog| markers(log).iter().find(|(id, _)| *id == 2).copied();
    assert_eq!(of_two(&mut log), Some((2, Some(1_100))), "nothing is left of it, so its time runs");
    assert_eq!(markers(&mut log)[0], (1, None), "its record is still there");
    let mut log = open(&disk, COMPACTED);
    fill(&mut log, 6);
    compact(&mut log, 1_050);
    assert_eq!(of_two(&mut log), Some((2, Some(1_100))));
    fill(&mut log, 12);
    compact(&mut log, 1_100);
    assert_eq!(of_two(&mut log), None);
    assert_eq!((records_of(&mut log, 1), markers(&mut log)[0]), (1, (1, None)));
}

#[test]
fn compaction_stops_before_what_is_not_decided() {
    let mut log = open(&disk(), COMPACTED);
    append(&mut log, &keyed(1, 0, "k", "old")).unwrap();
    for sequence in 1..20 {
        append(&mut log, &keyed(1, sequence, "k", "new")).unwrap();
    }
    sync(&mut log);
    assert!(matches!(log.plan_compaction(0, Offset::new(i64::MAX)).unwrap(), Due::NotYet));
}

#[test]
fn what_compaction_moved_is_still_known_to_be_aborted_after_a_crash_with_an_old_checkpoint() {
    let disk = disk();
    let mut log = open(&disk, COMPACTED);
    fill(&mut log, 0);
    append(&mut log, &keyed(2, 0, "k", "aborted")).unwrap();
    let ended = end(&mut log, 2, 0, false);
    fill(&mut log, 6);
    close(&mut log);
    compact(&mut log, 100);
    disk.crash(&SeededRng::new(1));
    let log = open(&disk, COMPACTED);
    let aborted = log.aborted_between(0, i64::MAX).unwrap();
    assert_eq!(aborted.iter().map(|one| one.marker_offset).collect::<Vec<_>>(), [ended.base_offset]);
}

/// What a partition is expected to know, in the plainest form.
#[derive(Default)]
struct Model {
    /// Producer by offset; markers with whether they commit.
    entries: Vec<(i64, Option<bool>)>,
    synced: usize,
}

impl Model {
    fn first_of(&self, producer: i64, before: usize) -> Option<usize> {
        let ended = self.entries[..before].iter().rposition(|(id, end)| *id == producer && end.is_some());
        let from = ended.map_or(0, |at| at + 1);
        (from..before).find(|at| self.entries[*at].0 == producer)
    }

    fn last_stable(&self) -> usize {
        let open = (0..4).filter_map(|producer| self.first_of(producer, self.synced));
        open.min().unwrap_or(self.synced)
    }

    fn aborted(&self, from: usize, to: usize) -> Vec<AbortedTransaction> {
        let mut found = Vec::new();
        for at in from..self.synced {
            let (producer_id, end) = self.entries[at];
            let first = self.first_of(producer_id, at).filter(|first| end == Some(false) && *first < to);
            found.extend(first.map(|first| AbortedTransaction {
                first_offset: first as i64,
                marker_offset: at as i64,
                producer_id,
            }));
        }
        found.sort_unstable();
        found
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_partition_knows_its_transactions_as_the_model_does(seed: u64, steps in prop::collection::vec(0u8..20, 1..120)) {
        let disk: SimDisk = disk();
        let rng = SeededRng::new(seed);
        let (mut log, mut model) = (open(&disk, SMALL), Model::default());
        let mut sequences = BTreeMap::<i64, i32>::new();
        for step in steps {
            let producer = (rng.next_u64() % 4) as i64;
            match step {
                0..10 => {
                    let sequence = sequences.entry(producer).or_default();
                    append(&mut log, &data(producer, 0, *sequence)).unwrap();
                    *sequence += 1;
                    model.entries.push((producer, None));
                }
                10..14 => {
                    end(&mut log, producer, 0, step % 2 == 0);
                    model.entries.push((producer, Some(step % 2 == 0)));
                }
                14..17 => {
                    sync(&mut log);
                    model.synced = model.entries.len();
                }
                17 => close_and_reopen(&disk, &mut log, &mut model),
                _ => {
                    disk.crash(&rng);
                    if step == 19 {
                        let _ = disk.remove(&dir().join("checkpoint"));
                    }
                    log = open(&disk, SMALL);
                    // What was written and not synced may be there or not; the log says which.
                    let end = log.log_end().get() as usize;
                    prop_assert!((model.synced..=model.entries.len()).contains(&end));
                    model.entries.truncate(end);
                    model.synced = end;
                }
            }
            if matches!(step, 18 | 19) {
                sequences = model.next_sequences();
            }
            let last_stable = model.last_stable();
            prop_assert_eq!(log.last_stable().get(), last_stable as i64);
            prop_assert_eq!(stable(&mut log).len(), last_stable);
            let from = (rng.next_u64() as usize) % (last_stable + 1);
            prop_assert_eq!(
                log.aborted_between(from as i64, last_stable as i64).unwrap(),
                model.aborted(from, last_stable)
            );
        }
    }
}

impl Model {
    fn next_sequences(&self) -> BTreeMap<i64, i32> {
        let mut sequences = BTreeMap::new();
        for (producer, _) in self.entries.iter().filter(|(_, end)| end.is_none()) {
            *sequences.entry(*producer).or_default() += 1;
        }
        sequences
    }
}

fn close_and_reopen(disk: &SimDisk, log: &mut PartitionLog, model: &mut Model) {
    close(log);
    model.synced = model.entries.len();
    *log = open(disk, SMALL);
}

/// A checkpoint and indexes of before there were transactions are still good.
#[test]
fn files_of_before_there_were_transactions_are_read() {
    use headrace_log::{checkpoint, index};
    assert_eq!((checkpoint::KIND.version, checkpoint::KIND_BEFORE.version), (2, 1));
    let disk = disk();
    let mut log = open(&disk, SMALL);
    for sequence in 0..12 {
        append(&mut log, &BatchBuilder::new().producer(7, 0, sequence).value(b"x").build()).unwrap();
    }
    close(&mut log);
    let path = dir().join("checkpoint");
    let bytes = headrace_io::disk::read_file(&disk, &path, 1 << 20).unwrap();
    let headrace_log::checked_file::Content::Sound(payload) = checkpoint::KIND.decode(&bytes) else {
        panic!()
    };
    let now = headrace_log::checkpoint::Checkpoint::decode(&payload, checkpoint::KIND).unwrap();
    let before = encode_before(&now);
    checkpoint::KIND_BEFORE.replace(&disk, &path, &before).unwrap();
    let read = headrace_log::checkpoint::Checkpoint::decode(&before, checkpoint::KIND_BEFORE).unwrap();
    assert_eq!(read, now);
    for name in disk.list(dir()).unwrap().iter().filter(|name| is_index(name)) {
        let path = dir().join(name);
        let bytes = headrace_io::disk::read_file(&disk, &path, 1 << 20).unwrap();
        let headrace_log::checked_file::Content::Sound(payload) = index::KIND.decode(&bytes) else {
            panic!()
        };
        // The number of aborted transactions, none, ends the file.
        index::KIND_BEFORE.replace(&disk, Path::new(&path), &payload[..payload.len() - 8]).unwrap();
    }
    let mut log = open(&disk, SMALL);
    assert_eq!((read_all(&mut log).len(), log.producers_count()), (12, 1));
    assert_eq!(BatchHeader::parse(&data(7, 0, 0)).map(|header| header.records_count), Some(1));
}

/// The checkpoint of a log without transactions as it was written before there were any.
fn encode_before(checkpoint: &headrace_log::checkpoint::Checkpoint) -> Vec<u8> {
    let mut out = Vec::new();
    let numbers =
        [checkpoint.offset, checkpoint.segment_base, checkpoint.position as i64, checkpoint.max_timestamp];
    for number in numbers {
        out.extend_from_slice(&number.to_be_bytes());
    }
    checkpoint.index.encode(&mut out);
    let mut producers = Vec::new();
    checkpoint.producers.encode(&mut producers);
    // Count of producers, then of each: id, epoch, appended at, and from there three numbers that are new.
    out.extend_from_slice(&producers[..32]);
    out.extend_from_slice(&producers[32 + 24..]);
    out
}
