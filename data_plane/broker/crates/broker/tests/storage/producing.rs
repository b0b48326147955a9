//! Produce: what is taken, and what every refusal is answered.

use headrace_protocol::messages::ProduceRequest;
use headrace_records::{BatchBuilder, Compression, NewRecord, builder::seal};
use headrace_types::ErrorCode;

use crate::{
    calls::{
        PRODUCE, PRODUCE_BY_ID, batch, create, fetch, produce, produce_as, produce_request, read_all,
        records, try_produce,
    },
    support::{Broker, Client},
};

fn now_ms() -> i64 {
    headrace_io::Clock::wall_ms(&headrace_io::SystemClock::new())
}

fn timed(timestamp: i64, codec: Compression) -> Vec<u8> {
    let plain = NewRecord { timestamp: now_ms(), key: None, value: Some(b"v"), headers: &[] };
    BatchBuilder::new().compression(codec).record(plain).record(NewRecord { timestamp, ..plain }).build()
}

fn setup(configs: &[(&str, &str)]) -> (Broker, Client) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, configs);
    (broker, client)
}

#[test]
fn batches_of_every_codec_and_version_get_dense_offsets() {
    let (_broker, mut client) = setup(&[]);
    let mut next = 0;
    for codec in
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
    {
        for version in 3..=PRODUCE {
            if codec == Compression::Zstd && version < 7 {
                continue;
            }
            let batch = BatchBuilder::new().compression(codec).value(b"a").value(b"b").build();
            let produced = produce_as(&mut client, "t", 0, &batch, version);
            assert_eq!((produced.error, produced.base_offset), (0, next), "{codec:?} by version {version}");
            assert_eq!(produced.append_time_ms, -1);
            next += 2;
        }
    }
    let offsets: Vec<i64> = read_all(&mut client, "t", 0).into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(offsets, (0..next).collect::<Vec<_>>());
    assert!(read_all(&mut client, "t", 1).is_empty());
}

#[test]
fn topics_are_found_by_id_from_version_13_on() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 1, &[]);
    let mut request = produce_request("", 0, &batch(&["x"]), -1);
    request.topic_data[0].topic_id = id;
    assert_eq!(try_produce(&mut client, &request, PRODUCE_BY_ID).unwrap()[0].error, 0);
    request.topic_data[0].topic_id = uuid::Uuid::from_u128(7);
    let refused = try_produce(&mut client, &request, PRODUCE_BY_ID).unwrap();
    assert_eq!(refused[0].error, ErrorCode::UnknownTopicId.code());
}

#[test]
fn every_refusal_has_its_code_and_leaves_the_log_alone() {
    let (_broker, mut client) = setup(&[("max.message.bytes", "2000")]);
    let sealed = |at: usize, with: &[u8]| {
        let mut bytes = batch(&["one", "two"]);
        bytes[at..at + with.len()].copy_from_slice(with);
        seal(&mut bytes);
        bytes
    };
    let mut flipped = batch(&["one"]);
    *flipped.last_mut().unwrap() ^= 1;
    let two = [batch(&["one"]), batch(&["two"])].concat();
    let large = batch(&["x".repeat(3_000).as_str()]);
    let cases = [
        ("no batch", vec![], ErrorCode::InvalidRecord),
        ("half a batch", batch(&["one"])[..65].to_vec(), ErrorCode::InvalidRecord),
        ("two batches", two, ErrorCode::InvalidRecord),
        ("an old format", sealed(16, &[1]), ErrorCode::InvalidRecord),
        ("an impossible length", sealed(8, &(-5i32).to_be_bytes()), ErrorCode::CorruptMessage),
        ("a flipped bit", flipped, ErrorCode::CorruptMessage),
        ("a wrong count", sealed(57, &9i32.to_be_bytes()), ErrorCode::InvalidRecord),
        ("no records", sealed(57, &0i32.to_be_bytes()), ErrorCode::InvalidRecord),
        ("an unknown codec", sealed(21, &6i16.to_be_bytes()), ErrorCode::UnsupportedCompressionType),
        ("a claimed append time", sealed(21, &8i16.to_be_bytes()), ErrorCode::InvalidTimestamp),
        ("a marker", BatchBuilder::new().control().value(b"x").build(), ErrorCode::InvalidRecord),
        (
            "a transaction without its id",
            BatchBuilder::new().producer(5, 0, 0).transactional().value(b"x").build(),
            ErrorCode::TransactionalIdAuthorizationFailed,
        ),
        ("no sequence", BatchBuilder::new().producer(5, 0, -1).value(b"x").build(), ErrorCode::InvalidRecord),
        ("a large batch", large, ErrorCode::MessageTooLarge),
    ];
    for (what, bytes, code) in cases {
        let refused = produce(&mut client, "t", 0, &bytes);
        assert_eq!(refused.error, code.code(), "{what}");
        assert_eq!(refused.base_offset, -1, "{what}");
        assert!(!refused.message.is_empty(), "{what}");
    }
    let zstd = BatchBuilder::new().compression(Compression::Zstd).value(b"x").build();
    assert_eq!(produce_as(&mut client, "t", 0, &zstd, 6).error, ErrorCode::UnsupportedCompressionType.code());
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(produce(&mut client, "t", 2, &batch(&["x"])).error, unknown);
    assert_eq!(produce(&mut client, "t", -1, &batch(&["x"])).error, unknown);
    assert_eq!(produce(&mut client, "none", 0, &batch(&["x"])).error, unknown);
    assert_eq!(fetch(&mut client, "t", 0, 0).high_watermark, 0);
    assert_eq!(produce(&mut client, "t", 0, &batch(&["fine"])).base_offset, 0);
}

