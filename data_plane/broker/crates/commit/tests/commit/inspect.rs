//! Looking at a write-ahead log: what a start would take from it is told, damage is named, nothing is written.

use std::sync::Arc;

use headrace_commit::inspect::inspect;
use headrace_commit::{CommitError, Flush};
use headrace_io::{Disk, ReadOnly, SimDisk};
use headrace_records::BatchBuilder;

use crate::support::{Store, disk, partition, wal_dir};

fn look(disk: &SimDisk) -> Result<Option<headrace_commit::inspect::WalInspection>, CommitError> {
    let shared: Arc<dyn Disk> = Arc::new(ReadOnly(disk.clone()));
    inspect(shared, wal_dir())
}

/// Four rounds of one batch each in two partitions, and a large one that only its segment holds.
fn written() -> SimDisk {
    let disk = disk();
    let mut store = Store::open(&disk).unwrap();
    store.append(0, &BatchBuilder::new().value(b"first").build(), Flush::Strict).unwrap();
    store.prepare().unwrap();
    store.round().unwrap();
    for _ in 0..4 {
        for index in 0..2 {
            store.append(index, &BatchBuilder::new().value(b"small").build(), Flush::Strict).unwrap();
        }
        store.round().unwrap();
    }
    store.append(0, &BatchBuilder::new().value(&[7; 2000]).build(), Flush::Strict).unwrap();
    store.round().unwrap();
    disk
}

#[test]
fn what_a_start_would_take_is_told_and_nothing_is_written() {
    let disk = written();
    let operations = disk.operations();
    let found = look(&disk).unwrap().unwrap();
    assert_eq!(disk.operations(), operations);
    let held: Vec<_> = found
        .held
        .iter()
        .map(|held| (held.partition, held.base_offset, held.next_offset, held.batches))
        .collect();
    assert_eq!(held, [(partition(0), 1, 5, 4), (partition(1), 0, 4, 4)]);
    let sequences: Vec<_> = found.blocks.iter().map(|block| block.sequence).collect();
    assert_eq!(sequences, (1..=found.blocks.len() as u64).collect::<Vec<_>>());
    assert_eq!(found.blocks.iter().map(|block| block.batches).sum::<u64>(), 8);
    assert!(found.blocks.iter().map(|block| block.notes).sum::<u64>() > 0);
    assert!(found.files.iter().all(|file| disk.exists(&file.path).unwrap() && file.bytes > 0));
}

#[test]
fn damage_that_a_start_refuses_is_named() {
    let disk = written();
    let block = look(&disk).unwrap().unwrap().blocks.remove(1);
    disk.flip_bit(&block.path, block.position as usize + 70, 3);
    assert!(matches!(look(&disk), Err(CommitError::Damaged { detail, .. }) if detail.contains("block 2")));
}

#[test]
fn a_stop_in_order_leaves_nothing_to_look_at() {
    let disk = written();
    Store::open(&disk).unwrap().close().unwrap();
    assert_eq!(look(&disk).unwrap(), None);
}
