//! Configurations of topics: which exist, their defaults, how they change, and what they mean for the log.

mod ceilings;
mod change;
mod definitions;
mod page;

use std::collections::BTreeMap;

use headrace_log::{CompactionConfig, LogConfig};

use definitions::{Allowed, Unsupported};

pub(crate) use ceilings::Ceilings;
pub(crate) use change::{ConfigChange, Operation, apply};
pub(crate) use definitions::{DEFINITIONS, Definition, Kind, UNSUPPORTED};
pub(crate) use page::page;

/// Retention that keeps everything.
const NO_LIMIT: i64 = -1;
const MILLION: f64 = 1_000_000.0;

/// Longest value of a configuration, in bytes; every value that is taken is far shorter.
const VALUE_BYTES_MAX: usize = 256;

/// What a topic's configurations come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) log: LogConfig,
    /// Whether the cleanup policy has `delete`.
    pub(crate) deletes: bool,
    pub(crate) batch_bytes_max: usize,
    pub(crate) append_time: bool,
    /// Whether a batch is acknowledged before it is durable.
    pub(crate) relaxed: bool,
    pub(crate) timestamp_before_max_ms: i64,
    pub(crate) timestamp_after_max_ms: i64,
}

impl Settings {
    /// The settings of a topic with these configurations, which were checked when they were set, in a cluster with these ceilings.
    pub(crate) fn of(configs: &BTreeMap<String, String>, ceilings: Ceilings) -> Self {
        let number = |name: &str| value_of(configs, name).parse().unwrap_or_default();
        let policy = value_of(configs, "cleanup.policy");
        let has = |word| entries(policy).contains(&word);
        // Without that policy retention removes nothing, but what a ceiling says of topics that would keep everything.
        let retention = |name| match (has("delete"), has("compact")) {
            (true, _) => ceilings.bounded(name, number(name)),
            (false, true) => NO_LIMIT,
            (false, false) => ceilings.bounded(name, NO_LIMIT),
        };
        let ratio: f64 = value_of(configs, "min.cleanable.dirty.ratio").parse().unwrap_or_default();
        let compaction = CompactionConfig {
            dirty_millionths_min: (ratio * MILLION).round() as u64,
            lag_min_ms: number("min.compaction.lag.ms"),
            lag_max_ms: number("max.compaction.lag.ms"),
            delete_retention_ms: number("delete.retention.ms"),
        };
        Self {
            deletes: has("delete"),
            log: LogConfig {
                segment_bytes: number("segment.bytes") as u64,
                segment_ms: number("segment.ms"),
                retention_ms: retention("retention.ms"),
                retention_bytes: retention("retention.bytes"),
                compaction: has("compact").then_some(compaction),
            },
            batch_bytes_max: number("max.message.bytes") as usize,
            append_time: configs.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime"),
            relaxed: value_of(configs, "flush") == "relaxed",
            timestamp_before_max_ms: number("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms"),
        }
    }
}

/// What a configuration is set to, or its default.
fn value_of<'a>(configs: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    let set = configs.get(name).map(String::as_str);
    set.or_else(|| Some(definition(name)?.default)).unwrap_or_default()
}

/// Checks what configurations must have to do with each other; each alone has been checked. The error says what to do.
pub(crate) fn check_together(configs: &BTreeMap<String, String>) -> Result<(), String> {
    let number = |name| value_of(configs, name).parse::<i64>().unwrap_or_default();
    let (least, most) = (number("min.compaction.lag.ms"), number("max.compaction.lag.ms"));
    if least > most {
        return Err(format!(
            "min.compaction.lag.ms is {least} and max.compaction.lag.ms is {most}: the first must not exceed the second"
        ));
    }
    Ok(())
}

/// The configuration of this name.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

/// Whether Apache Kafka documents a configuration of this name, honoured here or not.
fn is_known(name: &str) -> bool {
    definition(name).is_some() || UNSUPPORTED.iter().any(|unsupported| unsupported.name == name)
}

/// Checks one configuration; the error says what to do.
pub(crate) fn check(name: &str, value: &str) -> Result<(), String> {
    let Some(definition) = definition(name) else { return Err(unknown(name)) };
    if value.len() > VALUE_BYTES_MAX {
        return Err(format!("the value of {name} is longer than {VALUE_BYTES_MAX} bytes"));
    }
    match definition.allowed {
        Allowed::Words(words, _) if is_of(words, value, definition.kind) => Ok(()),
        Allowed::Words(words, reason) => {
            Err(format!("{name} can not be '{value}': {reason}; use '{}'", words.join("' or '")))
        }
        Allowed::Nothing(_) if value.is_empty() => Ok(()),
        Allowed::Nothing(reason) => Err(format!("{name} can not be '{value}': {reason}; leave it empty")),
        Allowed::Ratio => match value.parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(()),
            _ => Err(format!("{name} must lie between 0 and 1, '{value}' does not")),
        },
        Allowed::Range(low, high) => match value.parse::<i64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(()),
            Ok(_) => Err(format!("{name} must lie between {low} and {high}, '{value}' does not")),
            Err(_) => Err(format!("{name} must be an integer, '{value}' is not")),
        },
    }
}

/// A list may hold any of the words, each once, or none; everything else is one of them.
fn is_of(words: &[&str], value: &str, kind: Kind) -> bool {
    if kind != Kind::List {
        return words.contains(&value);
    }
    let entries = entries(value);
    entries.iter().enumerate().all(|(at, entry)| words.contains(entry) && !entries[..at].contains(entry))
}

/// The entries of a list, which commas part.
fn entries(list: &str) -> Vec<&str> {
    if list.trim().is_empty() { Vec::new() } else { list.split(',').map(str::trim).collect() }
}

fn unknown(name: &str) -> String {
    match UNSUPPORTED.iter().find(|unsupported| unsupported.name == name) {
        Some(Unsupported { reason, .. }) => {
            format!("{name} is not supported by this broker: {reason}; leave it out")
        }
        None => format!("there is no topic configuration '{}'", shortened(name)),
    }
}

/// As much of a name as an answer repeats.
fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(VALUE_BYTES_MAX)]
}

#[cfg(test)]
mod tests;
