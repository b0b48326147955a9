//! The coordinator against the plainest model of what its protocols promise, through restarts at every point.
//!
//! The model knows of each id its producer, whether a transaction is open and how the last one ended. It says nothing of how the
//! coordinator gets there.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

use std::collections::BTreeMap;

use headrace_transactions::{
    Coordinator, Effects, EndRequest, Ending, InitRequest, Now, Place, Producer, Protocol, State,
    TransactionConfig,
};
use headrace_types::{ErrorCode, Record};
use proptest::prelude::*;

const IDS: [&str; 2] = ["a", "b"];
const TIMEOUT_MS: i32 = 1_000;

/// What a client of an id believes, and what must have become of what it wrote.
#[derive(Clone, Debug, Default)]
struct Model {
    producer: Option<Producer>,
    is_open: bool,
    /// Places of the open transaction.
    places: Vec<u8>,
    /// What was decided and has not been carried out.
    decided: Option<bool>,
}

struct World {
    coordinator: Coordinator,
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    endings: Vec<Ending>,
    models: [Model; 2],
    next_id: i64,
    now: Now,
}

impl World {
    fn new() -> Self {
        let mut coordinator = Coordinator::new(TransactionConfig::default());
        let now = Now { monotonic_ms: 0, wall_ms: 1_000_000 };
        coordinator.start(now);
        let models = [Model::default(), Model::default()];
        Self { coordinator, records: BTreeMap::new(), endings: Vec::new(), models, next_id: 100, now }
    }

