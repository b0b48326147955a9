//! What a damaged write-ahead log is told from a torn one by, and whose appends it remembers.

use headrace_commit::inspect::inspect_aside;
use headrace_commit::{CommitError, Flush, Share, block::FILE_HEADER_BYTES};
use headrace_io::disk::read_file;
use headrace_io::{Disk, OpenMode, ReadOnly, SeededRng, SimDisk};
use headrace_records::BatchBuilder;

use crate::support::{Store, dir_of, disk, partition, wal_dir};

fn batch(number: usize) -> Vec<u8> {
    BatchBuilder::new().value(&[number as u8; 40]).build()
}

/// Three rounds in the write-ahead log alone: no segment was synced, and no name of one.
fn filled() -> SimDisk {
    let disk = disk();
    let mut store = Store::open(&disk).unwrap();
    store.append(1, &batch(9), Flush::Strict).unwrap();
    store.prepare().unwrap();
    store.round().unwrap();
    for number in 0..3 {
        store.append(0, &batch(number), Flush::Strict).unwrap();
        store.round().unwrap();
    }
    assert_eq!(store.high_watermark(0), 3);
    disk
}

fn file() -> std::path::PathBuf {
    wal_dir().join("0000.wal")
}

#[test]
fn every_damaged_bit_of_a_synced_block_is_refused_or_makes_no_difference() {
    let mut refused = 0;
    for block in 0..4 {
        for byte in (0..200).step_by(7) {
            let disk = filled();
            disk.crash(&SeededRng::new(2));
            disk.flip_bit(&file(), FILE_HEADER_BYTES + block * 4096 + byte, 3);
            match Store::open(&disk) {
                Err(CommitError::Damaged { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
                Ok(mut store) => {
                    let end = store.high_watermark(0);
                    // The last block was being written for all that the log knows.
                    let last = if block == 3 { 2 } else { 3 };
                    assert!((last..=3).contains(&end), "block {block}, byte {byte}: {end}");
                    let bytes: Vec<u8> = (0..end as usize).flat_map(batch).collect();
                    assert_eq!(store.bytes(0).len(), bytes.len());
                }
            }
        }
    }
    assert!(refused > 3 * 15, "{refused} flips were refused");
}

#[test]
fn damage_is_named_and_changes_nothing() {
    let disk = filled();
    disk.crash(&SeededRng::new(2));
    disk.flip_bit(&file(), FILE_HEADER_BYTES + 4096 + 70, 1);
    let before = read_file(&disk, &file(), 1 << 20).unwrap();
    for _ in 0..2 {
        let said = Store::open(&disk).unwrap_err().to_string();
        assert!(said.starts_with("wal_damaged: data/wal: block 2 is damaged or missing"), "{said}");
    }
    assert_eq!(read_file(&disk, &file(), 1 << 20).unwrap(), before);
}

#[test]
fn a_damaged_or_newer_file_is_refused_by_name() {
    let disk = filled();
    disk.flip_bit(&file(), 9, 1);
    assert!(matches!(Store::open(&disk), Err(CommitError::Damaged { .. })));
    disk.flip_bit(&file(), 9, 1);
    let mut page = read_file(&disk, &file(), 1 << 20).unwrap()[..16].to_vec();
    page[5] = 2;
    let crc = crc32c::crc32c(&page);
    page.extend_from_slice(&crc.to_be_bytes());
    disk.open(&file(), OpenMode::ReadWrite).unwrap().write_at(0, &[&page]).unwrap();
    let said = Store::open(&disk).unwrap_err().to_string();
    assert_eq!(said, "wal_format_unknown: data/wal/0000.wal: version 2");
}

#[test]
fn a_block_that_is_cut_off_anywhere_was_never_acknowledged() {
    let whole = read_file(&filled(), &file(), 1 << 20).unwrap();
    let last = FILE_HEADER_BYTES + 3 * 4096;
    for cut in (0..=200).step_by(5) {
        let disk = filled();
        disk.crash(&SeededRng::new(1));
        let zeros = vec![0; whole.len() - last - cut];
        disk.open(&file(), OpenMode::ReadWrite).unwrap().write_at((last + cut) as u64, &[&zeros]).unwrap();
        let mut store = Store::open(&disk).unwrap();
        assert!([2, 3].contains(&store.high_watermark(0)), "cut at {cut}");
    }
}

#[test]
fn whose_appends_they_were_is_known_after_a_power_cut() {
    let disk = filled();
    disk.crash(&SeededRng::new(5));
    let store = Store::open(&disk).unwrap();
    let share = |base_offset, next_offset, principal: &str| Share {
        base_offset,
        next_offset,
        principal: principal.to_owned(),
    };
    assert_eq!(store.replayed.accounts.of(partition(0)), [share(0, 3, "User:zero")]);
    assert_eq!(store.replayed.accounts.of(partition(1)), [share(0, 1, "User:other")]);
    assert!(!disk.exists(wal_dir()).unwrap());
}

#[test]
fn batches_of_a_partition_that_is_offline_wait_for_it() {
    let disk = filled();
    let segment = dir_of(partition(0)).join(headrace_log::segment::log_name(0));
    // The segment is synced and then damaged; what follows is in the write-ahead log alone.
    disk.open(&segment, OpenMode::ReadWrite).unwrap().sync_data().unwrap();
    disk.crash(&SeededRng::new(8));
    let mut store = Store::open(&disk).unwrap();
    store.append(0, &batch(3), Flush::Strict).unwrap();
    store.prepare().unwrap();
    store.round().unwrap();
    store.append(0, &batch(4), Flush::Strict).unwrap();
    store.round().unwrap();
    assert_eq!(store.high_watermark(0), 5);
    drop(store);
    disk.flip_bit(&segment, 64 + 16, 2);
    for _ in 0..2 {
        let mut store = Store::open(&disk).unwrap();
        assert!(store.logs.0[&partition(0)].is_none());
        assert_eq!(store.high_watermark(1), 1, "the others serve");
        let aside = inspect_aside(&ReadOnly(disk.clone()), &dir_of(partition(0))).unwrap().unwrap();
        assert_eq!((aside.batches, aside.bytes), (1, batch(4).len() as u64));
    }
    disk.crash(&SeededRng::new(8));
    disk.flip_bit(&segment, 64 + 16, 2);
    let mut store = Store::open(&disk).unwrap();
    assert_eq!(store.high_watermark(0), 5);
    assert!(!disk.exists(&dir_of(partition(0)).join("unreplayed")).unwrap());
}
