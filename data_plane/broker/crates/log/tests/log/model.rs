//! The log against a reference model, through crashes: what was synced stays, nothing appears that was not appended,
//! offsets are dense, repetitions are recognised.

use crate::support::{CONFIG, append, close, disk, open, read_all, split};
use headrace_io::{SeededRng, SimDisk};
use headrace_log::{AppendError, LogConfig, PartitionLog, SyncEnd, SyncPlan};
use headrace_records::BatchBuilder;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Append { records: usize, bytes: usize },
    AppendIdempotent { producer: usize, records: usize },
    Repeat { producer: usize },
    BeginSync,
    FinishSync,
    Read { at: u8, bytes_max: usize },
    Kill,
    PowerCut { seed: u64 },
    CleanStop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1usize..5, 0usize..120).prop_map(|(records, bytes)| Step::Append { records, bytes }),
        6 => (0usize..3, 1usize..4).prop_map(|(producer, records)| Step::AppendIdempotent { producer, records }),
        3 => (0usize..3).prop_map(|producer| Step::Repeat { producer }),
        4 => Just(Step::BeginSync),
        4 => Just(Step::FinishSync),
        3 => (any::<u8>(), 0usize..600).prop_map(|(at, bytes_max)| Step::Read { at, bytes_max }),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
        1 => Just(Step::CleanStop),
    ]
}

#[derive(Clone, Debug)]
struct ModelBatch {
    base_offset: i64,
    end_offset: i64,
    records: Vec<u8>,
    producer: Option<(usize, i32, Vec<u8>)>,
}

/// What the log should hold: batches in order, of which those up to `acked` were acknowledged.
#[derive(Debug, Default)]
struct Model {
    batches: Vec<ModelBatch>,
    acked: i64,
    payloads: u32,
}

impl Model {
    fn end(&self) -> i64 {
        self.batches.last().map_or(0, |batch| batch.end_offset)
    }

    fn payload(&mut self, bytes: usize) -> Vec<u8> {
        self.payloads += 1;
        let mut payload = self.payloads.to_be_bytes().to_vec();
        payload.resize(4 + bytes, 0xa5);
        payload
    }

    fn push(&mut self, batch: &[u8], records: usize, producer: Option<(usize, i32)>) {
        let base_offset = self.end();
        self.batches.push(ModelBatch {
            base_offset,
            end_offset: base_offset + records as i64,
            records: batch[61..].to_vec(),
            producer: producer.map(|(producer, sequence)| (producer, sequence, batch.to_vec())),
        });
    }

    fn next_sequence(&self, producer: usize) -> i32 {
        let mine = |batch: &&ModelBatch| batch.producer.as_ref().is_some_and(|(who, ..)| *who == producer);
        self.batches.iter().rev().find(mine).map_or(0, |batch| {
            let (_, sequence, _) = batch.producer.as_ref().unwrap();
            sequence + (batch.end_offset - batch.base_offset) as i32
        })
    }

    /// The log came back with `end`: that must keep what was acknowledged and cut between batches.
    fn recovered(&mut self, end: i64) {
        assert!(end >= self.acked, "acknowledged up to {}, found {end}", self.acked);
        assert!(end <= self.end(), "phantoms: appended up to {}, found {end}", self.end());
        self.batches.retain(|batch| batch.end_offset <= end);
        assert_eq!(self.end(), end, "the log was cut inside a batch");
        self.acked = end;
    }
}

struct Run {
    disk: SimDisk,
    log: PartitionLog,
    running: Option<SyncEnd>,
    model: Model,
    config: LogConfig,
}

