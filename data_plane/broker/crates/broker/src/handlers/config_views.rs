//! Configurations as clients see them: with value, source, synonyms and meaning.

use std::collections::BTreeMap;

use crate::{
    config::Config,
    topics::settings::{Ceilings, DEFINITIONS, Definition, Kind},
};

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
    pub(super) kind: Kind,
    pub(super) documentation: &'static str,
    /// The default that a value which was set hides, and what the broker calls it.
    default: Option<(&'static str, &'static str)>,
}

impl ConfigView {
    /// Every configuration of a topic that has these set, in a cluster with these ceilings: of what is over one, the ceiling is told.
    pub(super) fn of_topic(
        configs: &BTreeMap<String, String>,
        ceilings: Ceilings,
    ) -> impl Iterator<Item = Self> {
        DEFINITIONS.iter().map(move |definition| {
            let set = configs.get(definition.name);
            let value = set.map_or(definition.default, String::as_str);
            let ceiling = ceilings.replacing(definition.name, value);
            let source = match (&ceiling, set) {
                (Some(_), _) => Source::StaticBroker,
                (None, Some(_)) => Source::Topic,
                (None, None) => Source::Default,
            };
            Self {
                name: definition.name,
                value: ceiling.unwrap_or_else(|| value.to_owned()),
                source,
                kind: definition.kind,
                documentation: definition.documentation,
                default: definition.broker_name.map(|name| (name, definition.default)),
            }
        })
    }

    /// Every configuration of the broker, by name: what its configuration file says, and its defaults for topics.
    pub(super) fn of_broker(config: &Config) -> Vec<Self> {
        let mut views = of_file(config);
        views.extend(DEFINITIONS.iter().filter_map(of_topics));
        views.sort_unstable_by_key(|view| view.name);
        views
    }

    /// Name, value and source of whatever has a say in the value, the strongest first.
    pub(super) fn synonyms(&self) -> impl Iterator<Item = (&'static str, String, Source)> {
        let own = (self.source != Source::Default).then(|| (self.name, self.value.clone(), self.source));
        let default = self.default.map(|(name, value)| (name, value.to_owned(), Source::Default));
        own.into_iter().chain(default)
    }
}

fn of_topics(definition: &Definition) -> Option<ConfigView> {
    let name = definition.broker_name?;
    Some(ConfigView {
        name,
        value: definition.default.to_owned(),
        source: Source::Default,
        kind: definition.kind,
        documentation: definition.documentation,
        default: Some((name, definition.default)),
    })
}

fn of_file(config: &Config) -> Vec<ConfigView> {
    let view = |name, value: String, kind, documentation| ConfigView {
        name,
        value,
        source: Source::StaticBroker,
        kind,
        documentation,
        default: None,
    };
    vec![
        view(
            "auto.create.topics.enable",
            config.topics.auto_create.to_string(),
            Kind::Boolean,
            "Whether a topic is created when it is first asked for.",
        ),
        view(
            "group.initial.rebalance.delay.ms",
            config.groups.initial_rebalance_delay_ms.to_string(),
            Kind::Int,
            "How long an empty group waits for more members than its first, in milliseconds.",
        ),
        view(
            "group.max.session.timeout.ms",
            config.groups.session_timeout_max_ms.to_string(),
            Kind::Int,
            "The longest session timeout that a member may ask for, in milliseconds.",
        ),
        view(
            "group.max.size",
            config.groups.members_per_group_max.to_string(),
            Kind::Int,
            "Members of one group.",
        ),
        view(
            "group.min.session.timeout.ms",
            config.groups.session_timeout_min_ms.to_string(),
            Kind::Int,
            "The shortest session timeout that a member may ask for, in milliseconds.",
        ),
        view(
            "offset.metadata.max.bytes",
            config.groups.offset_metadata_bytes_max.to_string(),
            Kind::Int,
            "The longest note that is committed with an offset, in bytes.",
        ),
        view(
            "offsets.retention.minutes",
            config.groups.offsets_retention_minutes.to_string(),
            Kind::Int,
            "How long offsets are kept that nobody reads from any more, in minutes.",
        ),
        view("broker.id", config.broker_id.to_string(), Kind::Int, "The number of the broker."),
        view(
            "connections.max.idle.ms",
            (u64::from(config.limits.idle_seconds_max) * 1000).to_string(),
            Kind::Long,
            "How long a connection may be silent between requests, in milliseconds.",
        ),
        view(
            "default.replication.factor",
            "1".to_owned(),
            Kind::Int,
            "Replicas of a topic that is created without saying how many.",
        ),
        view("max.connections", config.limits.connections_max.to_string(), Kind::Int, "Connections at once."),
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
