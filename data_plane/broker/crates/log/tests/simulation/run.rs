//! The storage itself, driven step by step by one generator, beside the model.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, Fault, OpenMode, Rng, SeededRng, SimDisk};
use headrace_log::{AppendError, LogConfig, LogError, PartitionLog, ReadError, SyncEnd, SyncPlan};
use headrace_records::BatchHeader;
use headrace_types::{Offset, PartitionIndex, TopicId, TopicPartition};

use crate::model::{Model, PRODUCERS};

/// Segments are small, so that there are many.
const SEGMENT_BYTES: [u64; 3] = [600, 3_000, 1 << 20];
/// Batches that are kept; more are forgotten, so that long runs stay fast.
const KEPT_MAX: usize = 60;
const ALL: usize = usize::MAX >> 1;

pub(crate) struct Run {
    rng: SeededRng,
    disk: SimDisk,
    config: LogConfig,
    log: PartitionLog,
    /// A sync that is done and not told yet: appends go on beside it.
    running: Option<SyncEnd>,
    model: Model,
    trace: u32,
    steps: u64,
}

fn dir() -> &'static Path {
    Path::new("data/p")
}

fn identity() -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([1; 16]), partition: PartitionIndex::new(0) }
}

fn open(disk: &SimDisk, config: LogConfig) -> Result<PartitionLog, LogError> {
    PartitionLog::open(Arc::new(disk.clone()), dir(), identity(), config, 0)
}

