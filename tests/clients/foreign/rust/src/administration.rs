//! Topics, their settings, and groups.

use std::collections::HashMap;

use futures_executor::block_on;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use serde_json::{Value, json};

use crate::contract::{Access, Failure, Request};
use crate::{TIMEOUT, settings};

type Admin = AdminClient<DefaultClientContext>;

const RETENTION: &str = "retention.ms";

pub fn administer(access: &Access, request: &Request) -> Result<Value, Failure> {
    let admin: Admin = settings(access).create()?;
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
    let topic = request.topic.as_str();

    let new = NewTopic::new(topic, 2, TopicReplication::Fixed(-1)).set(RETENTION, "60000");
    for made in block_on(admin.create_topics([&new], &options))? {
        made.map_err(|(name, code)| format!("create {name}: {code}"))?;
    }
    let partitions = count(&admin, topic)?;
    let retention_made = retention(&admin, topic, &options)?;

    let change = AlterConfig {
        specifier: ResourceSpecifier::Topic(topic),
        entries: HashMap::from([(RETENTION, "120000")]),
    };
    for changed in block_on(admin.alter_configs([&change], &options))? {
        changed.map_err(|(of, code)| format!("alter {of:?}: {code}"))?;
    }
    let altered = retention(&admin, topic, &options)?;

    for grown in block_on(admin.create_partitions([&NewPartitions::new(topic, 3)], &options))? {
        grown.map_err(|(name, code)| format!("grow {name}: {code}"))?;
    }
    let grown = count(&admin, topic)?;

    let groups = admin
        .inner()
        .fetch_group_list(Some(&request.group), TIMEOUT)?;
    let state = groups
        .groups()
        .first()
        .map(|group| group.state().to_owned());
    for gone in block_on(admin.delete_groups(&[&request.group], &options))? {
        gone.map_err(|(name, code)| format!("delete group {name}: {code}"))?;
    }
    for gone in block_on(admin.delete_topics(&[topic], &options))? {
        gone.map_err(|(name, code)| format!("delete {name}: {code}"))?;
    }
    let all = admin.inner().fetch_metadata(None, TIMEOUT)?;
    let gone = all.topics().iter().all(|one| one.name() != topic);
    Ok(json!({
        "partitions": partitions, "retention": retention_made, "altered": altered, "grown": grown,
        "group_state": state, "gone": gone,
    }))
}

fn count(admin: &Admin, topic: &str) -> Result<usize, Failure> {
    let metadata = admin.inner().fetch_metadata(Some(topic), TIMEOUT)?;
    Ok(metadata
        .topics()
        .first()
        .map_or(0, |one| one.partitions().len()))
}

fn retention(
    admin: &Admin,
    topic: &str,
    options: &AdminOptions,
) -> Result<Option<String>, Failure> {
    let asked = [ResourceSpecifier::Topic(topic)];
    let described = block_on(admin.describe_configs(&asked, options))?;
    let resource = described
        .into_iter()
        .next()
        .ok_or("nothing is described")??;
    Ok(resource
        .get(RETENTION)
        .and_then(|entry| entry.value.clone()))
}
