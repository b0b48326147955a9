//! Topic ids as Kafka's tools write them: URL-safe base64 without padding.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use headrace_types::TopicId;
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use uuid::Uuid;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn serialize<S: Serializer>(id: &TopicId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(*id))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TopicId, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no topic id")))
}

pub(crate) fn encode(id: TopicId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.uuid().as_bytes())
}

pub(crate) fn decode(text: &str) -> Option<TopicId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(TopicId::new(Uuid::from_slice(&bytes).ok()?))
}
