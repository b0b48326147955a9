//! Committer, logs and write-ahead log against a reference model, through kills, power cuts and failed syncs: what was acknowledged
//! stays, nothing appears that was not appended, repetitions are recognised.

use std::path::Path;

use headrace_commit::{Done, Flush};
use headrace_io::{Disk, Fault, OpenMode, SeededRng, SimDisk};
use headrace_log::AppendError;
use headrace_records::{BatchBuilder, BatchHeader};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{PARTITIONS, Store, disk, partition, wal_dir};

/// The last partition belongs to a topic that does not wait for the disk.
const RELAXED: i32 = PARTITIONS - 1;

#[derive(Clone, Debug)]
enum Step {
    Append { index: i32, bytes: usize },
    Repeat { index: i32 },
    Begin,
    Finish,
    Settle,
    Prepare,
    SyncSegments { index: i32 },
    SyncRelaxed,
    DeleteRecords { index: i32 },
    Kill,
    PowerCut { seed: u64 },
    SyncFails { seed: u64 },
    CleanStop,
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..PARTITIONS;
    prop_oneof![
        24 => (index(), prop_oneof![5 => 0usize..400, 1 => 900usize..1500])
            .prop_map(|(index, bytes)| Step::Append { index, bytes }),
        4 => index().prop_map(|index| Step::Repeat { index }),
        12 => Just(Step::Begin),
        12 => Just(Step::Finish),
        8 => Just(Step::Settle),
        4 => Just(Step::Prepare),
        1 => index().prop_map(|index| Step::SyncSegments { index }),
        1 => Just(Step::SyncRelaxed),
        1 => index().prop_map(|index| Step::DeleteRecords { index }),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
        1 => any::<u64>().prop_map(|seed| Step::SyncFails { seed }),
        1 => Just(Step::CleanStop),
    ]
}

/// What a log should hold: batches of one record each, and how many of them were promised.
#[derive(Clone, Debug, Default)]
struct Model {
    batches: Vec<Vec<u8>>,
    promised: usize,
}

/// What a broken broker would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    None,
    AcknowledgesBeforeTheSync,
    ForgetsTheWriteAheadLog,
}

struct Run {
    disk: SimDisk,
    store: Store,
    bug: Bug,
    models: Vec<Model>,
    running: Option<(Vec<Done>, Vec<usize>)>,
    appended: u32,
}

impl Run {
    fn new(bug: Bug) -> Self {
        let disk = disk();
        let store = Store::open(&disk).unwrap();
        let models = vec![Model::default(); PARTITIONS as usize];
        Self { disk, store, bug, models, running: None, appended: 0 }
    }