impl Run {
    fn new(config: LogConfig) -> Self {
        let disk = disk();
        let log = open(&disk, config);
        Self { disk, log, running: None, model: Model::default(), config }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Append { records, bytes } => self.append(records, bytes, None),
            Step::AppendIdempotent { producer, records } => self.append(records, 8, Some(producer)),
            Step::Repeat { producer } => self.repeat(producer),
            Step::BeginSync => {
                if self.running.is_none() {
                    self.running = self.log.sync_plan().map(SyncPlan::run).transpose().unwrap();
                }
            }
            Step::FinishSync => {
                if let Some(end) = self.running.take() {
                    self.log.synced(end);
                    self.model.acked = end.offset;
                }
            }
            Step::Read { at, bytes_max } => self.read(at, bytes_max),
            Step::Kill => self.reopen(),
            Step::PowerCut { seed } => {
                self.disk.crash(&SeededRng::new(seed));
                self.reopen();
            }
            Step::CleanStop => {
                self.apply(&Step::FinishSync);
                close(&mut self.log);
                self.model.acked = self.model.end();
                self.reopen();
            }
        }
        assert_eq!(self.log.high_watermark().get(), self.model.acked);
        assert_eq!(self.log.log_end().get(), self.model.end());
    }

    fn append(&mut self, records: usize, bytes: usize, producer: Option<usize>) {
        let mut builder = BatchBuilder::new();
        let sequence = producer.map(|producer| (producer, self.model.next_sequence(producer)));
        if let Some((producer, sequence)) = sequence {
            builder = builder.producer(producer as i64, 0, sequence);
        }
        for _ in 0..records {
            builder = builder.value(&self.model.payload(bytes));
        }
        let batch = builder.build();
        let appended = append(&mut self.log, &batch).unwrap();
        assert_eq!((appended.base_offset, appended.duplicate), (self.model.end(), false));
        self.model.push(&batch, records, sequence);
    }

    /// A producer that did not hear sends one of its last batches again.
    fn repeat(&mut self, producer: usize) {
        let mine = |batch: &&ModelBatch| batch.producer.as_ref().is_some_and(|(who, ..)| *who == producer);
        for (back, batch) in self.model.batches.iter().rev().filter(mine).take(7).enumerate() {
            let (_, _, bytes) = batch.producer.as_ref().unwrap();
            match append(&mut self.log, bytes) {
                Ok(appended) => {
                    assert!(appended.duplicate && back < 5);
                    assert_eq!(appended.base_offset, batch.base_offset);
                }
                Err(AppendError::OutOfOrderSequence { .. }) => assert!(back >= 5),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn read(&mut self, at: u8, bytes_max: usize) {
        let from = self.model.end() * i64::from(at) / 255;
        let mut out = Vec::new();
        self.log.read(from, bytes_max, true, &mut out).unwrap();
        let read = split(&out);
        let readable = self.model.batches.iter().filter(|batch| batch.end_offset <= self.model.acked);
        let mut expected = readable.skip_while(|batch| batch.end_offset <= from);
        for (header, records) in &read {
            let batch = expected.next().unwrap();
            assert_eq!((header.base_offset.get(), records), (batch.base_offset, &batch.records));
        }
        assert!(out.len() <= bytes_max || read.len() == 1);
        assert!(!read.is_empty() || expected.next().is_none(), "a consumer at {from} would hang");
    }

    fn reopen(&mut self) {
        self.running = None;
        self.log = open(&self.disk, self.config);
        self.model.recovered(self.log.log_end().get());
        let read = read_all(&mut self.log);
        assert_eq!(read.len(), self.model.batches.len());
        for ((header, records), batch) in read.iter().zip(&self.model.batches) {
            assert_eq!((header.base_offset.get(), records), (batch.base_offset, &batch.records));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn synced_stays_and_nothing_else_appears(
        steps in prop::collection::vec(step(), 1..120),
        segment_bytes in prop_oneof![Just(400u64), Just(2_000), Just(1 << 20)],
    ) {
        let mut run = Run::new(LogConfig { segment_bytes, ..CONFIG });
        for step in &steps {
            run.apply(step);
        }
        run.apply(&Step::CleanStop);
    }

    #[test]
    fn a_power_cut_at_any_operation_loses_nothing_acknowledged(
        operations in 0u64..60,
        seed in any::<u64>(),
    ) {
        let mut run = Run::new(LogConfig { segment_bytes: 400, ..CONFIG });
        run.disk.power_off_after(operations);
        for number in 0..20 {
            let batch = BatchBuilder::new().value(&run.model.payload(number)).build();
            match append(&mut run.log, &batch) {
                Ok(_) => run.model.push(&batch, 1, None),
                Err(_) => break,
            }
            let Some(plan) = run.log.sync_plan() else { continue };
            let Ok(end) = plan.run() else { break };
            run.log.synced(end);
            run.model.acked = end.offset;
        }
        run.model.push(&BatchBuilder::new().value(b"cut off half way").build(), 1, None);
        run.disk.crash(&SeededRng::new(seed));
        let log = open(&run.disk, run.config);
        prop_assert!(log.log_end().get() >= run.model.acked);
        prop_assert!(log.log_end().get() <= run.model.end());
    }
}