#[test]
fn timestamps_far_from_the_clock_are_refused_record_by_record() {
    let (_broker, mut client) = setup(&[("message.timestamp.before.max.ms", "60000")]);
    let hour_ms = 3_600_000;
    for codec in [Compression::None, Compression::Gzip] {
        for timestamp in [now_ms() - hour_ms, now_ms() + 2 * hour_ms] {
            let refused = produce(&mut client, "t", 0, &timed(timestamp, codec));
            assert_eq!(refused.error, ErrorCode::InvalidTimestamp.code());
            assert_eq!(refused.bad_records, [1]);
        }
        assert_eq!(produce(&mut client, "t", 0, &timed(now_ms() - 1_000, codec)).error, 0);
    }
}

#[test]
fn append_time_replaces_the_producers_time() {
    let (_broker, mut client) = setup(&[("message.timestamp.type", "LogAppendTime")]);
    let before = now_ms();
    let produced = produce(&mut client, "t", 0, &timed(5, Compression::Gzip));
    assert_eq!(produced.error, 0);
    assert!(produced.append_time_ms >= before);
    let row = fetch(&mut client, "t", 0, 0);
    assert_eq!(records(row.records.as_ref()).len(), 2, "the CRC was recomputed");
}

#[test]
fn acknowledgement_levels_are_none_leader_and_all() {
    let (_broker, mut client) = setup(&[]);
    let with_acks = |acks| produce_request("t", 0, &batch(&["x"]), acks);
    assert_eq!(try_produce(&mut client, &with_acks(1), PRODUCE).unwrap()[0].error, 0);
    for acks in [2, -2] {
        let refused = try_produce(&mut client, &with_acks(acks), PRODUCE).unwrap();
        assert_eq!(refused[0].error, ErrorCode::InvalidRequiredAcks.code());
    }
    client.request(&with_acks(0), PRODUCE);
    // The next answer on the connection belongs to the next request: level 0 has none.
    assert_eq!(produce(&mut client, "t", 0, &batch(&["y"])).base_offset, 2);
    client.request(&produce_request("none", 0, &batch(&["x"]), 0), PRODUCE);
    client.assert_closed();
}

#[test]
fn partitions_of_one_request_are_answered_one_by_one() {
    let (_broker, mut client) = setup(&[]);
    let mut request = produce_request("t", 0, &batch(&["a"]), -1);
    let other: ProduceRequest<'_> = produce_request("t", 1, &batch(&["b"]), -1);
    let missing: ProduceRequest<'_> = produce_request("t", 5, &batch(&["c"]), -1);
    for more in [other, missing] {
        request.topic_data[0].partition_data.extend(more.topic_data[0].partition_data.clone());
    }
    let errors: Vec<i16> =
        try_produce(&mut client, &request, PRODUCE).unwrap().iter().map(|row| row.error).collect();
    assert_eq!(errors, [0, 0, ErrorCode::UnknownTopicOrPartition.code()]);
}

#[test]
fn requests_of_one_connection_take_effect_in_their_order() {
    let (_broker, mut client) = setup(&[]);
    let ids: Vec<i32> = (0..200)
        .map(|number: i32| {
            client.request(&produce_request("t", 0, &batch(&[&number.to_string()]), -1), PRODUCE)
        })
        .collect();
    for (number, id) in (0..).zip(ids) {
        let response: headrace_protocol::messages::ProduceResponse<'_> = client.response(id, PRODUCE);
        assert_eq!(response.responses[0].partition_responses[0].base_offset, number);
    }
    let values = read_all(&mut client, "t", 0);
    assert!(values.iter().all(|(offset, value)| *value == offset.to_string()));
}
