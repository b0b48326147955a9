//! The meter against a reference model, through kills: every byte that a log holds counts once, to the byte, in ranges that follow
//! each other, in windows that do not overlap.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not be set up has failed")]

use std::collections::BTreeMap;

use headrace_types::{PartitionIndex, TopicId, TopicPartition};
use headrace_usage::{
    Append, Checkpoint, ClosedWindow, Meter, Now, Quantity, Snapshot, StoredMeter, UNKNOWN, Window,
    WindowLength,
};
use proptest::prelude::*;
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;
const TOPICS: [&str; 3] = ["a", "b", "c"];
const PRINCIPALS: [&str; 2] = ["User:one", "User:two"];

#[derive(Clone, Debug)]
enum Step {
    Append {
        topic: usize,
        partition: i32,
        principal: usize,
        records: i64,
    },
    Sync {
        topic: usize,
        partition: i32,
    },
    Read {
        topic: usize,
        principal: usize,
        bytes: u64,
    },
    Delete {
        topic: usize,
    },
    /// Data goes: a checkpoint comes first unless it is counted already.
    Retain {
        topic: usize,
        partition: i32,
    },
    Close,
    Write,
    Store,
    Acknowledge,
    Pass {
        ms: i64,
    },
    ClockJumps {
        ms: i64,
    },
    Kill,
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    let log = || (0..TOPICS.len(), 0..2i32);
    let principal = 0..PRINCIPALS.len();
    prop_oneof![
        12 => (log(), principal.clone(), 1i64..4).prop_map(|((topic, partition), principal, records)| {
            Step::Append { topic, partition, principal, records }
        }),
        8 => log().prop_map(|(topic, partition)| Step::Sync { topic, partition }),
        3 => (0..TOPICS.len(), principal, 0u64..100).prop_map(|(topic, principal, bytes)| {
            Step::Read { topic, principal, bytes }
        }),
        1 => (0..TOPICS.len()).prop_map(|topic| Step::Delete { topic }),
        2 => log().prop_map(|(topic, partition)| Step::Retain { topic, partition }),
        4 => Just(Step::Close),
        6 => Just(Step::Write),
        2 => Just(Step::Store),
        1 => Just(Step::Acknowledge),
        6 => (0i64..100_000).prop_map(|ms| Step::Pass { ms }),
        1 => (-2 * HOUR_MS..30 * HOUR_MS).prop_map(|ms| Step::ClockJumps { ms }),
        2 => Just(Step::Kill),
        1 => Just(Step::Stop),
    ]
}

/// A log as the disk has it.
#[derive(Clone, Debug, Default)]
struct Log {
    start: i64,
    end: i64,
    high_watermark: i64,
    /// Next offset, size and principal of every batch, retained or not.
    batches: Vec<(i64, u64, usize)>,
}

impl Log {
    fn between(&self, from: i64, to: i64) -> Quantity {
        let mut quantity = Quantity::default();
        let mut base = 0;
        for (next, bytes, _) in &self.batches {
            if base >= from && *next <= to {
                quantity.bytes += bytes;
                quantity.records += (next - base).unsigned_abs();
            }
            base = *next;
        }
        quantity
    }
}

/// What a kill leaves.
#[derive(Clone, Debug, Default)]
struct Disk {
    meter: Vec<u8>,
    windows: BTreeMap<u64, Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
}

struct Run {
    meter: Meter,
    length: WindowLength,
    now: Now,
    disk: Disk,
    logs: BTreeMap<TopicPartition, Log>,
    /// Logs of topics that are gone, as they were then.
    gone: BTreeMap<TopicPartition, Log>,
    ids: Vec<TopicId>,
    created: u128,
    reads: BTreeMap<(TopicId, usize), u64>,
    collected: Vec<Window>,
    has_lost_memory: bool,
}

impl Run {
    fn new(seconds: u32, wall_ms: i64) -> Self {
        let length = WindowLength::from_seconds(seconds).unwrap();
        let now = Now { wall_ms, mono_ms: 0 };
        let mut run = Self {
            meter: Meter::create(Uuid::from_u128(7), length, now),
            length,
            now,
            disk: Disk::default(),
            logs: BTreeMap::new(),
            gone: BTreeMap::new(),
            ids: Vec::new(),
            created: 0,
            reads: BTreeMap::new(),
            collected: Vec::new(),
            has_lost_memory: false,
        };
        run.disk.meter = run.meter.stored(0).encode().unwrap();
        for _ in TOPICS {
            run.ids.push(TopicId::ZERO);
        }
        for topic in 0..TOPICS.len() {
            run.create(topic);
        }
        run
    }

    fn create(&mut self, topic: usize) {
        self.created += 1;
        self.ids[topic] = TopicId::new(Uuid::from_u128(self.created));
        for partition in 0..2 {
            self.logs.insert(self.log(topic, partition), Log::default());
        }
    }