impl Run {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        let disk = SimDisk::new();
        disk.create_dir_all(dir()).unwrap();
        disk.sync_dir(Path::new("data")).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        let config = LogConfig {
            segment_bytes: SEGMENT_BYTES[rng.next_u64() as usize % SEGMENT_BYTES.len()],
            segment_ms: i64::MAX,
            retention_ms: -1,
            retention_bytes: -1,
            compaction: None,
        };
        let log = open(&disk, config).unwrap();
        Self { rng, disk, config, log, running: None, model: Model::default(), trace: 0, steps: 0 }
    }

    fn draw(&self, below: usize) -> usize {
        (self.rng.next_u64() % below as u64) as usize
    }

    /// One step, whichever the generator chooses.
    pub(crate) fn step(&mut self) {
        let kind = self.draw(100);
        match kind {
            0..36 => self.append(),
            36..44 => self.repeat(),
            44..60 => self.begin_sync(),
            60..78 => self.finish_sync(),
            78..90 => self.read(),
            90..92 => self.forget(),
            92..93 => self.fill_up(),
            93..94 => self.stop_in_order(),
            94..96 => self.kill(),
            96..98 => self.cut_power(),
            _ => self.let_rot(),
        }
        self.steps += 1;
        let state = [
            self.steps as i64,
            kind as i64,
            self.disk.operations() as i64,
            self.log.log_end().get(),
            self.log.high_watermark().get(),
        ];
        let bytes: Vec<u8> = state.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.trace = crc32c::crc32c_append(self.trace, &bytes);
        assert_eq!(self.log.log_end().get(), self.model.end());
        assert_eq!(self.log.high_watermark().get(), self.model.acked);
    }

    /// Ends in order and reads everything once more.
    pub(crate) fn finish(mut self) -> u32 {
        self.stop_in_order();
        self.trace
    }

    fn append(&mut self) {
        let producer = self.draw(PRODUCERS + 2);
        let producer = (producer < PRODUCERS).then_some(producer);
        let (records, bytes) = (1 + self.draw(4), self.draw(120));
        let batch = self.model.next_batch(producer, records, bytes);
        let appended = self.try_append(&batch).unwrap();
        assert_eq!((appended.0, appended.1), (self.model.end(), false));
        self.model.appended(batch, producer, records);
    }

    fn try_append(&mut self, batch: &[u8]) -> Result<(i64, bool), AppendError> {
        let header = BatchHeader::parse(batch).unwrap();
        self.log.append(batch, &header, false, 0).map(|appended| (appended.base_offset, appended.duplicate))
    }

    /// A producer that did not hear sends its last batch again.
    fn repeat(&mut self) {
        let producer = self.draw(PRODUCERS);
        let last = self.model.batches.iter().rev().find(|batch| batch.producer == Some(producer)).cloned();
        if let Some(last) = last {
            assert_eq!(self.try_append(&last.sent).unwrap(), (last.base_offset, true));
        }
    }

    fn begin_sync(&mut self) {
        if self.running.is_none() {
            self.running = self.log.sync_plan().map(SyncPlan::run).transpose().unwrap();
        }
    }

    fn finish_sync(&mut self) {
        if let Some(end) = self.running.take() {
            self.log.synced(end);
            self.model.acked = end.offset;
        }
    }

    fn read(&mut self) {
        let span = (self.model.acked - self.model.start).max(0) as usize + 1;
        let from = self.model.start + self.draw(span) as i64;
        let bytes_max = self.draw(1_500);
        let mut out = Vec::new();
        self.log.read(from, bytes_max, true, &mut out).unwrap();
        let next = self.model.judge(from, &out);
        assert!(next > from || from >= self.model.acked, "a consumer at {from} would hang");
    }

    /// Retention takes what is old.
    fn forget(&mut self) {
        if self.model.batches.len() > KEPT_MAX && self.running.is_none() {
            let offset = self.model.batches[KEPT_MAX / 2].base_offset.min(self.model.acked);
            self.log.advance_start(Offset::new(offset), 0).unwrap();
            self.model.forget_before(offset);
        }
    }

    /// The next write finds a full disk: nothing of the batch stays, and the log goes on.
    fn fill_up(&mut self) {
        let batch = self.model.next_batch(None, 1, 50);
        self.disk.inject(Fault::NoSpace);
        assert!(matches!(self.try_append(&batch), Err(AppendError::Full)));
    }

    fn stop_in_order(&mut self) {
        self.finish_sync();
        if let Some(plan) = self.log.closing_plan() {
            let end = plan.run().unwrap();
            self.log.synced(end);
        }
        self.model.acked = self.model.end();
        self.come_back();
    }

    fn kill(&mut self) {
        self.come_back();
    }

    fn cut_power(&mut self) {
        self.disk.crash(&SeededRng::new(self.rng.next_u64()));
        self.come_back();
    }

    fn come_back(&mut self) {
        self.running = None;
        self.log = open(&self.disk, self.config).unwrap();
        self.model.came_back(self.log.log_end().get());
        let mut out = Vec::new();
        self.log.read(self.model.start, ALL, true, &mut out).unwrap();
        assert_eq!(self.model.judge(self.model.start, &out), self.model.acked);
    }

    /// A bit flips on another disk of the same content: it is refused, or nothing wrong is served and nothing is missing.
    fn let_rot(&mut self) {
        let disk = self.disk.fork();
        let files = self.files();
        if files.is_empty() {
            return;
        }
        let path = &files[self.draw(files.len())];
        let length = disk.open(path, OpenMode::Read).unwrap().length().unwrap() as usize;
        if length == 0 {
            return;
        }
        let (byte, bit) = (self.draw(length), self.draw(8) as u8);
        disk.flip_bit(path, byte, bit);
        let mut log = match open(&disk, self.config) {
            Ok(log) => log,
            Err(LogError::Corrupt { .. } | LogError::Format { .. }) => return,
            Err(error) => panic!("{error}"),
        };
        let mut model = self.model.clone();
        model.came_back(log.log_end().get());
        let mut next = model.start;
        while next < model.acked {
            let mut out = Vec::new();
            match log.read(next, ALL, true, &mut out) {
                Ok(()) => {}
                Err(ReadError::Log(LogError::Corrupt { .. })) => return,
                Err(error) => panic!("{error}"),
            }
            let after = model.judge(next, &out);
            assert!(after > next, "a consumer at {next} would hang");
            next = after;
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let names = self.disk.list(dir()).unwrap();
        names.iter().map(|name| dir().join(name)).collect()
    }
}
