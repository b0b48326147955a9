//! Requests as these tests send them.

use std::time::Duration;

use bytes::Bytes;
use headrace_io::{Clock as _, SystemClock};
use headrace_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, CreateTopicsRequest, CreateTopicsResponse,
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, FetchRequest, FetchResponse, ProduceRequest,
    ProduceResponse,
    alter_client_quotas_request::{EntityData, EntryData, OpData},
    create_topics_request::CreatableTopic,
    describe_client_quotas_request::ComponentData,
    fetch_request::{FetchPartition, FetchTopic},
    produce_request::{PartitionProduceData, TopicProduceData},
};
use headrace_records::BatchBuilder;

use crate::support::{Broker, Client};

pub(crate) const TOPIC: &str = "orders";
pub(crate) const QUOTA_EXCEEDED: i16 = 89;
/// What the broker says a connection by this test's clients is called.
pub(crate) const CLIENT_ID: &str = "test";

/// How long something takes at least; nothing here says how long it may take.
pub(crate) struct Stopwatch(SystemClock);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(SystemClock::new())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.mono()
    }
}

pub(crate) type Part<'a> = (&'a str, Option<&'a str>);

pub(crate) fn login(broker: &Broker, user: &str) -> Client {
    let mut client = broker.connect();
    assert_eq!(client.login(&format!("hk_{user}"), &format!("secret-{user}")), 0);
    client
}

/// Error code and message of a change of one entity.
pub(crate) fn try_alter(
    client: &mut Client,
    entity: &[Part<'_>],
    operations: &[(&str, Option<f64>)],
    validate_only: bool,
) -> (i16, String) {
    let part = |(kind, name): &Part<'_>| EntityData {
        entity_type: (*kind).to_owned().into(),
        entity_name: name.map(|name| name.to_owned().into()),
    };
    let operation = |(key, value): &(&str, Option<f64>)| OpData {
        key: (*key).to_owned().into(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
    };
    let entry = EntryData {
        entity: entity.iter().map(part).collect(),
        ops: operations.iter().map(operation).collect(),
    };
    let id = client.request(&AlterClientQuotasRequest { entries: vec![entry], validate_only }, 1);
    let response: AlterClientQuotasResponse<'_> = client.response(id, 1);
    let row = &response.entries[0];
    let named: Vec<Part<'_>> =
        row.entity.iter().map(|part| (&*part.entity_type, part.entity_name.as_deref())).collect();
    assert_eq!(named, entity);
    (row.error_code, row.error_message.as_deref().unwrap_or_default().to_owned())
}

pub(crate) fn alter(client: &mut Client, entity: &[Part<'_>], key: &str, value: Option<f64>) {
    let altered = try_alter(client, entity, &[(key, value)], false);
    assert_eq!(altered.0, 0, "{}", altered.1);
}

/// What is described: each entity as text, with its rates.
pub(crate) fn described(
    client: &mut Client,
    components: Vec<ComponentData<'static>>,
    strict: bool,
) -> Vec<String> {
    let id = client.request(&DescribeClientQuotasRequest { components, strict }, 1);
    let response: DescribeClientQuotasResponse<'_> = client.response(id, 1);
    assert_eq!(response.error_code, 0, "{:?}", response.error_message);
    let entries = response.entries.unwrap_or_default().into_iter().map(|entry| {
        let entity = entry.entity.iter().map(|part| {
            format!("{}={}", part.entity_type, part.entity_name.as_deref().unwrap_or("<default>"))
        });
        let values = entry.values.iter().map(|value| format!("{}={}", value.key, value.value));
        entity.chain(values).collect::<Vec<_>>().join(" ")
    });
    entries.collect()
}

/// Error code and throttle time of a topic that is asked for.
pub(crate) fn create(client: &mut Client, name: &str, partitions: i32, version: i16) -> (i16, i32) {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: partitions,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
    let id = client.request(&request, version);
    let response: CreateTopicsResponse<'_> = client.response(id, version);
    (response.topics[0].error_code, response.throttle_time_ms)
}

/// Produces so many bytes; answers the throttle time.
pub(crate) fn produce(client: &mut Client, bytes: usize, version: i16) -> Duration {
    let records = BatchBuilder::new().value(&vec![7; bytes]).build();
    let data = PartitionProduceData { index: 0, records: Some(Bytes::from(records)) };
    let topic =
        TopicProduceData { name: TOPIC.to_owned().into(), partition_data: vec![data], ..Default::default() };
    let request =
        ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
    let id = client.request(&request, version);
    let response: ProduceResponse<'_> = client.response(id, version);
    assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    milliseconds(response.throttle_time_ms)
}

/// Fetches from the beginning; answers the bytes of records and the throttle time.
pub(crate) fn fetch(client: &mut Client, version: i16) -> (usize, Duration) {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic =
        FetchTopic { topic: TOPIC.to_owned().into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest {
        replica_id: -1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: FetchResponse<'_> = client.response(id, version);
    let records = response.responses[0].partitions[0].records.as_ref().map_or(0, Bytes::len);
    (records, milliseconds(response.throttle_time_ms))
}

/// How long the connection takes to answer once it is asked something.
pub(crate) fn answer_time(client: &mut Client) -> Duration {
    let watch = Stopwatch::start();
    assert_eq!(client.api_versions(3).error_code, 0);
    watch.elapsed()
}

pub(crate) fn milliseconds(count: i32) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap())
}

/// Whether the broker counted a throttle of this kind.
pub(crate) fn is_counted(broker: &Broker, quota: &str, by: &str) -> bool {
    let (status, text) = broker.admin("GET", "/metrics");
    assert_eq!(status, 200);
    let name = format!("headrace_broker_throttled_total{{quota=\"{quota}\",by=\"{by}\"}}");
    text.lines().any(|line| line.starts_with(&name))
}
