//! What consumers see of transactions.

use std::{thread, time::Duration};

use headrace_types::ErrorCode;

use crate::{
    calls::{Writer, fetch_committed, read_committed},
    storage::{
        Ask, FETCH, batch, create, fetch, fetch_request, fetch_rows, list_offset, produce, read_all, records,
    },
    support::Broker,
};

/// Items 45, 46 and 49: an open transaction holds readers of committed records back in its partitions alone; readers of everything see
/// all of it, also what was aborted.
#[test]
fn committed_readers_stop_at_the_last_stable_offset() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for (is_v2, t) in [(false, "one"), (true, "two")] {
        create(&mut client, t, 2, &[]);
        let mut writer = Writer::new(&mut client, t, is_v2);
        produce(&mut client, t, 0, &batch(&["before"]));
        writer.put(&mut client, t, 0, "first");
        produce(&mut client, t, 0, &batch(&["plain"]));
        produce(&mut client, t, 1, &batch(&["elsewhere"]));
        let open = fetch_committed(&mut client, t, 0, 0);
        assert_eq!(open.last_stable_offset + 2, open.high_watermark);
        assert!(!read_committed(&mut client, t, 0).contains(&"plain".to_owned()));
        assert!(read_committed(&mut client, t, 1).contains(&"elsewhere".to_owned()));
        assert_eq!(writer.end(&mut client, false), Some(0));
        writer.put(&mut client, t, 0, "second");
        assert_eq!(writer.end(&mut client, true), Some(0));
        let shown = read_committed(&mut client, t, 0);
        assert!(
            shown.ends_with(&["before".to_owned(), "plain".to_owned(), "second".to_owned()]),
            "{shown:?}"
        );
        let row = fetch_committed(&mut client, t, 0, 0);
        assert_eq!(row.last_stable_offset, row.high_watermark);
        let all = fetch(&mut client, t, 0, 0);
        assert!(all.aborted_transactions.is_none());
        assert!(records(all.records.as_ref()).iter().any(|(_, value)| value == "first"));
        assert_eq!(read_all(&mut client, t, 1), [(0, "elsewhere".to_owned())]);
    }
}

/// Item 34: who waits for committed records is woken by the marker, not by the records.
#[test]
fn a_waiting_fetch_of_committed_records_ends_with_the_transaction() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    let mut waiting = broker.connect();
    let reader = thread::spawn(move || {
        let mut request = fetch_request(&[Ask::new("t", 0, 0)], 1, 1 << 20, 50_000);
        request.isolation_level = 1;
        fetch_rows(&mut waiting, &request, FETCH).remove(0)
    });
    writer.put(&mut client, "t", 0, "value");
    thread::sleep(Duration::from_millis(50));
    assert!(!reader.is_finished());
    assert_eq!(writer.end(&mut client, true), Some(0));
    let row = reader.join().unwrap();
    assert_eq!(row.last_stable_offset, 2);
    assert_eq!(records(row.records.as_ref()).first().map(|(_, value)| value.as_str()), Some("value"));
}

/// Item 35: for readers of committed records the log ends at the last stable offset.
#[test]
fn offsets_of_committed_records_end_at_the_last_stable_offset() {
    use headrace_protocol::messages::{
        ListOffsetsRequest, ListOffsetsResponse,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    };
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    produce(&mut client, "t", 0, &batch(&["a"]));
    Writer::new(&mut client, "tx", true).put(&mut client, "t", 0, "b");
    assert_eq!(list_offset(&mut client, "t", -1, 7).offset, 2);
    for (timestamp, expected) in [(-1, 1), (-2, 0), (0, 0), (-3, 0)] {
        let partitions = vec![ListOffsetsPartition { timestamp, ..Default::default() }];
        let topics = vec![ListOffsetsTopic { name: "t".into(), partitions }];
        let request = ListOffsetsRequest { replica_id: -1, isolation_level: 1, topics, ..Default::default() };
        let sent = client.request(&request, 7);
        let response: ListOffsetsResponse<'_> = client.response(sent, 7);
        assert_eq!(response.topics[0].partitions[0].offset, expected, "at {timestamp}");
    }
}

#[test]
fn records_before_an_open_transaction_can_be_deleted_and_topics_too() {
    use crate::storage::delete_records;
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[("retention.ms", "-1")]);
    create(&mut client, "gone", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    writer.put(&mut client, "t", 0, "a");
    writer.put(&mut client, "t", 0, "b");
    writer.put(&mut client, "gone", 0, "c");
    assert_eq!(delete_records(&mut client, "t", &[(0, 1)]), [(0, 1)]);
    assert_eq!(fetch_committed(&mut client, "t", 0, 1).last_stable_offset, 1);
    let request = headrace_protocol::messages::DeleteTopicsRequest {
        topics: vec![headrace_protocol::messages::delete_topics_request::DeleteTopicState {
            name: Some("gone".into()),
            ..Default::default()
        }],
        timeout_ms: 1_000,
        ..Default::default()
    };
    let sent = client.request(&request, 6);
    let deleted: headrace_protocol::messages::DeleteTopicsResponse<'_> = client.response(sent, 6);
    assert_eq!(deleted.responses[0].error_code, 0);
    drop(deleted);
    assert_eq!(writer.end(&mut client, true), Some(0));
    let row = fetch_committed(&mut client, "t", 0, 1);
    assert_eq!((row.error_code, row.last_stable_offset), (ErrorCode::None.code(), 3));
}
