//! Looking at a data directory: everything is told, every damage is seen, nothing is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, OpenMode, ReadOnly, SimDisk};
use headrace_log::inspect::{Detail, IndexState, Item, Summary, inspect};
use headrace_log::segment::{base_offset_of, index_name, log_name};
use headrace_log::{LogConfig, PartitionLog};
use headrace_records::BatchBuilder;

use crate::support::{CONFIG, append, close, identity, sync};

const BATCHES: u64 = 30;
const ALL: Detail = Detail { batches: true, producers: true };

fn data() -> &'static Path {
    Path::new("data")
}

fn log_dir() -> PathBuf {
    data().join("topics").join(identity().to_string())
}

/// A log with several segments, indexes, a checkpoint, and a few synced batches behind it.
fn disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_dir_all(&log_dir()).unwrap();
    let config = LogConfig { segment_bytes: 700, ..CONFIG };
    let open = || PartitionLog::open(Arc::new(disk.clone()), &log_dir(), identity(), config, 0).unwrap();
    let mut log = open();
    for number in 0..BATCHES {
        if number == BATCHES - 3 {
            close(&mut log);
            log = open();
        }
        let batch = BatchBuilder::new().producer(7, 0, number as i32 * 2).value(b"a").value(b"b").build();
        append(&mut log, &batch).unwrap();
        sync(&mut log);
    }
    disk
}

fn look(disk: &SimDisk) -> (Summary, Vec<Item>) {
    let mut items = Vec::new();
    let disk: Arc<dyn Disk> = Arc::new(ReadOnly(disk.clone()));
    let summary = inspect(&disk, data(), ALL, &mut |item| items.push(item.clone())).unwrap();
    (summary, items)
}

#[test]
fn everything_is_told_and_nothing_is_changed() {
    let disk = disk();
    let before = disk.operations();
    let (summary, items) = look(&disk);
    assert_eq!(disk.operations(), before);
    assert_eq!((summary.partitions, summary.batches, summary.records), (1, BATCHES, 2 * BATCHES));
    // There is no catalog beside this log.
    assert_eq!((summary.damaged, summary.torn_bytes, summary.rebuildable), (1, 0, 0));
    let segments: Vec<_> =
        items.iter().filter_map(|item| if let Item::Segment(it) = item { Some(it) } else { None }).collect();
    assert!(segments.len() > 2);
    assert!(segments.windows(2).all(|pair| pair[0].end_offset == pair[1].base_offset));
    let (last, closed) = segments.split_last().unwrap();
    assert_eq!((last.end_offset, last.index), (60, IndexState::Absent));
    assert!(closed.iter().all(|segment| segment.index == IndexState::Sound));
    let batches = items.iter().filter(|item| matches!(item, Item::Batch(_))).count();
    assert_eq!(batches as u64, BATCHES);
    let producers: Vec<_> =
        items.iter().filter_map(|item| if let Item::Producer(it) = item { Some(it) } else { None }).collect();
    assert_eq!((producers.len(), producers[0].id, producers[0].last_sequence), (1, 7, 59));
    assert!(
        items.iter().any(|item| matches!(item, Item::Partition(it) if it.checkpoint_producers == Some(1)))
    );
}

#[test]
fn every_flipped_bit_of_a_synced_segment_is_damage() {
    let disk = disk();
    let path = log_dir().join(log_name(0));
    let length = disk.open(&path, OpenMode::Read).unwrap().length().unwrap() as usize;
    // Base offset to length, magic and all that is under the CRC; the leader epoch is under none.
    let unchecked = |at: usize| (12..16).any(|byte| at >= 64 && batch_position(at) == byte);
    for at in (0..length).filter(|at| !unchecked(*at)) {
        disk.flip_bit(&path, at, 3);
        assert_eq!(look(&disk).0.damaged, 2, "byte {at}");
        disk.flip_bit(&path, at, 3);
    }
    assert_eq!(look(&disk).0.damaged, 1);
}

/// Where a byte of the first segment lies in its batch: all batches have the same size.
fn batch_position(at: usize) -> usize {
    let batch = BatchBuilder::new().producer(7, 0, 0).value(b"a").value(b"b").build();
    (at - 64) % batch.len()
}

#[test]
fn a_torn_tail_is_no_damage_and_a_damaged_index_is_rebuilt() {
    let disk = disk();
    let active = log_dir()
        .join(disk.list(&log_dir()).unwrap().iter().rfind(|name| base_offset_of(name).is_some()).unwrap());
    let file = disk.open(&active, OpenMode::ReadWrite).unwrap();
    file.write_at(file.length().unwrap(), &[b"half a batch"]).unwrap();
    disk.flip_bit(&log_dir().join(index_name(0)), 30, 1);
    let (summary, items) = look(&disk);
    assert_eq!((summary.damaged, summary.torn_bytes, summary.rebuildable), (1, 12, 1));
    assert!(items.iter().any(|item| matches!(item, Item::TornTail { bytes: 12, .. })));
}

#[test]
fn what_is_missing_is_damage() {
    for missing in [log_name(0), "last".to_owned()] {
        let disk = disk();
        let names = disk.list(&log_dir()).unwrap();
        let last = names.iter().rfind(|name| base_offset_of(name).is_some()).unwrap();
        disk.remove(&log_dir().join(if missing == "last" { last } else { &missing })).unwrap();
        assert_eq!(look(&disk).0.damaged, 2, "{missing}");
    }
}