    fn ends(&self) -> Vec<usize> {
        self.models.iter().map(|model| model.batches.len()).collect()
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Append { index, bytes } => self.append(index, bytes),
            Step::Repeat { index } => self.repeat(index),
            Step::Begin => self.begin(),
            Step::Finish => self.finish(),
            Step::Settle => self.settle(),
            Step::Prepare => self.store.prepare().unwrap(),
            Step::SyncSegments { index } => self.store.committer.sync(partition(index)),
            Step::SyncRelaxed => self.store.committer.sync_relaxed(),
            Step::DeleteRecords { index } => {
                let log = self.store.logs.0.get_mut(&partition(index)).unwrap().as_mut().unwrap();
                log.advance_start(log.high_watermark(), 0).unwrap();
            }
            Step::Kill => self.reopen(true),
            Step::PowerCut { seed } => self.power_cut(seed),
            Step::SyncFails { seed } => self.sync_fails(seed),
            Step::CleanStop => self.clean_stop(),
        }
    }

    fn append(&mut self, index: i32, bytes: usize) {
        let model = &mut self.models[index as usize];
        self.appended += 1;
        let mut value = self.appended.to_be_bytes().to_vec();
        value.resize(4 + bytes, 0xa5);
        let sequence = model.batches.len() as i32;
        let batch = BatchBuilder::new().producer(7, 0, sequence).value(&value).build();
        let flush = if index == RELAXED { Flush::Relaxed } else { Flush::Strict };
        let appended = self.store.append(index, &batch, flush).unwrap();
        assert_eq!(
            (appended.base_offset, appended.duplicate),
            (model.batches.len() as i64, false),
            "in partition {index}"
        );
        model.batches.push(batch);
        if self.bug == Bug::AcknowledgesBeforeTheSync && index != RELAXED {
            model.promised = model.batches.len();
        }
    }

    /// A producer that did not hear sends its last batch again.
    fn repeat(&mut self, index: i32) {
        let model = &self.models[index as usize];
        let Some(last) = model.batches.last().cloned() else { return };
        match self.store.append(index, &last, Flush::Strict) {
            Ok(appended) => assert!(
                appended.duplicate && appended.base_offset == model.batches.len() as i64 - 1,
                "in partition {index}: {appended:?}"
            ),
            Err(AppendError::OutOfOrderSequence { .. }) => panic!("a repetition was not recognised"),
            Err(error) => panic!("{error}"),
        }
    }

    fn begin(&mut self) {
        if self.running.is_some() {
            return;
        }
        let ends = self.ends();
        if let Some(done) = self.store.begin().unwrap() {
            self.running = Some((done, ends));
        }
    }

    /// What is synced in its segment becomes readable as well, also while a round runs that began before.
    fn settle(&mut self) {
        let synced = |store: &Store| -> Vec<i64> {
            store.logs.0.values().flatten().map(|log| log.synced_offset().get()).collect()
        };
        let before = synced(&self.store);
        self.store.settle().unwrap();
        let (after, appended) = (synced(&self.store), self.ends());
        let Some((_, ends)) = &mut self.running else { return };
        for (index, end) in ends.iter_mut().enumerate().filter(|(index, _)| after[*index] > before[*index]) {
            *end = appended[index];
        }
    }

    fn finish(&mut self) {
        if let Some((done, ends)) = self.running.take() {
            self.store.finish(done);
            for index in 0..PARTITIONS {
                let high_watermark = self.store.high_watermark(index) as usize;
                if index != RELAXED {
                    assert!(high_watermark <= ends[index as usize], "more is readable than was synced");
                    let model = &mut self.models[index as usize];
                    model.promised = model.promised.max(high_watermark);
                }
            }
        }
    }

    fn power_cut(&mut self, seed: u64) {
        if self.bug == Bug::ForgetsTheWriteAheadLog && self.disk.exists(wal_dir()).unwrap() {
            self.disk.remove_dir_all(wal_dir()).unwrap();
            self.disk.sync_dir(wal_dir().parent().unwrap()).unwrap();
        }
        self.disk.crash(&SeededRng::new(seed));
        self.reopen(false);
    }

    /// A sync fails, the broker ends, and a retry is acknowledged by the next one: then the power goes.
    fn sync_fails(&mut self, seed: u64) {
        self.finish();
        self.disk.inject(Fault::SyncError);
        while let Ok(true) = self.store.settle() {}
        if self.store.begin().is_ok() {
            // There was nothing to sync: the failure must not wait for the next broker.
            let other = self.disk.open(Path::new("data/other"), OpenMode::Replace).unwrap();
            let _ = other.sync_data();
        }
        self.reopen(true);
        self.disk.crash(&SeededRng::new(seed));
        self.reopen(false);
    }

    fn clean_stop(&mut self) {
        self.finish();
        let disk = self.disk.clone();
        let empty = Store::open(&crate::support::disk()).unwrap();
        std::mem::replace(&mut self.store, empty).close().unwrap();
        assert!(!disk.exists(wal_dir()).unwrap(), "a broker that has stopped leaves no write-ahead log");
        self.models.iter_mut().for_each(|model| model.promised = model.batches.len());
        self.reopen(false);
    }

    /// The next broker opens the disk. A process that was killed leaves the page cache: nothing is lost then.
    fn reopen(&mut self, was_killed: bool) {
        self.running = None;
        self.store = Store::open(&self.disk).unwrap();
        for index in 0..PARTITIONS {
            let model = &mut self.models[index as usize];
            let log = self.store.logs.0.get_mut(&partition(index)).unwrap();
            let log = log.as_mut().unwrap_or_else(|| panic!("partition {index} is offline"));
            let end = log.log_end().get() as usize;
            assert!(end >= model.promised, "partition {index}: {} promised, {end} found", model.promised);
            assert!(end <= model.batches.len(), "phantoms in partition {index}");
            assert!(!was_killed || end == model.batches.len(), "a kill has lost what was written");
            assert_eq!(log.high_watermark().get() as usize, end);
            model.batches.truncate(end);
            model.promised = if index == RELAXED { 0 } else { end };
            let start = log.log_start().get() as usize;
            let expected: Vec<u8> = model.batches[start..].concat();
            assert_eq!(without_offsets(self.store.bytes(index)), without_offsets(expected));
        }
    }
}

