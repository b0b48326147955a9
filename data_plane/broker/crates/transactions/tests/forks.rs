//! What a fork of a cluster knows of its transactions.

#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

use headrace_transactions::{
    Coordinator, Effects, EndRequest, InitRequest, Now, Place, Producer, Protocol, State, TransactionConfig,
};
use headrace_types::{PartitionIndex, TopicId, TopicPartition};

const NOW: Now = Now { monotonic_ms: 0, wall_ms: 1_000_000 };

fn partition(seed: u8) -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([seed; 16]), partition: PartitionIndex::new(0) }
}

fn begin(coordinator: &mut Coordinator, id: &str, producer_id: i64) -> Producer {
    let mut effects = Effects::default();
    let request = InitRequest { transactional_id: id, timeout_ms: 60_000, producer: None };
    let producer = coordinator.init(&request, &mut || Ok(producer_id), NOW, &mut effects).unwrap();
    let places =
        [Place::Partition(partition(1)), Place::Partition(partition(2)), Place::Group("g".to_owned())];
    coordinator.add(id, producer, places, NOW, &mut effects).unwrap();
    producer
}

#[test]
fn only_what_is_decided_goes_along_with_the_places_of_the_fork() {
    let mut coordinator = Coordinator::new(TransactionConfig::default());
    coordinator.start(NOW);
    begin(&mut coordinator, "open", 1);
    let producer = begin(&mut coordinator, "decided", 2);
    let request =
        EndRequest { transactional_id: "decided", producer, is_commit: true, protocol: Protocol::V2 };
    let mut effects = Effects::default();
    coordinator.end(&request, &mut || Ok(3), NOW, &mut effects).unwrap();
    assert!(coordinator.is_decided(2) && !coordinator.is_decided(1));
    let records = coordinator.fork(|source| (source == partition(1)).then(|| partition(7)));

    let mut fork = Coordinator::new(TransactionConfig::default());
    for record in records {
        fork.replay(&record.key, record.value.as_deref()).unwrap();
    }
    fork.start(NOW);
    assert!(fork.describe("open").is_none());
    assert_eq!(fork.describe("decided").unwrap().state, State::PrepareCommit);
    let [ending] = fork.unfinished().try_into().unwrap();
    let places = [Place::Partition(partition(7)), Place::Group("g".to_owned())];
    assert_eq!((ending.is_commit, ending.places), (true, places.into()));
    coordinator.completed(&effects.endings[0], NOW, &mut Effects::default());
    assert!(coordinator.fork(Some).is_empty(), "what is told everywhere is in the logs");
}
