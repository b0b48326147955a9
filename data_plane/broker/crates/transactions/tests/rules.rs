//! Single rules of the coordinator that take many steps to reach.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

use headrace_transactions::{
    Coordinator, Effects, EndRequest, Fate, InitRequest, Now, Place, Producer, Protocol, State,
    TransactionConfig,
};
use headrace_types::ErrorCode;

const NOW: Now = Now { monotonic_ms: 0, wall_ms: 1_000_000 };

struct World {
    coordinator: Coordinator,
    next_id: i64,
    effects: Effects,
}

impl World {
    fn new(config: TransactionConfig) -> Self {
        let mut coordinator = Coordinator::new(config);
        coordinator.start(NOW);
        Self { coordinator, next_id: 0, effects: Effects::default() }
    }

    fn init(&mut self, id: &str, producer: Option<Producer>) -> Result<Producer, ErrorCode> {
        let next_id = &mut self.next_id;
        let mut ids = || {
            *next_id += 1;
            Ok(*next_id)
        };
        let request = InitRequest { transactional_id: id, timeout_ms: 60_000, producer };
        self.coordinator.init(&request, &mut ids, NOW, &mut self.effects)
    }

    fn end(&mut self, producer: Producer, is_commit: bool) -> Result<Producer, ErrorCode> {
        let next_id = &mut self.next_id;
        let mut ids = || {
            *next_id += 1;
            Ok(*next_id)
        };
        let request = EndRequest { transactional_id: "t", producer, is_commit, protocol: Protocol::V2 };
        let ended = self.coordinator.end(&request, &mut ids, NOW, &mut self.effects);
        for ending in std::mem::take(&mut self.effects.endings) {
            self.coordinator.completed(&ending, NOW, &mut self.effects);
        }
        ended
    }
}

fn group() -> Place {
    Place::Group("g".to_owned())
}

/// The epochs of a producer id end, and the id goes on with another one; who did not hear of it is told again.
#[test]
fn a_producer_whose_epochs_are_used_up_gets_another_id() {
    let mut world = World::new(TransactionConfig::default());
    let mut producer = world.init("t", None).unwrap();
    let first = producer;
    while producer.id == first.id {
        let before = producer;
        world.coordinator.add("t", producer, [group()], NOW, &mut world.effects).unwrap();
        producer = world.end(producer, true).unwrap();
        assert_eq!(world.end(before, true), Ok(producer), "the end is sent again");
        assert!(producer.epoch < i16::MAX, "the last epoch is left for fencing");
    }
    assert_eq!((producer.id, producer.epoch), (first.id + 1, 0));
    let mut named = producer;
    while named.id == producer.id {
        let before = named;
        named = world.init("t", Some(named)).unwrap();
        assert_eq!(world.init("t", Some(before)), Ok(named), "asked again");
    }
    assert_eq!(named.epoch, 0);
}

#[test]
fn ids_that_nobody_uses_are_forgotten_and_their_number_is_bounded() {
    let config = TransactionConfig { ids_max: 2, places_max: 1, ..TransactionConfig::default() };
    let mut world = World::new(config);
    let busy = world.init("busy", None).unwrap();
    world.init("idle", None).unwrap();
    assert_eq!(world.init("more", None), Err(ErrorCode::PolicyViolation));
    world.coordinator.add("busy", busy, [group()], NOW, &mut world.effects).unwrap();
    let other = Place::Group("h".to_owned());
    let too_many = world.coordinator.add("busy", busy, [other], NOW, &mut world.effects);
    assert_eq!(too_many, Err(ErrorCode::PolicyViolation));
    let week_ms = 7 * 24 * 60 * 60 * 1000;
    // Only the wall clock passes, so that nothing times out.
    let later = Now { monotonic_ms: 60_000 - 1, wall_ms: NOW.wall_ms + week_ms };
    let sweep = Now { monotonic_ms: world.coordinator.next_deadline_ms().max(later.monotonic_ms), ..later };
    assert_eq!(sweep.monotonic_ms, 60_000);
    world.effects = Effects::default();
    let before = world.coordinator.len();
    let request = InitRequest { transactional_id: "more", timeout_ms: 1, producer: None };
    let given = world.coordinator.init(&request, &mut || Ok(77), later, &mut world.effects);
    assert_eq!(given, Ok(Producer { id: 77, epoch: 0 }));
    assert_eq!((before, world.coordinator.len()), (2, 2));
    assert!(world.coordinator.describe("idle").is_none());
    assert!(world.effects.records.iter().any(|record| record.value.is_none()));
    assert_eq!(world.coordinator.describe("busy").unwrap().state, State::Ongoing);
}

/// What a crash leaves open goes on with its producer, is taken care of by an ending, or is nobody's.
#[test]
fn a_transaction_that_is_found_open_is_never_left_open() {
    let mut world = World::new(TransactionConfig::default());
    let producer = world.init("t", None).unwrap();
    let found = |world: &mut World, producer| {
        world.coordinator.found_open(producer, group(), NOW, &mut world.effects)
    };
    assert_eq!(found(&mut world, Producer { id: 999, epoch: 0 }), Fate::Orphan);
    assert_eq!(found(&mut world, Producer { epoch: producer.epoch + 1, ..producer }), Fate::Orphan);
    assert_eq!(found(&mut world, producer), Fate::Kept);
    let described = world.coordinator.describe("t").unwrap();
    assert_eq!((described.state, described.places.len()), (State::Ongoing, 1));
    assert_eq!(world.coordinator.next_deadline_ms(), 60_000);
    let ended = world.end(producer, true).unwrap();
    assert_eq!(found(&mut world, producer), Fate::Orphan, "an epoch that has ended");
    assert_eq!(found(&mut world, ended), Fate::Kept);
    let mut effects = Effects::default();
    world.coordinator.tick(Now { monotonic_ms: 60_000, ..NOW }, &mut effects);
    assert_eq!(effects.endings.len(), 1);
    assert_eq!(found(&mut world, ended), Fate::Kept, "the ending takes care of it");
}
