//! Fetch sessions over the wire (KIP-227): behaviours 32 and 33.

use std::thread;

use headrace_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest, FetchResponse, fetch_request::ForgottenTopic,
};
use headrace_types::ErrorCode;
use uuid::Uuid;

use crate::{
    calls::{
        Ask, FETCH, FETCH_BY_ID, PRODUCE, batch, create, fetch_request, produce, produce_request, records,
    },
    support::{Broker, Client},
};

/// Long enough that only a hang meets it.
const LONG_MS: i32 = 50_000;

/// A client with a session of its own.
struct Session {
    client: Client,
    version: i16,
    id: i32,
    epoch: i32,
}

/// A row of an answer: partition, error, high watermark, values.
type Row = (i32, i16, i64, Vec<String>);

impl Session {
    fn open(client: Client, version: i16, asks: &[Ask<'_>]) -> (Self, Vec<Row>) {
        let mut session = Self { client, version, id: 0, epoch: 0 };
        let (error, rows) = session.fetch(asks, &[], 0);
        assert_eq!(error, 0);
        assert!(session.id > 0, "no session was given");
        (session, rows)
    }

    fn request(&self, asks: &[Ask<'_>], forgotten: &[Ask<'_>], wait_ms: i32) -> FetchRequest<'static> {
        let forget = |ask: &Ask<'_>| ForgottenTopic {
            topic: ask.topic.to_owned().into(),
            topic_id: ask.id,
            partitions: vec![ask.partition],
        };
        FetchRequest {
            session_id: self.id,
            session_epoch: self.epoch,
            forgotten_topics_data: forgotten.iter().map(forget).collect(),
            ..fetch_request(asks, 1, 1 << 20, wait_ms)
        }
    }

    /// The next fetch of the session; its error, and what it was told.
    fn fetch(&mut self, asks: &[Ask<'_>], forgotten: &[Ask<'_>], wait_ms: i32) -> (i16, Vec<Row>) {
        let request = self.request(asks, forgotten, wait_ms);
        let id = self.client.request(&request, self.version);
        self.answer(id)
    }

    fn answer(&mut self, correlation_id: i32) -> (i16, Vec<Row>) {
        let response: FetchResponse<'_> = self.client.response(correlation_id, self.version);
        let (error, session_id) = (response.error_code, response.session_id);
        let rows = response.responses.into_iter().flat_map(|topic| topic.partitions);
        let rows = rows.map(|row| {
            let values = records(row.records.as_ref()).into_iter().map(|(_, value)| value).collect();
            (row.partition_index, row.error_code, row.high_watermark, values)
        });
        let rows = rows.collect();
        if error == 0 {
            self.id = session_id;
            self.epoch += 1;
        }
        (error, rows)
    }
}

fn setup() -> (Broker, Client, Uuid) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let id = create(&mut client, "t", 3, &[]);
    (broker, client, id)
}

fn all(id: Uuid) -> [Ask<'static>; 3] {
    [0, 1, 2].map(|partition| Ask { id, ..Ask::new("t", partition, 0) })
}

#[test]
fn behaviour_32_a_session_tells_what_has_changed_in_every_version() {
    for version in 7..=18 {
        let (broker, mut client, id) = setup();
        let (mut session, rows) = Session::open(broker.connect(), version, &all(id));
        assert_eq!(rows.len(), 3, "version {version}: the first answer tells everything");
        assert_eq!(session.fetch(&[], &[], 0), (0, vec![]), "version {version}");
        produce(&mut client, "t", 1, &batch(&["a"]));
        let told = (0, vec![(1, 0, 1, vec!["a".to_owned()])]);
        assert_eq!(session.fetch(&[], &[], 0), told, "version {version}");
        assert_eq!(session.fetch(&[], &[], 0), told, "what the client has not moved beyond comes again");
        let beyond = Ask { id, ..Ask::new("t", 1, 1) };
        assert_eq!(session.fetch(&[beyond], &[], 0), (0, vec![]), "version {version}");
        produce(&mut client, "t", 0, &batch(&["b"]));
        let forgotten = [Ask { id, ..Ask::new("t", 0, 0) }];
        assert_eq!(session.fetch(&[], &forgotten, 0), (0, vec![]), "version {version}");
    }
}

