//! `CreateTopics`: each topic of a request has its own result.

use std::{borrow::Cow, collections::BTreeMap};

use headrace_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse,
    create_topics_request::{CreatableReplicaAssignment, CreatableTopic},
    create_topics_response::{CreatableTopicConfigs, CreatableTopicResult},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, TopicId};

use super::{Context, config_views::ConfigView, permissions::denied};
use crate::{
    access::check_writes,
    close::Close,
    reply::Answer,
    topics::{NewTopic, Refusal},
};

/// "The broker's default" in counts (KIP-464).
const DEFAULT: i32 = -1;
const REPLICATION_FACTOR: i16 = 1;
/// From this version on clients know that too many changes are refused (KIP-599).
const REFUSED_QUOTA_SINCE: i16 = 6;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: CreateTopicsRequest<'a>,
) -> Result<Answer<CreateTopicsResponse<'a>>, Close> {
    let mut counts = BTreeMap::<String, usize>::new();
    for topic in &request.topics {
        *counts.entry(topic.name.to_string()).or_default() += 1;
    }
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let created = if counts.get(topic.name.as_ref()).is_some_and(|count| *count > 1) {
            Err(Refusal::new(ErrorCode::InvalidRequest, "the request names this topic more than once"))
        } else {
            create(context, &topic, request.validate_only)
        };
        topics.push(result(context, topic.name, created));
    }
    Ok(CreateTopicsResponse { topics, ..Default::default() }.into())
}

/// What a topic was created with.
struct Created {
    id: TopicId,
    partitions: i32,
    configs: BTreeMap<String, String>,
}

fn create(
    context: &Context<'_>,
    topic: &CreatableTopic<'_>,
    validate_only: bool,
) -> Result<Created, Refusal> {
    if !context.may_create_topic(&topic.name) {
        return Err(denied(ErrorCode::TopicAuthorizationFailed));
    }
    check_writes(context.broker.security.access())?;
    let partitions = partitions(context, topic)?;
    let asked = topic.configs.iter().map(|config| (&*config.name, config.value.as_deref()));
    let configs = configs(asked)?;
    let planned: NewTopic = context.broker.topics.plan(&topic.name, partitions, configs.clone())?;
    if validate_only {
        return Ok(Created { id: TopicId::ZERO, partitions, configs });
    }
    context.charge_mutations(partitions.unsigned_abs() as usize, REFUSED_QUOTA_SINCE)?;
    let id = context.broker.topics.create(planned)?;
    Ok(Created { id, partitions, configs })
}

fn partitions(context: &Context<'_>, topic: &CreatableTopic<'_>) -> Result<i32, Refusal> {
    if !topic.assignments.is_empty() {
        return assigned(context.broker.config.broker_id, topic);
    }
    if ![i16::try_from(DEFAULT).unwrap_or_default(), REPLICATION_FACTOR].contains(&topic.replication_factor) {
        return Err(Refusal::new(
            ErrorCode::InvalidReplicationFactor,
            format!(
                "this cluster has one broker: a replication factor of {} is not possible, ask for 1 or -1",
                topic.replication_factor,
            ),
        ));
    }
    match topic.num_partitions {
        DEFAULT => Ok(context.broker.config.topics.num_partitions),
        count => Ok(count),
    }
}

/// With a manual assignment the counts follow from it; every partition must be ours alone.
fn assigned(broker_id: i32, topic: &CreatableTopic<'_>) -> Result<i32, Refusal> {
    if topic.num_partitions != DEFAULT || i32::from(topic.replication_factor) != DEFAULT {
        let message = "with a manual assignment the partition count and the replication factor must be -1";
        return Err(Refusal::new(ErrorCode::InvalidRequest, message));
    }
    let mut indexes: Vec<i32> =
        topic.assignments.iter().map(|assignment| assignment.partition_index).collect();
    indexes.sort_unstable();
    let dense = indexes.iter().zip(0..).all(|(index, expected)| *index == expected);
    let ours = |assignment: &CreatableReplicaAssignment| assignment.broker_ids == [broker_id];
    if !dense || !topic.assignments.iter().all(ours) {
        let message =
            format!("partitions must be numbered from 0 and each be assigned to broker {broker_id} alone");
        return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
    }
    i32::try_from(indexes.len())
        .map_err(|_| Refusal::new(ErrorCode::InvalidPartitions, "too many partitions"))
}

/// Configurations as they are asked for; each has a value, and none comes twice.
pub(super) fn configs<'a>(
    asked: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut configs = BTreeMap::new();
    for (name, value) in asked {
        let refused = |message: String| Refusal::new(ErrorCode::InvalidConfig, message);
        let value =
            value.ok_or_else(|| refused(format!("{name} has no value: leave it out for its default")))?;
        if configs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(refused(format!("{name} is set more than once")));
        }
    }
    Ok(configs)
}

fn result<'a>(
    context: &Context<'_>,
    name: Cow<'a, str>,
    created: Result<Created, Refusal>,
) -> CreatableTopicResult<'a> {
    match created {
        // Who may not see configurations does not see those that the topic was made with either (KIP-525).
        Ok(created) if !context.may_on_topic(AclOperation::DescribeConfigs, &name) => CreatableTopicResult {
            name,
            topic_id: created.id.uuid(),
            error_message: None,
            topic_config_error_code: ErrorCode::TopicAuthorizationFailed.code(),
            num_partitions: DEFAULT,
            replication_factor: -1,
            ..Default::default()
        },
        Ok(created) => CreatableTopicResult {
            name,
            topic_id: created.id.uuid(),
            error_message: None,
            num_partitions: created.partitions,
            replication_factor: REPLICATION_FACTOR,
            configs: Some(
                ConfigView::of_topic(&created.configs, context.broker.topics.ceilings())
                    .map(effective)
                    .collect(),
            ),
            ..Default::default()
        },
        Err(refusal) => CreatableTopicResult {
            name,
            error_code: refusal.code.code(),
            error_message: Some(refusal.message.into()),
            num_partitions: DEFAULT,
            replication_factor: -1,
            ..Default::default()
        },
    }
}

fn effective<'a>(view: ConfigView) -> CreatableTopicConfigs<'a> {
    CreatableTopicConfigs {
        name: view.name.into(),
        value: Some(view.value.into()),
        read_only: false,
        config_source: view.source as i8,
        is_sensitive: false,
    }
}
