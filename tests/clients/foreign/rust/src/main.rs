//! The contract's requests with rust-rdkafka.

mod administration;
mod contract;
mod groups;

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Request};

const TIMEOUT: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    contract::serve(|access, request| match request.what.as_str() {
        "produce" => produce(access, request),
        "consume" => groups::consume(access, request),
        "rebalance" => groups::rebalance(access, request),
        "pipeline" => pipeline(access, request),
        "administer" => administration::administer(access, request),
        unknown => Err(format!("unknown request {unknown}").into()),
    })
}

/// The settings that all clients of a cluster share.
fn settings(access: &Access) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &access.bootstrap)
        .set("security.protocol", "SASL_SSL")
        .set("sasl.mechanism", "SCRAM-SHA-512")
        .set("sasl.username", &access.username)
        .set("sasl.password", &access.password)
        .set("ssl.ca.location", &access.ca_file);
    settings
}

/// Where each record of a request went; the opaque of a delivery is the record's number.
#[derive(Default)]
struct Deliveries {
    offsets: Mutex<Vec<(usize, i64)>>,
    failures: Mutex<Vec<String>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        match result {
            Ok(message) => lock(&self.offsets).push((*number, message.offset())),
            Err((error, _)) => lock(&self.failures).push(error.to_string()),
        }
    }
}

fn produce(access: &Access, request: &Request) -> Result<Value, Failure> {
    let mut settings = settings(access);
    settings
        .set("enable.idempotence", "true")
        .set("compression.type", &request.codec);
    let producer: BaseProducer<Deliveries> =
        BaseProducer::from_config_and_context(&settings, Deliveries::default())?;
    for (number, record) in request.records.iter().enumerate() {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        let mut made = BaseRecord::with_opaque_to(&request.topic, Box::new(number))
            .partition(record.partition)
            .headers(headers);
        if let Some(key) = &record.key {
            made = made.key(key.as_str());
        }
        if let Some(value) = &record.value {
            made = made.payload(value.as_str());
        }
        producer.send(made).map_err(|(error, _)| error)?;
    }
    producer.flush(TIMEOUT)?;
    let failures = lock(&producer.context().failures).join("; ");
    if !failures.is_empty() {
        return Err(failures.into());
    }
    let mut offsets = lock(&producer.context().offsets).clone();
    offsets.sort_unstable();
    let offsets: Vec<i64> = offsets.into_iter().map(|(_, offset)| offset).collect();
    Ok(json!({ "offsets": offsets }))
}

fn pipeline(access: &Access, request: &Request) -> Result<Value, Failure> {
    use rdkafka::consumer::Consumer;

    let consumer = groups::join(access, request, "read_committed")?;
    let mut settings = settings(access);
    settings.set("transactional.id", &request.transactional_id);
    let producer: BaseProducer = settings.create()?;
    producer.init_transactions(TIMEOUT)?;
    let read = groups::read(&consumer, request.count)?;
    producer.begin_transaction()?;
    for record in &read {
        let value = format!("{}!", record.value.as_deref().unwrap_or_default());
        let made: BaseRecord<'_, (), String> = BaseRecord::to(&request.to).payload(&value);
        producer.send(made).map_err(|(error, _)| error)?;
    }
    let group = consumer
        .group_metadata()
        .ok_or("the consumer is not in its group")?;
    let offsets = groups::next(&request.topic, &read)?;
    producer.send_offsets_to_transaction(&offsets, &group, TIMEOUT)?;
    if request.commit {
        producer.commit_transaction(TIMEOUT)?;
    } else {
        producer.flush(TIMEOUT)?;
        producer.abort_transaction(TIMEOUT)?;
    }
    Ok(json!({ "read": read.len() }))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no delivery callback panics")
}