    fn log(&self, topic: usize, partition: i32) -> TopicPartition {
        TopicPartition { topic: self.ids[topic], partition: PartitionIndex::new(partition) }
    }

    fn name(&self, log: TopicPartition) -> &'static str {
        TOPICS[self.ids.iter().position(|id| *id == log.topic).unwrap()]
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Append { topic, partition, principal, records } => {
                self.append(topic, partition, principal, records);
            }
            Step::Sync { topic, partition } => {
                let log = self.logs.get_mut(&self.log(topic, partition)).unwrap();
                log.high_watermark = log.end;
            }
            Step::Read { topic, principal, bytes } => {
                let id = self.ids[topic];
                self.meter.read(id, TOPICS[topic], PRINCIPALS[principal], bytes);
                *self.reads.entry((id, principal)).or_default() += bytes;
            }
            Step::Delete { topic } => self.delete(topic),
            Step::Retain { topic, partition } => self.retain(topic, partition),
            Step::Close => self.close(),
            Step::Write => self.write(),
            Step::Store => self.store(self.meter.acknowledged_through()),
            Step::Acknowledge => {
                let through = self.meter.closed_through();
                self.meter.check_known(through).unwrap();
                assert_eq!(self.meter.check_known(through + 1).unwrap_err().closed_through, through);
                self.collect();
                self.store(through);
                self.disk.windows.retain(|id, _| *id > through);
            }
            Step::Pass { ms } => {
                self.now = Now { wall_ms: self.now.wall_ms + ms, mono_ms: self.now.mono_ms + ms };
                if self.meter.is_due(self.now) {
                    self.close();
                }
            }
            Step::ClockJumps { ms } => self.now.wall_ms += ms,
            Step::Kill => {
                self.has_lost_memory = true;
                self.restart();
            }
            Step::Stop => {
                for log in self.logs.values_mut() {
                    log.high_watermark = log.end;
                }
                self.secure();
                self.restart();
            }
        }
        for (log, state) in &self.logs {
            assert!(self.meter.counted_durably(*log) <= self.meter.counted(*log));
            assert!(self.meter.counted(*log) <= state.high_watermark);
        }
    }

    fn append(&mut self, topic: usize, partition: i32, principal: usize, records: i64) {
        let id = self.log(topic, partition);
        let log = self.logs.get_mut(&id).unwrap();
        let base_offset = log.end;
        let bytes = 61 + 7 * records.unsigned_abs();
        log.end += records;
        log.batches.push((log.end, bytes, principal));
        let append = Append {
            principal: PRINCIPALS[principal],
            base_offset,
            next_offset: log.end,
            quantity: Quantity { bytes, records: records.unsigned_abs() },
        };
        self.meter.appended(id, TOPICS[topic], &append, log.high_watermark);
        self.meter.produced(id.topic, TOPICS[topic], PRINCIPALS[principal]);
    }

    fn secure(&mut self) {
        let checkpoint = self.meter.checkpoint(self.now, |log| Some(self.logs.get(&log)?.high_watermark));
        self.disk.checkpoint = Some(checkpoint.encode().unwrap());
        self.meter.secured();
    }

    fn delete(&mut self, topic: usize) {
        let id = self.ids[topic];
        let logs: Vec<_> = (0..2).map(|partition| self.log(topic, partition)).collect();
        let durable = logs.iter().map(|log| (*log, self.logs[log].high_watermark));
        if self.meter.leaving(id, durable) {
            self.secure();
        }
        for log in logs {
            let state = self.logs.remove(&log).unwrap();
            self.gone.insert(log, state);
        }
        self.meter.left(id);
        self.create(topic);
    }

    fn retain(&mut self, topic: usize, partition: i32) {
        let id = self.log(topic, partition);
        let until = self.logs[&id].high_watermark;
        if self.meter.counted_durably(id) < until {
            self.secure();
        }
        assert!(self.meter.counted_durably(id) >= until, "data would go that nothing durable counts");
        self.logs.get_mut(&id).unwrap().start = until;
    }

    fn close(&mut self) {
        let snapshot = Snapshot { stored_bytes: 1, partitions: self.logs.len() as u64, connections: 2 };
        let logs = &self.logs;
        self.meter.close(self.now, snapshot, |log| Some(logs.get(&log)?.high_watermark));
    }

    fn write(&mut self) {
        if let Some(closed) = self.meter.unwritten().cloned() {
            self.disk.windows.insert(closed.window.id, closed.encode().unwrap());
            self.meter.written();
        }
    }

    fn store(&mut self, acknowledged_through: u64) {
        let stored = self.meter.stored(acknowledged_through);
        self.disk.meter = stored.encode().unwrap();
        self.meter.is_stored(&stored, self.now);
    }

    fn collect(&mut self) {
        let known = self.collected.len() as u64;
        for (id, payload) in self.disk.windows.range(known + 1..) {
            let closed = ClosedWindow::decode(payload).unwrap();
            assert_eq!(closed.window.id, *id);
            self.collected.push(closed.window);
        }
    }

    fn restart(&mut self) {
        self.now.mono_ms = 0;
        let stored = StoredMeter::decode(&self.disk.meter).unwrap();
        let windows = self.disk.windows.range(stored.through + 1..);
        let windows = windows.map(|(_, payload)| ClosedWindow::decode(payload).unwrap()).collect();
        let checkpoint = self.disk.checkpoint.as_ref().map(|payload| Checkpoint::decode(payload).unwrap());
        self.meter = Meter::resume(stored, windows, checkpoint, self.length, self.now).unwrap();
        for log in self.logs.values_mut() {
            log.high_watermark = log.end;
        }
        let logs: Vec<_> = self.logs.keys().copied().collect();
        for log in logs {
            let (counted, name) = (self.meter.counted(log), self.name(log));
            let state = &self.logs[&log];
            assert!(counted >= state.start, "what is gone was counted");
            if counted < state.end {
                let found = state.between(counted, state.end);
                self.meter.found(log, name, UNKNOWN, state.end, found);
            }
        }
        let logs = &self.logs;
        self.meter.keep(|log| logs.contains_key(&log));
        self.meter.begin(self.now, Snapshot::default());
        while self.meter.unwritten().is_some() {
            self.write();
        }
    }

    /// Closes and collects everything, then compares.
    fn finish(mut self) {
        for log in self.logs.values_mut() {
            log.high_watermark = log.end;
        }
        self.close();
        while self.meter.unwritten().is_some() {
            self.write();
        }
        self.collect();
        check_times(&self.collected);
        let mut counted: BTreeMap<TopicPartition, (i64, Quantity, [u64; 2])> = BTreeMap::new();
        let mut read: BTreeMap<(TopicId, usize), u64> = BTreeMap::new();
        for (window, id) in self.collected.iter().zip(1..) {
            assert_eq!(window.id, id, "ids have no gaps");
            for range in &window.appended {
                let log = counted.entry(range.log()).or_default();
                assert_eq!(range.first_offset, log.0, "ranges follow each other");
                assert!(range.next_offset > range.first_offset);
                log.0 = range.next_offset;
                let parts = range.by_principal.iter();
                let bytes: u64 = parts.clone().map(|part| part.bytes).sum();
                let records: u64 = parts.clone().map(|part| part.records).sum();
                assert_eq!((bytes, records), (range.bytes, range.records));
                log.1.bytes += bytes;
                log.1.records += records;
                for part in parts {
                    match PRINCIPALS.iter().position(|name| **name == part.principal) {
                        Some(principal) => log.2[principal] += part.bytes,
                        None => assert_eq!(part.principal, UNKNOWN),
                    }
                }
            }
            for traffic in &window.traffic {
                let principal = PRINCIPALS.iter().position(|name| **name == traffic.principal).unwrap();
                *read.entry((traffic.topic_id, principal)).or_default() += traffic.read_bytes;
            }
        }
        for (log, state) in self.logs.iter().chain(&self.gone) {
            let (next, quantity, by_principal) = counted.remove(log).unwrap_or_default();
            assert_eq!(next, state.high_watermark, "{log} is counted to its end");
            assert_eq!(quantity, state.between(0, state.high_watermark), "{log} to the byte");
            for (principal, counted) in by_principal.into_iter().enumerate() {
                let durable = state.batches.iter().filter(|batch| batch.0 <= state.high_watermark);
                let appended: u64 = durable.filter(|batch| batch.2 == principal).map(|batch| batch.1).sum();
                assert!(counted <= appended, "nobody is charged for another's records");
                assert!(counted == appended || self.has_lost_memory);
            }
        }
        assert!(counted.is_empty(), "logs that never were: {counted:?}");
        for (key, bytes) in read {
            let expected = self.reads.get(&key).copied().unwrap_or_default();
            assert!(bytes <= expected, "reads are never over-counted");
            assert!(bytes == expected || self.has_lost_memory);
        }
    }
}

fn check_times(windows: &[Window]) {
    for window in windows {
        assert!(window.started_at_ms < window.ended_at_ms);
        let hour = |at_ms: i64| at_ms.div_euclid(HOUR_MS);
        assert_eq!(hour(window.started_at_ms), hour(window.ended_at_ms - 1), "no window crosses an hour");
        assert!((0..=window.ended_at_ms - window.started_at_ms).contains(&window.running_ms));
    }
    for pair in windows.windows(2) {
        assert!(pair[0].ended_at_ms <= pair[1].started_at_ms, "windows do not overlap");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_byte_counts_once_through_kills_and_jumps_of_the_clock(
        steps in prop::collection::vec(step(), 1..150),
        seconds in prop_oneof![Just(1u32), Just(60), Just(3600)],
        wall_ms in 0i64..100 * HOUR_MS,
    ) {
        let mut run = Run::new(seconds, wall_ms);
        for step in &steps {
            run.apply(step);
        }
        run.finish();
    }
}
