//! Topics that are compacted: what is taken, what stays, and that neither a kill nor a deletion in the midst of it does harm.

use std::{collections::BTreeMap, fs, path::Path};

use headrace_records::{BatchBuilder, BatchHeader, Compression, DecompressionLimits, NewRecord, RecordSet};
use headrace_types::ErrorCode;

use crate::{
    administration::{delete, named},
    calls::{batch, create, delete_records, fetch, list_offset, produce, wake_compaction},
    support::{Broker, Client},
};

const COMPACTED: [(&str, &str); 3] =
    [("cleanup.policy", "compact"), ("segment.bytes", "1048576"), ("min.cleanable.dirty.ratio", "0.01")];
const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
/// Keys of the load, each written again and again.
const KEYS: u32 = 40;
const VALUE_BYTES: usize = 40 * 1024;

/// A value that does not compress away.
fn value_of(number: u32) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9) | 1;
    let mut value = number.to_be_bytes().to_vec();
    value.resize_with(VALUE_BYTES, || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    value
}

fn update(number: u32) -> Vec<u8> {
    let (key, value) = ((number % KEYS).to_be_bytes(), value_of(number));
    let record = NewRecord { timestamp: 7, key: Some(&key), value: Some(&value), headers: &[] };
    BatchBuilder::new().compression(CODECS[number as usize % 5]).record(record).build()
}

/// Number of the update at each offset, read as a consumer does, to the end.
fn consume(client: &mut Client, topic: &str) -> BTreeMap<i64, u32> {
    let (mut found, mut next) = (BTreeMap::new(), 0);
    loop {
        let row = fetch(client, topic, 0, next);
        assert_eq!(row.error_code, 0);
        if next >= row.high_watermark {
            return found;
        }
        let bytes = row.records.unwrap();
        assert!(!bytes.is_empty(), "a consumer at {next} would hang");
        let mut rest = &bytes[..];
        while let Some(header) = BatchHeader::parse(rest) {
            let (batch, tail) = rest.split_at(header.batch_bytes().unwrap());
            let records = RecordSet::of_batch(batch, DecompressionLimits::default()).unwrap();
            for record in records.iter().map(Result::unwrap) {
                let value = record.value.unwrap();
                let number = u32::from_be_bytes(*value.first_chunk().unwrap());
                assert_eq!(value, value_of(number));
                found.insert(record.offset, number);
            }
            next = header.next_offset().get();
            rest = tail;
        }
    }
}

/// Every record found is the one that was acknowledged there, and the last of each key is among them.
fn assert_sound(found: &BTreeMap<i64, u32>, acknowledged: &BTreeMap<i64, u32>) {
    for (offset, number) in found {
        assert_eq!(acknowledged.get(offset), Some(number), "offset {offset}");
    }
    let last: BTreeMap<u32, i64> =
        acknowledged.iter().map(|(offset, number)| (number % KEYS, *offset)).collect();
    for (key, offset) in last {
        assert!(found.contains_key(&offset), "key {key} is gone");
    }
}

fn stored_bytes(directory: &Path) -> u64 {
    let sizes = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata());
    // A file may go while the directory is read.
    sizes.flatten().map(|metadata| metadata.len()).sum()
}

#[test]
fn the_last_record_of_each_key_stays_through_kills_in_the_midst_of_it() {
    let mut broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &COMPACTED);
    let (mut acknowledged, mut number) = (BTreeMap::new(), 0);
    for round in 0..6 {
        for _ in 0..120 {
            let produced = produce(&mut client, "t", 0, &update(number));
            assert_eq!(produced.error, 0, "{}", produced.message);
            acknowledged.insert(produced.base_offset, number);
            number += 1;
        }
        wake_compaction(&mut client, "t", round);
        // The answers to these come while the log is being compacted, further and further into it.
        for _ in 0..round * 4 {
            assert_eq!(fetch(&mut client, "t", 0, 0).error_code, 0);
        }
        broker = Broker::dev_in(broker.kill());
        client = broker.connect();
        assert_sound(&consume(&mut client, "t"), &acknowledged);
    }
    wake_compaction(&mut client, "t", 100);
    let directory = broker.data_dir.path().join("topics").join(format!("{id}-0"));
    let bound = u64::from(KEYS) * VALUE_BYTES as u64 + 3 * 1024 * 1024;
    while stored_bytes(&directory) > bound {
        assert_sound(&consume(&mut client, "t"), &acknowledged);
    }
    let found = consume(&mut client, "t");
    assert_sound(&found, &acknowledged);
    assert_eq!(list_offset(&mut client, "t", -1, 11).offset, acknowledged.len() as i64);
    let broker = Broker::dev_in(broker.stop());
    let kept = consume(&mut broker.connect(), "t");
    assert_sound(&kept, &acknowledged);
    // A pass that ends before the stop takes more away, and nothing comes back.
    assert!(kept.keys().all(|offset| found.contains_key(offset)), "{kept:?} after {found:?}");
    let names = fs::read_dir(broker.data_dir.path().join("topics").join(format!("{id}-0"))).unwrap();
    assert!(names.flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".cleaned")));
}

#[test]
fn a_topic_that_is_deleted_while_it_is_compacted_leaves_nothing() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &COMPACTED);
    for number in 0..120 {
        assert_eq!(produce(&mut client, "t", 0, &update(number)).error, 0);
    }
    wake_compaction(&mut client, "t", 0);
    assert_eq!(delete(&mut client, vec![named("t")]), [0]);
    let directory = broker.data_dir.path().join("topics").join(format!("{id}-0"));
    while directory.exists() {
        broker.assert_serves();
    }
    create(&mut client, "t", 1, &COMPACTED);
    assert_eq!(produce(&mut client, "t", 0, &update(1)).base_offset, 0);
}

#[test]
fn every_record_of_a_compacted_topic_needs_a_key() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &COMPACTED);
    let refused = produce(&mut client, "t", 0, &batch(&["no key", "none either"]));
    assert_eq!((refused.error, refused.bad_records), (ErrorCode::InvalidRecord.code(), vec![0, 1]));
    assert_eq!(produce(&mut client, "t", 0, &update(1)).base_offset, 0);
    create(&mut client, "both", 1, &[("cleanup.policy", "compact,delete")]);
    assert_eq!(produce(&mut client, "both", 0, &batch(&["x"])).error, ErrorCode::InvalidRecord.code());
}

#[test]
fn records_are_deleted_on_demand_only_where_the_policy_deletes() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "compacted", 1, &COMPACTED);
    create(&mut client, "both", 1, &[("cleanup.policy", "compact,delete"), ("retention.ms", "-1")]);
    for topic in ["compacted", "both"] {
        assert_eq!(produce(&mut client, topic, 0, &update(1)).error, 0);
    }
    let refused = (ErrorCode::PolicyViolation.code(), -1);
    assert_eq!(delete_records(&mut client, "compacted", &[(0, 1)]), [refused]);
    assert_eq!(delete_records(&mut client, "both", &[(0, 1)]), [(0, 1)]);
}
