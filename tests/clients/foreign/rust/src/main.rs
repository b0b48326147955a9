//! The contract's requests with rust-rdkafka.

mod administration;
mod contract;
mod groups;
mod login;
mod producing;

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Request};

const TIMEOUT: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    let kept = login::Kept::default();
    contract::serve(|access, request| match request.what.as_str() {
        "produce" => producing::produce(access, request),
        "consume" => groups::consume(access, request),
        "rebalance" => groups::rebalance(access, request),
        "pipeline" => pipeline(access, request),
        "administer" => administration::administer(access, request),
        "keep" => kept.send(access, request),
        "enter" => login::enter(access, request),
        unknown => Err(format!("unknown request {unknown}").into()),
    })
}

/// The settings that all clients of a cluster share.
fn settings(access: &Access) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &access.bootstrap)
        .set("security.protocol", "SASL_SSL")
        .set("ssl.ca.location", &access.ca_file);
    login::tell(access, &mut settings);
    settings
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
