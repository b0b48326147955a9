//! The storage itself, driven step by step by one generator, beside the models.

use std::path::{Path, PathBuf};

use headrace_commit::CommitError;
use headrace_io::{Disk, Fault, OpenMode, Rng, SeededRng, SimDisk};
use headrace_log::{AppendError, LogConfig, LogError, ReadError};
use headrace_types::Offset;

use crate::model::{Model, PRODUCERS};
use crate::store::{BYPASS_BYTES_MIN, PARTITIONS, Store, dir_of, disk, partition, wal_dir};

/// Segments are small, so that there are many.
const SEGMENT_BYTES: [u64; 3] = [600, 3_000, 1 << 20];
/// Batches that are kept; more are forgotten, so that long runs stay fast.
const KEPT_MAX: usize = 60;
const ALL: usize = usize::MAX >> 1;

pub(crate) struct Run {
    rng: SeededRng,
    disk: SimDisk,
    config: LogConfig,
    store: Store,
    models: Vec<Model>,
    trace: u32,
    steps: u64,
}

impl Run {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        let disk = disk();
        let config = LogConfig {
            segment_bytes: SEGMENT_BYTES[rng.next_u64() as usize % SEGMENT_BYTES.len()],
            segment_ms: i64::MAX,
            retention_ms: -1,
            retention_bytes: -1,
            compaction: None,
        };
        let store = Store::open(&disk, config).unwrap();
        let models = vec![Model::default(); PARTITIONS];
        Self { rng, disk, config, store, models, trace: 0, steps: 0 }
    }

    fn draw(&self, below: usize) -> usize {
        (self.rng.next_u64() % below as u64) as usize
    }

    /// One step, whichever the generator chooses.
    pub(crate) fn step(&mut self) {
        let kind = self.draw(1000);
        match kind {
            0..360 => self.append(),
            360..420 => self.repeat(),
            420..530 => {
                self.store.begin();
            }
            530..640 => self.store.work().unwrap(),
            640..750 => self.finish(),
            750..800 => self.store.prepare().unwrap(),
            800..880 => self.settle(),
            880..940 => self.read(),
            940..960 => self.forget(),
            960..966 => self.fill_up(),
            966..968 => self.stop_in_order(),
            968..976 => self.come_back(),
            976..984 => self.cut_power(),
            984..986 => self.fail_a_sync(),
            _ => self.let_rot(),
        }
        self.steps += 1;
        let mut state = vec![self.steps as i64, kind as i64, self.disk.operations() as i64];
        for (index, model) in self.models.iter().enumerate() {
            let log = self.store.log(index);
            let ends = (log.log_end().get(), log.high_watermark().get());
            assert_eq!(ends, (model.end(), model.acked), "partition {index}");
            state.extend([ends.0, ends.1]);
        }
        let bytes: Vec<u8> = state.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.trace = crc32c::crc32c_append(self.trace, &bytes);
    }

    /// Ends in order and reads everything once more.
    pub(crate) fn finish_all(mut self) -> u32 {
        self.stop_in_order();
        self.trace
    }

    fn append(&mut self) {
        let index = self.draw(PARTITIONS);
        let producer = self.draw(PRODUCERS + 2);
        let producer = (producer < PRODUCERS).then_some(producer);
        let is_large = self.draw(16) == 0;
        let (records, bytes) =
            if is_large { (1, BYPASS_BYTES_MIN) } else { (1 + self.draw(4), self.draw(100)) };
        let batch = self.models[index].next_batch(producer, records, bytes);
        let appended = self.store.append(index, &batch).unwrap();
        assert_eq!((appended.base_offset, appended.duplicate), (self.models[index].end(), false));
        self.models[index].appended(batch, producer, records);
    }

    /// A producer that did not hear sends its last batch again.
    fn repeat(&mut self) {
        let (index, producer) = (self.draw(PARTITIONS), self.draw(PRODUCERS));
        let mut batches = self.models[index].batches.iter().rev();
        if let Some(last) = batches.find(|batch| batch.producer == Some(producer)).cloned() {
            let appended = self.store.append(index, &last.sent).unwrap();
            assert_eq!((appended.base_offset, appended.duplicate), (last.base_offset, true));
        }
    }

    /// What became durable is acknowledged.
    fn acknowledge(&mut self) {
        for (index, model) in self.models.iter_mut().enumerate() {
            let high_watermark = self.store.log(index).high_watermark().get();
            assert!(high_watermark >= model.acked, "an acknowledgement was taken back");
            model.acked = high_watermark;
        }
    }

    fn finish(&mut self) {
        self.store.finish();
        self.acknowledge();
    }

    fn settle(&mut self) {
        self.store.settle().unwrap();
        self.acknowledge();
    }

    fn read(&mut self) {
        let index = self.draw(PARTITIONS);
        let model = &self.models[index];
        let span = (model.acked - model.start).max(0) as usize + 1;
        let from = model.start + self.draw(span) as i64;
        let bytes_max = self.draw(1_500);
        let mut out = Vec::new();
        self.store.log(index).read(from, bytes_max, true, &mut out).unwrap();
        let next = model.judge(from, &out);
        assert!(next > from || from >= model.acked, "a consumer at {from} would hang");
    }

    /// An administrator deletes what is old, as far as the segments hold it durably.
    fn forget(&mut self) {
        let index = self.draw(PARTITIONS);
        if self.models[index].batches.len() > KEPT_MAX {
            let old = self.models[index].batches[KEPT_MAX / 2].base_offset;
            let log = self.store.log(index);
            log.advance_start(Offset::new(old), 0).unwrap();
            let start = log.log_start().get();
            self.models[index].forget_before(start);
        }
    }

    /// The next write finds a full disk: nothing of the batch stays, and the log goes on.
    fn fill_up(&mut self) {
        let index = self.draw(PARTITIONS);
        let batch = self.models[index].next_batch(None, 1, 50);
        self.disk.inject(Fault::NoSpace);
        assert!(matches!(self.store.append(index, &batch), Err(AppendError::Full)));
    }

    fn stop_in_order(&mut self) {
        self.store.close().unwrap();
        assert!(!self.disk.exists(wal_dir()).unwrap(), "a stop in order leaves no write-ahead log");
        self.models.iter_mut().for_each(|model| model.acked = model.end());
        self.come_back();
    }

    fn cut_power(&mut self) {
        self.disk.crash(&SeededRng::new(self.rng.next_u64()));
        self.come_back();
    }

    /// A sync fails once, and the process ends without an acknowledgement. What the next one finds it may acknowledge.
    fn fail_a_sync(&mut self) {
        self.store.begin();
        self.disk.inject(Fault::SyncError);
        if self.store.work().is_ok() {
            // There was nothing to sync: the failure must not wait for the next process.
            let other = self.disk.open(Path::new("data/other"), OpenMode::Replace).unwrap();
            other.sync_data().unwrap_err();
        }
        self.come_back();
    }

    /// The process was killed, and the next one opens the disk.
    fn come_back(&mut self) {
        self.store = Store::open(&self.disk, self.config).unwrap();
        for (index, model) in self.models.iter_mut().enumerate() {
            let log = self.store.log(index);
            model.came_back(log.log_end().get());
            let mut out = Vec::new();
            log.read(model.start, ALL, true, &mut out).unwrap();
            assert_eq!(model.judge(model.start, &out), model.acked);
        }
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
        match Store::open(&disk, self.config) {
            Ok(store) => self.judge_rotten(store),
            Err(
                CommitError::Log(LogError::Corrupt { .. } | LogError::Format { .. })
                | CommitError::Damaged { .. }
                | CommitError::Format { .. },
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn judge_rotten(&self, mut store: Store) {
        for (index, model) in self.models.iter().enumerate() {
            let mut model = model.clone();
            let log = store.log(index);
            model.came_back(log.log_end().get());
            let mut next = model.start;
            while next < model.acked {
                let mut out = Vec::new();
                match log.read(next, ALL, true, &mut out) {
                    Ok(()) => {}
                    Err(ReadError::Log(LogError::Corrupt { .. })) => break,
                    Err(error) => panic!("{error}"),
                }
                let after = model.judge(next, &out);
                assert!(after > next, "a consumer at {next} would hang");
                next = after;
            }
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let dirs = (0..PARTITIONS).map(|index| dir_of(partition(index))).chain([wal_dir().to_path_buf()]);
        let there = dirs.filter(|dir| self.disk.exists(dir).unwrap());
        let names = |dir: PathBuf| self.disk.list(&dir).unwrap().into_iter().map(move |name| dir.join(name));
        there.flat_map(names).collect()
    }
}
