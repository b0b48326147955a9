//! Configurations of topics: which exist, their defaults, and what they mean for the log.

use std::collections::BTreeMap;

use headrace_log::LogConfig;

/// Kinds of values, numbered as in `DescribeConfigs` (KIP-569).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    List = 7,
}

/// Which values are taken.
#[derive(Clone, Copy, Debug)]
enum Allowed {
    /// Integers from the first to the last.
    Range(i64, i64),
    /// These words; the reason says why no others.
    Words(&'static [&'static str], &'static str),
}

/// One configuration.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) documentation: &'static str,
    allowed: Allowed,
}

const INT_MAX: i64 = i32::MAX as i64;

macro_rules! definitions {
    ($($name:literal, $kind:ident, $default:literal, $allowed:expr, $documentation:literal;)*) => {
        /// Every configuration that is honoured, by name.
        pub(crate) const DEFINITIONS: &[Definition] = &[$(
            Definition {
                name: $name, kind: Kind::$kind, default: $default, documentation: $documentation, allowed: $allowed,
            },
        )*];
    };
}

definitions! {
    "cleanup.policy", List, "delete",
        Allowed::Words(&["delete"], "compaction is not available yet"),
        "What happens to old segments: they are deleted.";
    "compression.type", String, "producer",
        Allowed::Words(&["producer"], "batches are kept as their producers compressed them"),
        "The codec of the log: the one that the producer chose.";
    "flush.messages", Long, "9223372036854775807", Allowed::Range(1, i64::MAX),
        "Accepted for compatibility: every record is synced before it is acknowledged, whatever the value.";
    "flush.ms", Long, "9223372036854775807", Allowed::Range(0, i64::MAX),
        "Accepted for compatibility: every record is synced before it is acknowledged, whatever the value.";
    "max.message.bytes", Int, "1048588", Allowed::Range(0, INT_MAX),
        "The largest record batch, as sent, in bytes.";
    "message.timestamp.after.max.ms", Long, "3600000", Allowed::Range(0, i64::MAX),
        "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds.";
    "message.timestamp.before.max.ms", Long, "9223372036854775807", Allowed::Range(0, i64::MAX),
        "How far a record's timestamp may lie behind the broker's clock, in milliseconds.";
    "message.timestamp.type", String, "CreateTime",
        Allowed::Words(&["CreateTime", "LogAppendTime"], "there are no other kinds of timestamps"),
        "Whether records keep their producer's timestamps or get the broker's.";
    "min.insync.replicas", Int, "1", Allowed::Range(1, 1),
        "How many replicas must have a record before it is acknowledged; partitions have one replica.";
    "retention.bytes", Long, "-1", Allowed::Range(-1, i64::MAX),
        "How many bytes of a partition are kept; -1 for no limit.";
    "retention.ms", Long, "604800000", Allowed::Range(-1, i64::MAX),
        "How long records are kept, in milliseconds; -1 for ever.";
    "segment.bytes", Int, "1073741824", Allowed::Range(1024 * 1024, INT_MAX),
        "The size of a segment file, in bytes. Retention removes whole segments.";
    "segment.ms", Long, "604800000", Allowed::Range(1, i64::MAX),
        "The age after which a segment is closed although it is not full, in milliseconds.";
    "unclean.leader.election.enable", Boolean, "false",
        Allowed::Words(&["false"], "acknowledged records are never given up for availability"),
        "Whether a replica that lacks acknowledged records may become leader: never.";
}

/// Configurations of Apache Kafka that this broker knows and does not honour.
const UNSUPPORTED: &[&str] = &[
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "message.downconversion.enable",
    "message.format.version",
    "message.timestamp.difference.max.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "preallocate",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "remote.storage.enable",
    "segment.index.bytes",
    "segment.jitter.ms",
];

/// What a topic's configurations come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) log: LogConfig,
    pub(crate) batch_bytes_max: usize,
    pub(crate) append_time: bool,
    pub(crate) timestamp_before_max_ms: i64,
    pub(crate) timestamp_after_max_ms: i64,
}

impl Settings {
    /// The settings of a topic with these configurations, which were checked when they were set.
    pub(crate) fn of(configs: &BTreeMap<String, String>) -> Self {
        let number = |name: &str| {
            let value = configs.get(name).map(String::as_str);
            value
                .or_else(|| Some(definition(name)?.default))
                .and_then(|value| value.parse().ok())
                .unwrap_or_default()
        };
        Self {
            log: LogConfig {
                segment_bytes: number("segment.bytes") as u64,
                segment_ms: number("segment.ms"),
                retention_ms: number("retention.ms"),
                retention_bytes: number("retention.bytes"),
            },
            batch_bytes_max: number("max.message.bytes") as usize,
            append_time: configs.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime"),
            timestamp_before_max_ms: number("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms"),
        }
    }
}

/// The configuration of this name.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

/// Checks one configuration; the error says what to do.
pub(crate) fn check(name: &str, value: Option<&str>) -> Result<(), String> {
    let Some(definition) = definition(name) else { return Err(unknown(name)) };
    let value = value.ok_or_else(|| format!("{name} has no value: leave it out for its default"))?;
    match definition.allowed {
        Allowed::Words(words, _) if words.contains(&value) => Ok(()),
        Allowed::Words(words, reason) => {
            Err(format!("{name} can not be '{value}': {reason}; use '{}'", words.join("' or '")))
        }
        Allowed::Range(low, high) => match value.parse::<i64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(()),
            Ok(_) => Err(format!("{name} must lie between {low} and {high}, '{value}' does not")),
            Err(_) => Err(format!("{name} must be an integer, '{value}' is not")),
        },
    }
}

fn unknown(name: &str) -> String {
    if UNSUPPORTED.contains(&name) {
        format!("{name} is not supported by this broker: leave it out")
    } else {
        format!("there is no topic configuration '{name}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_their_own_checks_and_mean_what_kafka_means() {
        for definition in DEFINITIONS {
            check(definition.name, Some(definition.default)).unwrap();
        }
        let settings = Settings::of(&BTreeMap::new());
        assert_eq!(settings.log.retention_ms, 7 * 24 * 60 * 60 * 1000);
        assert_eq!((settings.log.segment_bytes, settings.log.retention_bytes), (1 << 30, -1));
        assert_eq!((settings.batch_bytes_max, settings.append_time), (1_048_588, false));
        assert_eq!(settings.timestamp_before_max_ms, i64::MAX);
    }

    #[test]
    fn refusals_name_the_configuration_and_the_way_out() {
        let problem = |name, value| check(name, Some(value)).unwrap_err();
        assert!(problem("cleanup.policy", "compact").contains("compaction is not available yet"));
        assert!(problem("retention.ms", "-2").contains("between -1"));
        assert!(problem("retention.ms", "soon").contains("integer"));
        assert!(problem("preallocate", "true").contains("not supported"));
        assert!(problem("no.such.thing", "1").contains("there is no"));
        assert!(problem("min.insync.replicas", "2").contains("between 1 and 1"));
        assert!(check("segment.ms", None).unwrap_err().contains("no value"));
    }

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(DEFINITIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(UNSUPPORTED.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(DEFINITIONS.iter().all(|definition| !UNSUPPORTED.contains(&definition.name)));
    }
}
