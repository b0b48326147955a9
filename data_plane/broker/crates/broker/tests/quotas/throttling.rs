//! Who has used its rate up is answered with the time to wait, and then not read for that time.

use std::time::Duration;

use crate::{
    calls::{
        CLIENT_ID, QUOTA_EXCEEDED, Stopwatch, TOPIC, alter, answer_time, create, fetch, is_counted, login,
        milliseconds, produce,
    },
    support::Broker,
};

/// A rate whose burst of ten seconds is 40,000 bytes, and a record that overdraws it by half a second of the rate.
const RATE: f64 = 4_000.0;
const BYTES: usize = 42_000;
/// From here on clients wait by themselves; before, the broker answers late.
const NEW_PRODUCE: i16 = 9;
const OLD_PRODUCE: i16 = 5;
const NEW_FETCH: i16 = 12;
const OLD_FETCH: i16 = 7;
/// What a throttle may have been cut short by, being told in whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(2);

fn broker() -> Broker {
    let broker = Broker::with_logins(|_| ());
    assert_eq!(create(&mut login(&broker, "one"), TOPIC, 1, 7).0, 0);
    broker
}

#[test]
fn a_produce_quota_answers_first_and_then_does_not_read() {
    let broker = broker();
    let mut client = login(&broker, "one");
    assert_eq!(produce(&mut client, BYTES, NEW_PRODUCE), Duration::ZERO, "without a quota nobody waits");
    alter(&mut client, &[("user", Some("hk_one"))], "producer_byte_rate", Some(RATE));
    let wait = produce(&mut client, BYTES, NEW_PRODUCE);
    assert!(wait > Duration::from_millis(400), "{wait:?}");
    let took = answer_time(&mut client);
    assert!(
        took + ROUNDING + Duration::from_millis(100) >= wait,
        "was read after {took:?} instead of {wait:?}"
    );
    assert!(is_counted(&broker, "producer_byte_rate", "client"));
    // It is the user's own: another one, and the first one's other connections' reads, go on.
    assert_eq!(produce(&mut login(&broker, "two"), BYTES, NEW_PRODUCE), Duration::ZERO);
    assert_eq!(fetch(&mut login(&broker, "one"), NEW_FETCH).1, Duration::ZERO);
    // It holds for all connections of the user together.
    assert!(produce(&mut login(&broker, "one"), BYTES, NEW_PRODUCE) > wait);
}

#[test]
fn clients_of_old_versions_are_answered_late() {
    let broker = broker();
    let mut client = login(&broker, "one");
    alter(&mut client, &[("user", None)], "producer_byte_rate", Some(RATE));
    let watch = Stopwatch::start();
    let wait = produce(&mut client, BYTES, OLD_PRODUCE);
    assert!(wait > Duration::from_millis(400), "{wait:?}");
    assert!(watch.elapsed() + ROUNDING >= wait, "was answered after {:?}", watch.elapsed());
    alter(&mut client, &[("client-id", Some(CLIENT_ID))], "consumer_byte_rate", Some(RATE));
    let watch = Stopwatch::start();
    let (_, wait) = fetch(&mut client, OLD_FETCH);
    assert!(wait > Duration::from_millis(400), "{wait:?}");
    assert!(watch.elapsed() + ROUNDING >= wait, "was answered after {:?}", watch.elapsed());
}

#[test]
fn a_fetch_quota_counts_bytes_of_records_and_lets_them_through() {
    let broker = broker();
    let mut client = login(&broker, "one");
    produce(&mut client, BYTES, NEW_PRODUCE);
    alter(&mut client, &[("client-id", None)], "consumer_byte_rate", Some(RATE));
    let (bytes, wait) = fetch(&mut client, NEW_FETCH);
    assert!(bytes > BYTES && wait > Duration::from_millis(400), "{bytes} {wait:?}");
    assert!(answer_time(&mut client) + ROUNDING + Duration::from_millis(100) >= wait);
    // The quota is of the client id, whoever uses it.
    assert!(fetch(&mut login(&broker, "two"), NEW_FETCH).1 > Duration::ZERO);
    assert!(is_counted(&broker, "consumer_byte_rate", "client"));
}

#[test]
fn the_more_specific_quota_holds_and_a_removed_one_no_longer() {
    let broker = broker();
    let mut client = login(&broker, "one");
    alter(&mut client, &[("user", None)], "producer_byte_rate", Some(RATE));
    alter(
        &mut client,
        &[("user", Some("hk_one")), ("client-id", Some(CLIENT_ID))],
        "producer_byte_rate",
        Some(1e9),
    );
    assert_eq!(produce(&mut client, BYTES, NEW_PRODUCE), Duration::ZERO);
    assert!(produce(&mut login(&broker, "two"), BYTES, NEW_PRODUCE) > Duration::ZERO);
    alter(&mut client, &[("user", None)], "producer_byte_rate", None);
    assert_eq!(produce(&mut login(&broker, "two"), BYTES, NEW_PRODUCE), Duration::ZERO);
}

#[test]
fn work_is_counted_as_time_of_the_event_loop() {
    let broker = broker();
    let mut client = login(&broker, "one");
    // Ten seconds of a millionth of a thread are ten microseconds: a produce request takes longer.
    let mut other = login(&broker, "two");
    alter(&mut other, &[("user", Some("hk_one"))], "request_percentage", Some(0.000_1));
    assert!(produce(&mut client, 10, NEW_PRODUCE) > Duration::ZERO);
    assert!(is_counted(&broker, "request_percentage", "client"));
}

#[test]
fn too_many_partitions_are_refused_or_throttled_by_version() {
    let broker = broker();
    let mut client = login(&broker, "one");
    alter(&mut client, &[("user", Some("hk_one"))], "controller_mutation_rate", Some(1.0));
    assert_eq!(create(&mut client, "at-the-limit", 12, 7), (0, 0));
    let (code, throttle_ms) = create(&mut login(&broker, "one"), "over", 1, 7);
    assert_eq!(code, QUOTA_EXCEEDED);
    assert!(milliseconds(throttle_ms) > Duration::from_secs(1));
    // An old client does not know the error: its topic is made, and its connection rests.
    let (code, throttle_ms) = create(&mut login(&broker, "one"), "old", 1, 2);
    assert_eq!(code, 0);
    assert!(throttle_ms > 0);
    assert_eq!(create(&mut login(&broker, "two"), "over", 1, 7), (0, 0), "nothing was made before");
    assert!(is_counted(&broker, "controller_mutation_rate", "client"));
}
