//! What has configurations (`ConfigResource.Type` of Apache Kafka), and which of it can be altered.

use std::{borrow::Cow, collections::BTreeMap};

use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, TopicName};
use tokio::task::yield_now;

use super::{Context, permissions::denied};
use crate::{broker_settings, topics::Refusal};

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// The name of a topic that there may be.
pub(super) fn topic_name(name: &str) -> Result<TopicName, Refusal> {
    TopicName::new(name).map_err(|error| Refusal::new(ErrorCode::InvalidTopicException, error.to_string()))
}

/// Refuses a broker that is not this one; without a name all brokers are meant.
pub(super) fn check_broker(context: &Context<'_>, name: &str) -> Result<(), Refusal> {
    let id = context.broker.config.broker_id;
    if name.is_empty() || name == id.to_string() {
        return Ok(());
    }
    let message = format!("this is broker {id}, and the cluster has no other one");
    Err(Refusal::new(ErrorCode::InvalidRequest, message))
}

/// Refuses who may not do this with a resource that has no configurations here: groups by their id, all else with the cluster.
pub(super) fn check_other(
    context: &Context<'_>,
    operation: AclOperation,
    resource_type: i8,
    name: &str,
) -> Result<(), Refusal> {
    let checked = if resource_type == GROUP {
        context.check_group(operation, name)
    } else {
        context.check_cluster(operation)
    };
    checked.map_err(denied)
}

/// The refusal of a resource that has no configurations here.
pub(super) fn without_configs(resource_type: i8) -> Refusal {
    let message = format!(
        "resources of type {resource_type} have no configurations here: name topics (2) or the broker (4)"
    );
    Refusal::new(ErrorCode::InvalidRequest, message)
}

/// The refusal of changing the broker itself, by the names of what was to be changed.
pub(super) fn unalterable<'a>(
    context: &Context<'_>,
    resource_type: i8,
    name: &str,
    configs: impl Iterator<Item = &'a Cow<'a, str>>,
) -> Refusal {
    if let Err(refusal) = check_other(context, AclOperation::AlterConfigs, resource_type, name) {
        return refusal;
    }
    if resource_type != BROKER {
        return without_configs(resource_type);
    }
    if let Err(refusal) = check_broker(context, name) {
        return refusal;
    }
    let why = |name: &Cow<'_, str>| {
        let why = broker_settings::refusal(name);
        format!("{} {}", shortened(name), why.as_deref().unwrap_or("is no setting of a broker"))
    };
    let why: Vec<String> = configs.take(NAMES_REPEATED_MAX).map(why).collect();
    let message =
        format!("settings of the broker can not be altered over the Kafka protocol: {}", why.join("; "));
    Refusal::new(ErrorCode::InvalidRequest, message)
}

/// Most names that a refusal repeats, and the most bytes of each.
const NAMES_REPEATED_MAX: usize = 10;
const NAME_REPEATED_BYTES_MAX: usize = 256;

/// As much of a name as an answer repeats.
pub(super) fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_REPEATED_BYTES_MAX)]
}

/// A resource that a request names.
type ResourceKey<'a> = (i8, &'a str);

/// What came of changing one resource: the error and what it says.
pub(super) struct Altered {
    pub(super) error_code: i16,
    pub(super) error_message: Option<Cow<'static, str>>,
}

/// Alters one resource after the other, each with its own result. Of one that is named more than once no change is made.
pub(super) async fn alter_each<R>(
    resources: &[R],
    key: impl Fn(&R) -> ResourceKey<'_>,
    alter: impl Fn(&R) -> Result<(), Refusal>,
) -> Vec<Altered> {
    let mut counts = BTreeMap::<ResourceKey<'_>, usize>::new();
    for resource in resources {
        *counts.entry(key(resource)).or_default() += 1;
    }
    let mut results = Vec::with_capacity(resources.len());
    for resource in resources {
        let is_repeated = counts.get(&key(resource)).is_some_and(|count| *count > 1);
        results.push(match if is_repeated { Err(named_twice()) } else { alter(resource) } {
            Ok(()) => Altered { error_code: ErrorCode::None.code(), error_message: None },
            Err(refusal) => {
                Altered { error_code: refusal.code.code(), error_message: Some(refusal.message.into()) }
            }
        });
        // Each change is synced: others are served between two.
        yield_now().await;
    }
    results
}

fn named_twice() -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "the request names this resource more than once")
}
