//! Who may write in a transaction, and who no longer may.

use std::{thread, time::Duration};

use headrace_types::ErrorCode;

use crate::{
    calls::{TIMEOUT_MS, Writer, init, init_again, read_committed, try_init},
    storage::create,
    support::Broker,
};

const FENCED: i16 = ErrorCode::ProducerFenced as i16;
const STALE: i16 = ErrorCode::InvalidProducerEpoch as i16;

/// Items 26 and 47: whoever takes a transactional id over ends the transaction of who had it, and that one can do nothing any more.
#[test]
fn a_second_producer_aborts_the_transaction_of_the_first_and_fences_it() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    for is_v2 in [false, true] {
        let name = format!("tx-{is_v2}");
        let mut first = Writer::new(&mut client, &name, is_v2);
        first.put(&mut client, "t", 0, "lost");
        let concurrent = ErrorCode::ConcurrentTransactions.code();
        assert_eq!(try_init(&mut client, &name, TIMEOUT_MS).0, concurrent);
        let mut second = Writer::new(&mut client, &name, is_v2);
        assert!(second.id == first.id && second.epoch > first.epoch);
        assert_eq!(first.write(&mut client, "t", 0, "late"), Some(STALE));
        assert_eq!(first.end(&mut client, true), Some(FENCED));
        assert_eq!(first.add(&mut client, "t", &[0]), Some(vec![FENCED]));
        assert_eq!(first.commit_offset(&mut client, "g", "t", 1), Some(STALE));
        second.put(&mut client, "t", 0, "kept");
        assert_eq!(second.end(&mut client, true), Some(0));
    }
    assert_eq!(read_committed(&mut client, "t", 0), ["kept", "kept"]);
}

/// Item 47.
#[test]
fn timeouts_are_bounded_and_names_are_checked() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for timeout_ms in [0, -1, 15 * 60 * 1000 + 1, i32::MAX] {
        let refused = try_init(&mut client, "tx", timeout_ms);
        assert_eq!(refused, (ErrorCode::InvalidTransactionTimeout.code(), -1, -1));
    }
    assert_eq!(try_init(&mut client, "tx", 15 * 60 * 1000).0, 0);
    assert_eq!(try_init(&mut client, "", 1).0, ErrorCode::InvalidRequest.code());
}

/// KIP-360: a producer that names itself gets its next epoch, once, however often it asks.
#[test]
fn a_producer_that_names_itself_goes_on() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let (id, epoch) = init(&mut client, "tx");
    assert_eq!(init_again(&mut client, "tx", TIMEOUT_MS, (id, epoch)), (0, id, epoch + 1));
    assert_eq!(init_again(&mut client, "tx", TIMEOUT_MS, (id, epoch)), (0, id, epoch + 1));
    let other = init(&mut client, "tx");
    assert_eq!(other, (id, epoch + 2));
    assert_eq!(init_again(&mut client, "tx", TIMEOUT_MS, (id, epoch)).0, FENCED);
    assert_eq!(init_again(&mut client, "tx", TIMEOUT_MS, (id + 1, epoch)).0, FENCED);
}

/// KIP-890, part 1: what the coordinator does not know of a transaction can not be written in it.
#[test]
fn a_write_that_was_not_announced_is_refused() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 2, &[]);
    let mut writer = Writer::new(&mut client, "tx", false);
    let invalid = ErrorCode::InvalidTxnState.code();
    let abortable = ErrorCode::TransactionAbortable.code();
    assert_eq!(writer.write(&mut client, "t", 0, "x"), Some(abortable));
    assert_eq!(writer.commit_offset(&mut client, "g", "t", 1), Some(invalid));
    writer.put(&mut client, "t", 0, "x");
    assert_eq!(writer.write(&mut client, "t", 1, "x"), Some(abortable));
    assert_eq!(writer.end(&mut client, true), Some(0));
    assert_eq!(writer.write(&mut client, "t", 0, "late"), Some(abortable));
    let stranger = Writer { name: "nobody".to_owned(), ..writer.clone() };
    let unknown = ErrorCode::InvalidProducerIdMapping.code();
    assert_eq!(stranger.write_at(&mut client, "t", 0, "x", 9), Some(unknown));
    assert_eq!(stranger.add(&mut client, "t", &[0]), Some(vec![unknown]));
    let not_there = writer.add(&mut client, "t", &[0, 7]);
    let [skipped, missing] =
        [ErrorCode::OperationNotAttempted, ErrorCode::UnknownTopicOrPartition].map(ErrorCode::code);
    assert_eq!(not_there, Some(vec![skipped, missing]));
}

/// KIP-890, part 2: every transaction has an epoch of its own, so that what is late can not join the next one (item 48); an end that
/// is sent again gets the same answer.
#[test]
fn every_transaction_of_the_second_protocol_has_an_epoch_of_its_own() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    writer.put(&mut client, "t", 0, "a");
    let mut late = writer.clone();
    assert_eq!(writer.end(&mut client, true), Some(0));
    assert_eq!((writer.id, writer.epoch), (late.id, late.epoch + 1));
    assert_eq!(late.write_at(&mut client, "t", 0, "late", 1), Some(STALE));
    let invalid = Some(ErrorCode::InvalidTxnState.code());
    assert_eq!(late.clone().end(&mut client, false), invalid, "it has committed");
    assert_eq!(late.end(&mut client, true), Some(0));
    assert_eq!((late.id, late.epoch), (writer.id, writer.epoch));
    assert_eq!(writer.clone().end(&mut client, true), invalid, "there is nothing to commit");
    let unknown = writer.write_at(&mut client, "t", 0, "gap", 3);
    assert_eq!(unknown, Some(ErrorCode::OutOfOrderSequenceNumber.code()));
    assert_eq!(writer.end(&mut client, false), Some(0), "an abort means a new epoch in any case");
    assert_eq!(writer.epoch, late.epoch + 1);
    assert_eq!(read_committed(&mut client, "t", 0), ["a"]);
}

/// Item 25: a producer of the second protocol of which a partition knows nothing begins at 0.
#[test]
fn an_unknown_producer_of_the_second_protocol_begins_at_zero() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let writer = Writer::new(&mut client, "tx", true);
    let out_of_order = ErrorCode::OutOfOrderSequenceNumber.code();
    assert_eq!(writer.write_at(&mut client, "t", 0, "x", 5), Some(out_of_order));
    assert_eq!(writer.write_at(&mut client, "t", 0, "x", 0), Some(0));
    let older = Writer::new(&mut client, "older", false);
    assert_eq!(older.add(&mut client, "t", &[0]), Some(vec![0]));
    assert_eq!(older.write_at(&mut client, "t", 0, "x", 5), Some(0));
}

#[test]
fn a_transaction_that_lasts_too_long_is_aborted_and_its_producer_fenced() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    (_, writer.id, writer.epoch) = try_init(&mut client, "tx", 100);
    writer.put(&mut client, "t", 0, "slow");
    while crate::calls::fetch_committed(&mut client, "t", 0, 0).last_stable_offset < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(read_committed(&mut client, "t", 0), Vec::<String>::new());
    assert_eq!(writer.end(&mut client, true), Some(FENCED));
    assert_eq!(writer.write(&mut client, "t", 0, "more"), Some(STALE));
}
