//! Idempotent producers: ids, repetitions, order and fencing, across a kill.

use headrace_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use headrace_records::BatchBuilder;
use headrace_types::ErrorCode;

use crate::{
    calls::{create, produce, producer_id, read_all},
    support::Broker,
};

fn batch(id: i64, epoch: i16, sequence: i32) -> Vec<u8> {
    BatchBuilder::new().producer(id, epoch, sequence).value(format!("{sequence}").as_bytes()).build()
}

#[test]
fn ids_are_never_given_out_twice() {
    let mut broker = Broker::dev();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let mut client = broker.connect();
        for _ in 0..20 {
            let (error, id, epoch) = producer_id(&mut client, None);
            assert_eq!((error, epoch), (0, 0));
            assert!(id >= 0 && seen.insert(id));
        }
        broker = Broker::dev_in(broker.kill());
    }
    let mut client = broker.connect();
    assert_eq!(producer_id(&mut client, Some("")).0, ErrorCode::InvalidRequest.code());
}

#[test]
fn an_id_without_its_epoch_is_refused() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let request = InitProducerIdRequest { producer_id: 5, producer_epoch: -1, ..Default::default() };
    let id = client.request(&request, 4);
    let response: InitProducerIdResponse = client.response(id, 4);
    assert_eq!(response.error_code, ErrorCode::InvalidRequest.code());
}

#[test]
fn repetitions_get_their_first_offset_also_after_a_kill() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let (_, id, _) = producer_id(&mut client, None);
    for sequence in 0..8 {
        assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, sequence)).base_offset, i64::from(sequence));
    }
    let broker = Broker::dev_in(broker.kill());
    let mut client = broker.connect();
    for sequence in 3..8 {
        let again = produce(&mut client, "t", 0, &batch(id, 0, sequence));
        assert_eq!((again.error, again.base_offset), (0, i64::from(sequence)));
    }
    let out_of_order = ErrorCode::OutOfOrderSequenceNumber.code();
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, 2)).error, out_of_order);
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, 9)).error, out_of_order);
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, 8)).base_offset, 8);
    assert_eq!(read_all(&mut client, "t", 0).len(), 9);
}

#[test]
fn a_newer_epoch_fences_the_older_one() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let (_, id, _) = producer_id(&mut client, None);
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, 0)).error, 0);
    assert_eq!(
        produce(&mut client, "t", 0, &batch(id, 1, 1)).error,
        ErrorCode::OutOfOrderSequenceNumber.code()
    );
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 1, 0)).error, 0);
    assert_eq!(produce(&mut client, "t", 0, &batch(id, 0, 1)).error, ErrorCode::InvalidProducerEpoch.code());
}
