//! `DescribeConfigs`: every configuration of a topic or of the broker, with its default, source and meaning.

use std::collections::BTreeMap;

use headrace_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse,
    describe_configs_request::DescribeConfigsResource,
    describe_configs_response::{
        DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
    },
};
use headrace_types::{ErrorCode, TopicName};

use super::Context;
use crate::{
    close::Close,
    reply::Answer,
    topics::{
        Refusal,
        settings::{DEFINITIONS, Kind},
    },
};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from (`ConfigEntry.ConfigSource` of Apache Kafka).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Topic = 1,
    StaticBroker = 4,
    Default = 5,
}

/// A configuration with its value.
#[derive(Debug)]
pub(super) struct ConfigView {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) source: Source,
    default: Option<&'static str>,
    kind: Kind,
    documentation: &'static str,
}

impl ConfigView {
    /// Every configuration of a topic that has these set.
    pub(super) fn of_topic(configs: &BTreeMap<String, String>) -> impl Iterator<Item = Self> {
        DEFINITIONS.iter().map(|definition| {
            let set = configs.get(definition.name);
            Self {
                name: definition.name,
                value: set.cloned().unwrap_or_else(|| definition.default.to_owned()),
                source: if set.is_some() { Source::Topic } else { Source::Default },
                default: Some(definition.default),
                kind: definition.kind,
                documentation: definition.documentation,
            }
        })
    }

    /// Every configuration of the broker; they are set by its configuration file.
    fn of_broker(context: &Context<'_>) -> Vec<Self> {
        let config = &context.broker.config;
        let view = |name, value: String, kind, documentation| Self {
            name,
            value,
            source: Source::StaticBroker,
            default: None,
            kind,
            documentation,
        };
        vec![
            view(
                "auto.create.topics.enable",
                config.topics.auto_create.to_string(),
                Kind::Boolean,
                "Whether a topic is created when it is first asked for.",
            ),
            view("broker.id", config.broker_id.to_string(), Kind::Int, "The number of the broker."),
            view(
                "default.replication.factor",
                "1".to_owned(),
                Kind::Int,
                "Replicas of a topic that is created without saying how many.",
            ),
            view(
                "max.connections",
                config.limits.connections_max.to_string(),
                Kind::Int,
                "Connections at once.",
            ),
            view(
                "num.partitions",
                config.topics.num_partitions.to_string(),
                Kind::Int,
                "Partitions of a topic that is created without saying how many.",
            ),
            view(
                "socket.request.max.bytes",
                config.limits.request_bytes_max.to_string(),
                Kind::Int,
                "The largest request.",
            ),
        ]
    }

    fn synonyms<'a>(&self) -> Vec<DescribeConfigsSynonym<'a>> {
        let own = DescribeConfigsSynonym {
            name: self.name.into(),
            value: Some(self.value.clone().into()),
            source: self.source as i8,
        };
        let default = self.default.filter(|_| self.source != Source::Default);
        let default = default.map(|default| DescribeConfigsSynonym {
            name: self.name.into(),
            value: Some(default.into()),
            source: Source::Default as i8,
        });
        std::iter::once(own).chain(default).collect()
    }
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeConfigsRequest<'a>,
) -> Result<Answer<DescribeConfigsResponse<'a>>, Close> {
    let (synonyms, documentation) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|resource| {
        let described = views(context, &resource);
        let (error, views) = described.map_or_else(|error| (Some(error), Vec::new()), |views| (None, views));
        let configs = views.iter().filter(|view| is_asked(view.name, &resource));
        DescribeConfigsResult {
            error_code: error.as_ref().map_or(ErrorCode::None, |error| error.code).code(),
            configs: configs.map(|view| row(view, resource.resource_type, synonyms, documentation)).collect(),
            error_message: error.map(|error| error.message.into()),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        }
    });
    let results = results.collect();
    Ok(DescribeConfigsResponse { results, ..Default::default() }.into())
}

/// No names mean all of them, like null.
fn is_asked(name: &str, resource: &DescribeConfigsResource<'_>) -> bool {
    let keys = resource.configuration_keys.as_deref().unwrap_or_default();
    keys.is_empty() || keys.iter().any(|key| key == name)
}

fn views(context: &Context<'_>, resource: &DescribeConfigsResource<'_>) -> Result<Vec<ConfigView>, Refusal> {
    match resource.resource_type {
        TOPIC => {
            let name = TopicName::new(&resource.resource_name)
                .map_err(|error| Refusal::new(ErrorCode::InvalidTopicException, error.to_string()))?;
            let configs = context.broker.topics.configs_of(name.as_str());
            let unknown =
                || Refusal::new(ErrorCode::UnknownTopicOrPartition, format!("there is no topic '{name}'"));
            Ok(ConfigView::of_topic(&configs.ok_or_else(unknown)?).collect())
        }
        BROKER => {
            let id = context.broker.config.broker_id;
            if !resource.resource_name.is_empty() && resource.resource_name != id.to_string() {
                let message = format!("this is broker {id}, not '{}'", resource.resource_name);
                return Err(Refusal::new(ErrorCode::InvalidRequest, message));
            }
            Ok(ConfigView::of_broker(context))
        }
        other => {
            let message = format!(
                "resources of type {other} have no configurations here: ask for topics (2) or the broker (4)"
            );
            Err(Refusal::new(ErrorCode::InvalidRequest, message))
        }
    }
}

fn row<'a>(
    view: &ConfigView,
    resource_type: i8,
    synonyms: bool,
    documentation: bool,
) -> DescribeConfigsResourceResult<'a> {
    DescribeConfigsResourceResult {
        name: view.name.into(),
        value: Some(view.value.clone().into()),
        read_only: resource_type == BROKER,
        config_source: view.source as i8,
        is_sensitive: false,
        synonyms: if synonyms { view.synonyms() } else { Vec::new() },
        config_type: view.kind as i8,
        documentation: documentation.then(|| view.documentation.into()),
    }
}