#[test]
fn behaviour_32_errors_are_told_each_time_and_so_is_their_end() {
    let (broker, mut client, _) = setup();
    let (mut session, _) = Session::open(broker.connect(), FETCH, &all(Uuid::nil()));
    let beyond = [Ask::new("t", 0, 9)];
    let row = |code: ErrorCode| (0, vec![(0, code.code(), 0, vec![])]);
    assert_eq!(session.fetch(&beyond, &[], LONG_MS), row(ErrorCode::OffsetOutOfRange));
    assert_eq!(session.fetch(&[], &[], LONG_MS), row(ErrorCode::OffsetOutOfRange));
    assert_eq!(session.fetch(&[Ask::new("t", 0, 0)], &[], 0), row(ErrorCode::None));
    assert_eq!(session.fetch(&[], &[], 0), (0, vec![]));
    let request =
        DeleteTopicsRequest { topic_names: vec!["t".into()], timeout_ms: 1_000, ..Default::default() };
    let id = client.request(&request, 5);
    let deleted: DeleteTopicsResponse<'_> = client.response(id, 5);
    assert_eq!(deleted.responses[0].error_code, 0);
    let (error, rows) = session.fetch(&[], &[], LONG_MS);
    assert_eq!((error, rows.len()), (0, 3));
    assert!(rows.iter().all(|row| row.1 == ErrorCode::UnknownTopicOrPartition.code()));
    create(&mut client, "t", 3, &[]);
    let (_, rows) = session.fetch(&[], &[], 0);
    assert_eq!(rows.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(), [(0, 0); 3]);
}

#[test]
fn behaviour_32_a_topic_made_anew_is_unknown_to_a_session_by_ids() {
    let (broker, mut client, id) = setup();
    let (mut session, _) = Session::open(broker.connect(), FETCH_BY_ID, &all(id));
    let request =
        DeleteTopicsRequest { topic_names: vec!["t".into()], timeout_ms: 1_000, ..Default::default() };
    let correlation = client.request(&request, 5);
    let _: DeleteTopicsResponse<'_> = client.response(correlation, 5);
    let new = create(&mut client, "t", 3, &[]);
    let (_, rows) = session.fetch(&[], &[], LONG_MS);
    assert!(rows.iter().all(|row| row.1 == ErrorCode::UnknownTopicId.code()) && rows.len() == 3);
    let (_, rows) = session.fetch(&all(new), &all(id), 0);
    assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [0; 3]);
}