    fn take(&mut self, effects: Effects) {
        for Record { key, value } in effects.records {
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
        self.endings.extend(effects.endings);
    }

    fn init(&mut self, which: usize) {
        let (next_id, mut effects) = (&mut self.next_id, Effects::default());
        let mut ids = || {
            *next_id += 1;
            Ok(*next_id)
        };
        let request = InitRequest { transactional_id: IDS[which], timeout_ms: TIMEOUT_MS, producer: None };
        let given = self.coordinator.init(&request, &mut ids, self.now, &mut effects);
        self.take(effects);
        let model = &mut self.models[which];
        match given {
            Ok(producer) => {
                assert!(!model.is_open && model.decided.is_none());
                if let Some(before) = model.producer {
                    assert!(producer.id != before.id && producer.epoch == 0 || producer.epoch > before.epoch);
                }
                model.producer = Some(producer);
            }
            Err(error) => {
                assert_eq!(error, ErrorCode::ConcurrentTransactions);
                assert!(model.is_open || model.decided.is_some());
                self.fenced(which);
            }
        }
    }

    /// An open transaction was given up, and its producer may do nothing more.
    fn fenced(&mut self, which: usize) {
        let model = &mut self.models[which];
        if std::mem::take(&mut model.is_open) {
            model.decided = Some(false);
            let epoch = model.producer.unwrap().epoch;
            self.ask_as_fenced(which, epoch);
            let model = &mut self.models[which];
            model.producer =
                model.producer.map(|producer| Producer { epoch: producer.epoch + 1, ..producer });
        }
    }

    fn ask_as_fenced(&mut self, which: usize, epoch: i16) {
        let producer = Producer { epoch, ..self.models[which].producer.unwrap() };
        let mut effects = Effects::default();
        let added = self.coordinator.add(IDS[which], producer, [place(0)], self.now, &mut effects);
        assert_eq!(added, Err(ErrorCode::ProducerFenced));
        assert!(effects.records.is_empty() && effects.endings.is_empty());
    }

    fn add(&mut self, which: usize, number: u8) {
        let Some(producer) = self.models[which].producer else { return };
        let mut effects = Effects::default();
        let added = self.coordinator.add(IDS[which], producer, [place(number)], self.now, &mut effects);
        self.take(effects);
        let model = &mut self.models[which];
        if model.decided.is_some() {
            assert_eq!(added, Err(ErrorCode::ConcurrentTransactions));
            return;
        }
        assert_eq!(added, Ok(()));
        if !std::mem::replace(&mut model.is_open, true) {
            model.places.clear();
        }
        model.places.push(number);
    }

    fn end(&mut self, which: usize, is_commit: bool, protocol: Protocol) {
        let Some(producer) = self.models[which].producer else { return };
        let (next_id, mut effects) = (&mut self.next_id, Effects::default());
        let mut ids = || {
            *next_id += 1;
            Ok(*next_id)
        };
        let request = EndRequest { transactional_id: IDS[which], producer, is_commit, protocol };
        let ended = self.coordinator.end(&request, &mut ids, self.now, &mut effects);
        let ending = effects.endings.first().cloned();
        self.take(effects);
        let model = &mut self.models[which];
        let Some(ending) = ending else {
            assert!(!model.is_open, "an open transaction can always be ended: {ended:?}");
            return;
        };
        assert_eq!((ending.is_commit, &*ending.transactional_id), (is_commit, IDS[which]));
        if std::mem::take(&mut model.is_open) {
            let told: Vec<Place> = ending.places.iter().cloned().collect();
            let mut touched: Vec<Place> = model.places.iter().map(|number| place(*number)).collect();
            touched.sort();
            touched.dedup();
            assert_eq!(told, touched, "the markers go wherever something was written");
        } else {
            assert!(protocol == Protocol::V2 && !is_commit && ending.places.is_empty());
        }
        model.decided = Some(is_commit);
        let next = ended.unwrap();
        match protocol {
            Protocol::V1 => assert_eq!(next, producer),
            Protocol::V2 => {
                assert!(next.id == producer.id && next.epoch == producer.epoch + 1);
                assert_eq!(ending.producer, next, "the marker fences what was sent before it");
            }
        }
        model.producer = Some(next);
        // Sent again, the same end changes nothing, and another one is refused.
        let mut effects = Effects::default();
        let mut no_ids = || Err(ErrorCode::UnknownServerError);
        let again = self.coordinator.end(&request, &mut no_ids, self.now, &mut effects);
        assert_eq!(again, Err(ErrorCode::ConcurrentTransactions));
        let other = EndRequest { is_commit: !is_commit, ..request };
        let other = self.coordinator.end(&other, &mut no_ids, self.now, &mut effects);
        assert_eq!(other, Err(ErrorCode::InvalidTxnState));
        assert!(effects.records.is_empty() && effects.endings.is_empty());
    }

    fn complete(&mut self) {
        for ending in std::mem::take(&mut self.endings) {
            let mut effects = Effects::default();
            self.coordinator.completed(&ending, self.now, &mut effects);
            let which = IDS.iter().position(|id| *id == ending.transactional_id).unwrap();
            let state = self.coordinator.describe(IDS[which]).unwrap().state;
            let decided = self.models[which].decided.take();
            let expected = if decided == Some(true) { State::CompleteCommit } else { State::CompleteAbort };
            assert_eq!(state, expected);
            self.take(effects);
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now.monotonic_ms += ms;
        self.now.wall_ms += ms as i64;
        let mut effects = Effects::default();
        self.coordinator.tick(self.now, &mut effects);
        let timed_out: Vec<String> =
            effects.endings.iter().map(|ending| ending.transactional_id.clone()).collect();
        self.take(effects);
        for id in timed_out {
            let which = IDS.iter().position(|known| *known == id).unwrap();
            assert!(self.models[which].is_open);
            self.fenced(which);
        }
    }

    /// Everything but what was persisted is lost.
    fn restart(&mut self) {
        let mut coordinator = Coordinator::new(TransactionConfig::default());
        for (key, value) in &self.records {
            coordinator.replay(key, Some(value)).unwrap();
        }
        coordinator.start(self.now);
        self.coordinator = coordinator;
        self.endings = self.coordinator.unfinished();
        for (which, model) in self.models.iter().enumerate() {
            let is_unfinished = self.endings.iter().any(|ending| ending.transactional_id == IDS[which]);
            assert_eq!(is_unfinished, model.decided.is_some(), "what is decided is not forgotten");
        }
    }
}

fn place(number: u8) -> Place {
    Place::Group(format!("group-{number}"))
}

proptest! {
    #[test]
    fn the_coordinator_keeps_what_it_promised(steps in prop::collection::vec((0u8..10, 0usize..2, 0u8..4), 1..80)) {
        let mut world = World::new();
        for (step, which, number) in steps {
            match step {
                0 => world.init(which),
                1..4 => world.add(which, number),
                4 | 5 => world.end(which, number % 2 == 0, Protocol::V1),
                6 | 7 => world.end(which, number % 2 == 0, Protocol::V2),
                8 => world.complete(),
                _ if number == 0 => world.restart(),
                _ => world.pass(u64::from(number) * 300),
            }
        }
        world.restart();
        world.complete();
        for (which, id) in IDS.iter().enumerate() {
            if let Some(description) = world.coordinator.describe(id) {
                prop_assert_eq!(description.state == State::Ongoing, world.models[which].is_open);
            }
        }
    }
}
