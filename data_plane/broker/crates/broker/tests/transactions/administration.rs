//! What administrators see of transactions, and how they end one (KIP-664).

use headrace_protocol::messages::{
    ApiVersionsResponse, DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest,
    DescribeTransactionsResponse, ListTransactionsRequest, ListTransactionsResponse, WriteTxnMarkersRequest,
    WriteTxnMarkersResponse, describe_producers_request,
    write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic},
};
use headrace_types::ErrorCode;

use crate::{
    calls::{Writer, fetch_committed},
    storage::create,
    support::{Broker, Client},
};

fn list(client: &mut Client, request: &ListTransactionsRequest<'_>) -> (i16, Vec<String>, Vec<String>) {
    let sent = client.request(request, 2);
    let response: ListTransactionsResponse<'_> = client.response(sent, 2);
    let rows = response.transaction_states.iter();
    let rows = rows.map(|row| format!("{} {}", row.transactional_id, row.transaction_state)).collect();
    let unknown = response.unknown_state_filters.iter().map(ToString::to_string).collect();
    (response.error_code, rows, unknown)
}

/// KIP-584, KIP-890.
#[test]
fn the_second_protocol_is_advertised() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let response: ApiVersionsResponse<'_> = client.api_versions(4);
    assert_eq!(response.finalized_features_epoch, 0);
    let finalized = &response.finalized_features[0];
    assert_eq!((&*finalized.name, finalized.max_version_level), ("transaction.version", 2));
    assert_eq!(response.supported_features[0].max_version, 2);
}

#[test]
fn transactions_are_listed_and_described() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 3, &[]);
    let mut busy = Writer::new(&mut client, "busy", true);
    busy.put(&mut client, "t", 2, "x");
    busy.put(&mut client, "t", 0, "x");
    Writer::new(&mut client, "idle", true);
    let everything = ListTransactionsRequest::default();
    assert_eq!(list(&mut client, &everything).1, ["busy Ongoing", "idle Empty"]);
    let by_state =
        ListTransactionsRequest { state_filters: vec!["Ongoing".into(), "Odd".into()], ..Default::default() };
    let (_, rows, unknown) = list(&mut client, &by_state);
    assert_eq!((rows, unknown), (vec!["busy Ongoing".to_owned()], vec!["Odd".to_owned()]));
    let by_producer = ListTransactionsRequest { producer_id_filters: vec![busy.id], ..Default::default() };
    assert_eq!(list(&mut client, &by_producer).1, ["busy Ongoing"]);
    let long = ListTransactionsRequest { duration_filter: 1_000_000, ..Default::default() };
    assert_eq!(list(&mut client, &long).1, Vec::<String>::new());
    let pattern = |pattern: &'static str| ListTransactionsRequest {
        transactional_id_pattern: Some(pattern.into()),
        ..Default::default()
    };
    assert_eq!(list(&mut client, &pattern("i.*")).1, ["idle Empty"]);
    assert_eq!(list(&mut client, &pattern("(")).0, ErrorCode::InvalidRegularExpression.code());

    let ids = ["busy", "none", ""].map(Into::into).to_vec();
    let sent = client.request(&DescribeTransactionsRequest { transactional_ids: ids }, 0);
    let response: DescribeTransactionsResponse<'_> = client.response(sent, 0);
    let [found, missing, empty] = response.transaction_states.as_slice() else { panic!("{response:?}") };
    assert_eq!((&*found.transaction_state, found.producer_id), ("Ongoing", busy.id));
    assert_eq!((&*found.topics[0].topic, found.topics[0].partitions.as_slice()), ("t", &[0, 2][..]));
    assert!(found.transaction_start_time_ms > 0 && found.transaction_timeout_ms == 60_000);
    assert_eq!(missing.error_code, ErrorCode::TransactionalIdNotFound.code());
    assert_eq!(empty.error_code, ErrorCode::InvalidRequest.code());
}

/// `kafka-transactions abort`: the producer is looked up in the partition, and its transaction ended there.
#[test]
fn an_administrator_ends_a_transaction_in_one_partition() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    writer.put(&mut client, "t", 0, "x");
    let topics =
        vec![describe_producers_request::TopicRequest { name: "t".into(), partition_indexes: vec![0] }];
    let sent = client.request(&DescribeProducersRequest { topics }, 0);
    let response: DescribeProducersResponse<'_> = client.response(sent, 0);
    let producer = response.topics[0].partitions[0].active_producers[0].clone();
    assert_eq!((producer.current_txn_start_offset, producer.coordinator_epoch), (0, -1));
    drop(response);
    let mut write = |epoch: i16, coordinator_epoch: i32| {
        let marker = WritableTxnMarker {
            producer_id: producer.producer_id,
            producer_epoch: epoch,
            coordinator_epoch,
            ..Default::default()
        };
        mark(&mut client, 1, marker, vec![0, 9])
    };
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    let epoch = producer.producer_epoch as i16;
    let stale = ErrorCode::InvalidProducerEpoch.code();
    assert_eq!(write(epoch - 1, 0), [stale, unknown]);
    assert_eq!(write(epoch, 7), [0, unknown]);
    let fenced = ErrorCode::TransactionCoordinatorFenced.code();
    assert_eq!(write(epoch, 6), [fenced, unknown]);
    assert_eq!(fetch_committed(&mut client, "t", 0, 0).last_stable_offset, 2);
}

/// A marker of the epoch of what is open was meant for a transaction before (KIP-890); one that is sent again ends nothing more.
#[test]
fn a_marker_of_the_second_protocol_has_an_epoch_of_its_own() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let mut writer = Writer::new(&mut client, "tx", true);
    writer.put(&mut client, "t", 0, "x");
    let mut write = |epoch: i16| {
        let marker = WritableTxnMarker {
            producer_id: writer.id,
            producer_epoch: epoch,
            transaction_version: 2,
            ..Default::default()
        };
        mark(&mut client, 2, marker, vec![0])
    };
    assert_eq!(write(writer.epoch), [ErrorCode::InvalidProducerEpoch.code()]);
    assert_eq!(write(writer.epoch + 1), [0]);
    assert_eq!(write(writer.epoch + 1), [0]);
    assert_eq!(fetch_committed(&mut client, "t", 0, 0).last_stable_offset, 3);
}

/// Writes a marker into partitions of the topic `t`; the error of each.
fn mark(
    client: &mut Client,
    version: i16,
    mut marker: WritableTxnMarker<'_>,
    partition_indexes: Vec<i32>,
) -> Vec<i16> {
    marker.topics = vec![WritableTxnMarkerTopic { name: "t".into(), partition_indexes }];
    let sent = client.request(&WriteTxnMarkersRequest { markers: vec![marker] }, version);
    let response: WriteTxnMarkersResponse<'_> = client.response(sent, version);
    let rows = &response.markers[0].topics[0].partitions;
    rows.iter().map(|row| row.error_code).collect()
}
