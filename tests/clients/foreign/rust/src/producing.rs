//! Producing, and where each record went.

use std::error::Error;
use std::sync::Mutex;

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Request};
use crate::login::Login;
use crate::{TIMEOUT, lock, settings};

/// Where each record of a request went; the opaque of a delivery is the record's number.
pub struct Deliveries {
    login: Login,
    offsets: Mutex<Vec<(usize, i64)>>,
    failures: Mutex<Vec<String>>,
}

impl Deliveries {
    pub fn of(access: &Access) -> Self {
        Self {
            login: Login::new(access),
            offsets: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    pub fn login(&self) -> &Login {
        &self.login
    }
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        self.login.error(error, reason);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.login.generate_oauth_token(config)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        match result {
            Ok(message) => lock(&self.offsets).push((*number, message.offset())),
            Err((error, _)) => lock(&self.failures).push(error.to_string()),
        }
    }
}

pub fn produce(access: &Access, request: &Request) -> Result<Value, Failure> {
    let mut settings = settings(access);
    settings
        .set("enable.idempotence", "true")
        .set("compression.type", &request.codec);
    let producer: BaseProducer<Deliveries> =
        BaseProducer::from_config_and_context(&settings, Deliveries::of(access))?;
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
    let offsets = delivered(&producer)?;
    Ok(json!({ "offsets": offsets }))
}

/// Sends one value and waits for its acknowledgement; its offset.
pub fn produce_one(
    producer: &BaseProducer<Deliveries>,
    topic: &str,
    value: &str,
) -> Result<i64, Failure> {
    let made: BaseRecord<'_, (), str, Box<usize>> =
        BaseRecord::with_opaque_to(topic, Box::new(0)).payload(value);
    producer.send(made).map_err(|(error, _)| error)?;
    Ok(delivered(producer)?
        .pop()
        .ok_or("nothing was acknowledged")?)
}

/// Waits for what was sent; the offsets, in the order of the records.
fn delivered(producer: &BaseProducer<Deliveries>) -> Result<Vec<i64>, Failure> {
    producer.flush(TIMEOUT)?;
    let failures = std::mem::take(&mut *lock(&producer.context().failures));
    if !failures.is_empty() {
        return Err(failures.join("; ").into());
    }
    let mut offsets = std::mem::take(&mut *lock(&producer.context().offsets));
    offsets.sort_unstable();
    Ok(offsets.into_iter().map(|(_, offset)| offset).collect())
}
