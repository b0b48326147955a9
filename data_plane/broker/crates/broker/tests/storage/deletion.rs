//! Deleting records before an offset.

use std::fs;

use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;

use crate::{
    calls::{batch, create, delete_records, fetch, list_offset, produce, producer_id},
    support::Broker,
};

const EARLIEST: i64 = -2;
/// The records of these tests are of 1970.
const KEPT: [(&str, &str); 1] = [("retention.ms", "-1")];

#[test]
fn records_before_an_offset_are_gone_and_stay_gone_after_a_kill() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, &KEPT);
    for value in ["a", "b", "c"] {
        assert_eq!(produce(&mut client, "t", 0, &batch(&[value, value])).error, 0);
    }
    assert_eq!(delete_records(&mut client, "t", &[(0, 3), (1, 0)]), [(0, 3), (0, 0)]);
    let out_of_range = ErrorCode::OffsetOutOfRange.code();
    assert_eq!(fetch(&mut client, "t", 0, 2).error_code, out_of_range);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["d"])).log_start, 3);
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    assert_eq!(list_offset(&mut client, "t", EARLIEST, 11).offset, 3);
    assert_eq!(fetch(&mut client, "t", 0, 2).error_code, out_of_range);
    let row = fetch(&mut client, "t", 0, 3);
    assert_eq!((row.error_code, row.log_start_offset, row.high_watermark), (0, 3, 7));
    assert_eq!(delete_records(&mut client, "t", &[(0, 1)]), [(0, 3)], "the log start never goes back");
}

#[test]
fn offsets_outside_the_log_and_partitions_that_are_not_there_are_refused() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["a", "b"])).error, 0);
    let refused = (ErrorCode::OffsetOutOfRange.code(), -1);
    assert_eq!(delete_records(&mut client, "t", &[(0, 3), (0, -2)]), [refused, refused]);
    let unknown = (ErrorCode::UnknownTopicOrPartition.code(), -1);
    assert_eq!(delete_records(&mut client, "t", &[(1, 0)]), [unknown]);
    assert_eq!(delete_records(&mut client, "none", &[(0, 0)]), [unknown]);
    assert_eq!(delete_records(&mut client, "t", &[(0, -1)]), [(0, 2)]);
    assert_eq!(fetch(&mut client, "t", 0, 2).error_code, 0);
}

#[test]
fn segments_before_the_offset_are_removed_at_once() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &[KEPT[0], ("segment.bytes", "1048576")]);
    let segments = || {
        let directory = broker.data_dir.path().join("topics").join(format!("{id}-0"));
        let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".log")).count()
    };
    let half = "x".repeat(600 * 1024);
    for _ in 0..4 {
        assert_eq!(produce(&mut client, "t", 0, &batch(&[&half])).error, 0);
    }
    assert_eq!(segments(), 4);
    assert_eq!(delete_records(&mut client, "t", &[(0, 2)]), [(0, 2)]);
    assert_eq!(segments(), 2);
    assert_eq!(delete_records(&mut client, "t", &[(0, -1)]), [(0, 4)]);
    assert_eq!(segments(), 1, "the segment that is appended to stays");
    assert_eq!(produce(&mut client, "t", 0, &batch(&["next"])).base_offset, 4);
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    let row = fetch(&mut client, "t", 0, 4);
    assert_eq!((row.error_code, row.log_start_offset, row.high_watermark), (0, 4, 5));
}

#[test]
fn a_repetition_is_recognised_though_its_records_were_deleted() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &KEPT);
    let (_, producer, _) = producer_id(&mut client, None);
    let sent = BatchBuilder::new().producer(producer, 0, 0).value(b"a").build();
    assert_eq!(produce(&mut client, "t", 0, &sent).base_offset, 0);
    assert_eq!(delete_records(&mut client, "t", &[(0, -1)]), [(0, 1)]);
    assert_eq!(produce(&mut client, "t", 0, &sent).base_offset, 0);
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, &sent).base_offset, 0);
    assert_eq!(list_offset(&mut client, "t", EARLIEST, 11).offset, 1);
    assert_eq!(list_offset(&mut client, "t", -1, 11).offset, 1);
}