#[test]
fn behaviour_32_requests_that_do_not_fit_their_session_are_refused() {
    let (broker, _, id) = setup();
    let (mut session, _) = Session::open(broker.connect(), FETCH, &all(Uuid::nil()));
    let refused = |code: ErrorCode| (code.code(), vec![]);
    session.epoch = 7;
    assert_eq!(session.fetch(&[], &[], 0), refused(ErrorCode::InvalidFetchSessionEpoch));
    session.epoch = 1;
    session.version = FETCH_BY_ID;
    assert_eq!(session.fetch(&all(id), &[], 0), refused(ErrorCode::FetchSessionTopicIdError));
    session.version = FETCH;
    let right = session.id;
    session.id = right.wrapping_add(1).max(1);
    assert_eq!(session.fetch(&[], &[], 0), refused(ErrorCode::FetchSessionIdNotFound));
    session.id = right;
    assert_eq!(session.fetch(&[], &[], 0), (0, vec![]), "none of this has hurt the session");
    // With the last epoch the session ends, and this fetch has none.
    session.epoch = -1;
    let (error, rows) = session.fetch(&all(Uuid::nil()), &[], 0);
    assert_eq!((error, session.id, rows.len()), (0, 0, 3));
    (session.id, session.epoch) = (right, 2);
    assert_eq!(session.fetch(&[], &[], 0), refused(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn behaviour_33_an_empty_request_waits_for_the_partitions_of_its_session() {
    let (broker, mut client, _) = setup();
    let (mut session, _) = Session::open(broker.connect(), FETCH, &all(Uuid::nil()));
    let waiter = thread::spawn(move || {
        let first = session.fetch(&[], &[], LONG_MS);
        // Nothing was dropped from the session while it waited and read again.
        let second = session.fetch(&[Ask::new("t", 2, 1)], &[], LONG_MS);
        (first, second)
    });
    produce(&mut client, "t", 2, &batch(&["x"]));
    produce(&mut client, "t", 0, &batch(&["y"]));
    let (first, second) = waiter.join().unwrap();
    let mut values: Vec<String> = first.1.iter().chain(&second.1).flat_map(|row| row.3.clone()).collect();
    values.sort();
    values.dedup();
    assert_eq!((first.0, second.0), (0, 0));
    assert_eq!(values, ["x", "y"]);
}

#[test]
fn behaviour_33_a_fetch_that_overtakes_another_of_its_session_ends_it() {
    let (_broker, client, _) = setup();
    let (mut session, _) = Session::open(client, FETCH, &all(Uuid::nil()));
    let first = session.request(&[], &[], LONG_MS);
    session.epoch += 1;
    let second = session.request(&[], &[], LONG_MS);
    let ids = [session.client.request(&first, FETCH), session.client.request(&second, FETCH)];
    // On one connection requests begin in their order: both fetches wait when this arrives.
    session.client.request(&produce_request("t", 0, &batch(&["x"]), -1), PRODUCE);
    assert_eq!(session.answer(ids[0]).0, ErrorCode::InvalidFetchSessionEpoch.code());
    let (error, rows) = session.answer(ids[1]);
    assert_eq!((error, rows), (0, vec![(0, 0, 1, vec!["x".to_owned()])]));
}

#[test]
fn behaviour_29_a_partition_that_was_served_has_its_next_turn_last() {
    let (broker, mut client, _) = setup();
    for partition in 0..3 {
        produce(&mut client, "t", partition, &batch(&["x"]));
    }
    let tight = [0, 1, 2].map(|partition| Ask { bytes_max: 1, ..Ask::new("t", partition, 0) });
    let mut session = Session { client: broker.connect(), version: FETCH, id: 0, epoch: 0 };
    // One byte in all: one batch an answer. The partition that had its batch comes last, though the client asks it again.
    let mut served = Vec::new();
    for round in 0..4 {
        let asks: &[Ask<'_>] = if round == 0 { &tight } else { &[] };
        let request = FetchRequest { max_bytes: 1, ..session.request(asks, &[], LONG_MS) };
        let id = session.client.request(&request, FETCH);
        let (_, rows) = session.answer(id);
        served.extend(rows.into_iter().filter(|row| !row.3.is_empty()).map(|row| row.0));
    }
    assert_eq!(served, [0, 0, 1, 2], "the first answer begins the session and turns nothing");
}

#[test]
fn sessions_are_counted() {
    let broker = Broker::with_logins(|_| {});
    let mut client = broker.connect();
    assert_eq!(client.login("hk_one", "secret-one"), 0);
    create(&mut client, "t", 3, &[]);
    let _session = Session::open(client, FETCH, &all(Uuid::nil()));
    let metrics = broker.admin("GET", "/metrics").1;
    for line in ["fetch_sessions 1", "fetch_session_partitions 3", "fetch_sessions_evicted_total 0"] {
        assert!(metrics.contains(&format!("headrace_broker_{line}\n")), "{line} is not in {metrics}");
    }
}