/// Offset and epoch are stamped by the broker.
fn without_offsets(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some(header) = BatchHeader::parse(&bytes[at..]) {
        bytes[at..at + 8].fill(0);
        bytes[at + 12..at + 16].fill(0);
        at += header.batch_bytes().unwrap();
    }
    bytes
}

fn check(bug: Bug, cases: u32) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    TestRunner::new(config)
        .run(&prop::collection::vec(step(), 1..250), |steps| {
            let mut run = Run::new(bug);
            for step in &steps {
                run.apply(step);
            }
            run.power_cut(steps.len() as u64);
            run.clean_stop();
            Ok(())
        })
        .map_err(|error| error.to_string())
}

#[test]
fn what_was_promised_stays_and_nothing_else_appears() {
    check(Bug::None, 300).unwrap();
}

#[test]
fn the_model_notices_an_acknowledgement_before_the_sync() {
    assert!(check(Bug::AcknowledgesBeforeTheSync, 300).is_err());
}

#[test]
fn the_model_notices_a_write_ahead_log_that_is_not_replayed() {
    assert!(check(Bug::ForgetsTheWriteAheadLog, 300).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_power_cut_at_any_operation_loses_nothing_acknowledged(
        operations in 0u64..400,
        seed in any::<u64>(),
        again in 0u64..60,
    ) {
        let mut run = Run::new(Bug::None);
        run.store.append(0, &BatchBuilder::new().value(b"first").build(), Flush::Strict).unwrap();
        run.store.prepare().unwrap();
        run.models[0].batches.push(BatchBuilder::new().value(b"first").build());
        run.disk.power_off_after(operations);
        for number in 0usize..120 {
            let index = (number % 2) as i32;
            let bytes = if number % 17 == 0 { 1000 } else { 50 + number * 7 };
            let batch = BatchBuilder::new().value(&vec![number as u8; bytes]).build();
            run.models[index as usize].batches.push(batch.clone());
            if run.store.append(index, &batch, Flush::Strict).is_err() {
                break;
            }
            let step = |store: &mut Store| -> Result<(), headrace_commit::CommitError> {
                store.round()?;
                store.prepare()?;
                while store.settle()? {}
                Ok(())
            };
            let stepped = step(&mut run.store);
            for index in 0..2 {
                run.models[index as usize].promised = run.store.high_watermark(index) as usize;
            }
            if stepped.is_err() {
                break;
            }
        }
        run.disk.crash(&SeededRng::new(seed));
        // The power may go again while the next broker recovers.
        run.disk.power_off_after(again);
        let interrupted = Store::open(&run.disk).is_err();
        run.disk.crash(&SeededRng::new(seed ^ 1));
        run.reopen(false);
        prop_assert!(interrupted || again > 0);
    }
}
