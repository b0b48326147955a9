//! `ListOffsets`.

use headrace_records::{BatchBuilder, Compression, NewRecord};
use headrace_types::ErrorCode;

use crate::{
    calls::{create, list_offset, list_offset_in_epoch, produce},
    support::{Broker, Client},
};

fn setup() -> (Broker, Client) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    for (codec, timestamps) in [(Compression::None, [100, 300]), (Compression::Zstd, [200, 250])] {
        let builder = timestamps.iter().fold(BatchBuilder::new().compression(codec), |batch, timestamp| {
            batch.record(NewRecord { timestamp: *timestamp, key: None, value: Some(b"v"), headers: &[] })
        });
        assert_eq!(produce(&mut client, "t", 0, &builder.build()).error, 0);
    }
    (broker, client)
}

fn found(client: &mut Client, timestamp: i64) -> (i16, i64, i64) {
    let row = list_offset(client, "t", timestamp, 11);
    (row.error_code, row.offset, row.timestamp)
}

#[test]
fn special_timestamps_mean_ends_of_the_log() {
    let (_broker, mut client) = setup();
    assert_eq!(found(&mut client, -1), (0, 4, -1));
    assert_eq!(found(&mut client, -2), (0, 0, -1));
    assert_eq!(found(&mut client, -3), (0, 1, 300));
    assert_eq!(found(&mut client, -4), (0, 0, -1));
    assert_eq!(found(&mut client, -5), (0, -1, -1));
    assert_eq!(found(&mut client, -6), (0, -1, -1));
    assert_eq!(list_offset(&mut client, "t", -1, 4).leader_epoch, 0);
}

#[test]
fn timestamps_are_found_inside_batches() {
    let (_broker, mut client) = setup();
    assert_eq!(found(&mut client, 0), (0, 0, 100));
    assert_eq!(found(&mut client, 101), (0, 1, 300));
    assert_eq!(found(&mut client, 300), (0, 1, 300));
    assert_eq!(found(&mut client, 301), (0, -1, -1));
}

#[test]
fn refusals_have_their_codes() {
    let (_broker, mut client) = setup();
    let unsupported = ErrorCode::UnsupportedVersion.code();
    assert_eq!(list_offset(&mut client, "t", -3, 6).error_code, unsupported);
    assert_eq!(list_offset(&mut client, "t", -6, 10).error_code, unsupported);
    assert_eq!(list_offset(&mut client, "t", -7, 11).error_code, unsupported);
    assert_eq!(
        list_offset(&mut client, "none", -1, 11).error_code,
        ErrorCode::UnknownTopicOrPartition.code()
    );
    let newer = list_offset_in_epoch(&mut client, "t", -1, 11, 5);
    assert_eq!(newer.error_code, ErrorCode::UnknownLeaderEpoch.code());
}
