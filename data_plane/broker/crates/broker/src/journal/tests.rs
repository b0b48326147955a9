//! The journal on a simulated disk: power cuts, a full disk, and a log that has grown.

use std::{path::Path, sync::Arc};

use headrace_groups::{CommitRequest, Coordinator, Effects, GroupConfig, Now, OffsetCommit};
use headrace_io::{Disk, SeededRng, SimDisk};
use headrace_types::ErrorCode;

use super::*;

const NOW: Now = Now { monotonic_ms: 0, wall_ms: 1_800_000_000_000 };
const GROUP: &str = "g";

struct World {
    disk: Arc<SimDisk>,
    coordinator: Coordinator,
    journal: Journal,
}

impl World {
    fn open(disk: Arc<SimDisk>) -> Self {
        let mut coordinator = Coordinator::new(GroupConfig::default());
        let shared: Arc<dyn Disk> = disk.clone();
        let journal =
            Journal::open(shared, GROUPS, Path::new("data/groups"), NOW.wall_ms, &mut coordinator).unwrap();
        coordinator.start(NOW);
        Self { disk, coordinator, journal }
    }

    fn commit(&mut self, partition: i32, offset: i64, note_bytes: usize) {
        let records = self.records_of_commit(partition, offset, note_bytes);
        self.journal.append(records, NOW.wall_ms).unwrap();
    }

    fn records_of_commit(&mut self, partition: i32, offset: i64, note_bytes: usize) -> Vec<Record> {
        let commit = OffsetCommit {
            topic: "t".to_owned(),
            topic_id: TopicId::from_random([1; 16]),
            partition,
            offset,
            leader_epoch: 0,
            metadata: "x".repeat(note_bytes),
        };
        let request = CommitRequest {
            group_id: GROUP.to_owned(),
            member_id: String::new(),
            instance_id: None,
            generation: -1,
            knows_group_id_not_found: true,
            transactor: None,
            offsets: vec![commit],
        };
        let mut effects = Effects::default();
        let results = self.coordinator.commit(&request, NOW, &mut effects);
        assert_eq!(results, Ok(vec![ErrorCode::None]));
        effects.records
    }

    fn sync(&mut self) {
        if let Some(plan) = self.journal.sync_plan() {
            let end = plan.run().unwrap();
            self.journal.synced(end, NOW.wall_ms).unwrap();
        }
    }

    fn committed(&self) -> Vec<i64> {
        let fetched = self.coordinator.fetch_offsets(GROUP, None);
        let partitions = fetched.iter().flat_map(|topic| &topic.partitions);
        partitions.filter_map(|partition| Some(partition.committed.as_ref()?.offset)).collect()
    }

    fn reopen(self) -> Self {
        Self::open(self.disk)
    }
}

#[test]
fn what_was_synced_survives_a_power_cut() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    world.commit(0, 10, 1);
    world.commit(1, 20, 1);
    world.sync();
    assert_eq!(world.journal.durable(), world.journal.end());
    world.commit(0, 11, 1);
    assert!(world.journal.durable() < world.journal.end());
    world.disk.crash(&SeededRng::new(1));
    let world = world.reopen();
    let committed = world.committed();
    assert!(committed == [10, 20] || committed == [11, 20], "{committed:?}");
}

#[test]
fn a_full_disk_holds_records_back_in_order_until_there_is_room() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    world.commit(0, 1, 1);
    world.sync();
    world.disk.set_capacity(Some(1));
    world.commit(0, 2, 1);
    world.commit(0, 3, 1);
    assert!(world.journal.is_stuck());
    assert_eq!(world.journal.end(), world.journal.durable() + 2);
    world.disk.set_capacity(None);
    world.journal.append(Vec::new(), NOW.wall_ms).unwrap();
    assert!(!world.journal.is_stuck());
    world.sync();
    assert_eq!(world.journal.durable(), world.journal.end());
    assert_eq!(world.reopen().committed(), [3]);
}

#[test]
fn a_log_that_has_grown_is_written_anew() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    let mut rounds = 0;
    while !world.journal.wants_compaction() {
        world.commit(rounds % 10, i64::from(rounds), 4_000);
        world.sync();
        rounds += 1;
    }
    let (before, expected) = (world.journal.log.size_bytes(), world.committed());
    world.journal.compact(world.coordinator.snapshot().collect(), NOW.wall_ms).unwrap();
    assert!(world.journal.log.size_bytes() > before, "nothing goes before the snapshot is durable");
    world.sync();
    assert!(world.journal.log.size_bytes() < before / 2, "{}", world.journal.log.size_bytes());
    assert!(!world.journal.wants_compaction());
    assert_eq!(world.reopen().committed(), expected);
}

#[test]
fn a_record_larger_than_a_batch_is_a_batch_of_its_own() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    let mut records = world.records_of_commit(0, 5, 10);
    let huge = Record { key: records[0].key.clone(), value: Some(vec![0; JOURNAL_BATCH_BYTES * 3]) };
    records.push(huge);
    assert_eq!(chunks(&records).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [1, 1]);
    let small = Record { key: vec![1], value: None };
    assert_eq!(chunks(&[small.clone(), small]).len(), 1);
}

#[test]
fn a_changed_bit_in_what_was_durable_is_refused_and_not_believed() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    world.commit(0, 5, 10);
    world.sync();
    let segment = Path::new("data/groups").join(headrace_log::segment::log_name(0));
    let bytes = headrace_io::disk::read_file(&*world.disk, &segment, 1 << 20).unwrap();
    world.disk.flip_bit(&segment, bytes.len() - 12, 0);
    let mut coordinator = Coordinator::new(GroupConfig::default());
    let disk: Arc<dyn Disk> = world.disk;
    let refused = Journal::open(disk, GROUPS, Path::new("data/groups"), NOW.wall_ms, &mut coordinator);
    let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("damaged at offset 0"), "{error}");
}

#[test]
fn a_log_of_another_broker_version_is_refused() {
    let mut world = World::open(Arc::new(SimDisk::new()));
    world.journal.append(vec![Record { key: vec![99], value: None }], NOW.wall_ms).unwrap();
    world.sync();
    let mut coordinator = Coordinator::new(GroupConfig::default());
    let disk: Arc<dyn Disk> = world.disk.clone();
    let refused = Journal::open(disk, GROUPS, Path::new("data/groups"), NOW.wall_ms, &mut coordinator);
    assert!(matches!(refused, Err(JournalError::Record { offset: 0, .. })));
}
