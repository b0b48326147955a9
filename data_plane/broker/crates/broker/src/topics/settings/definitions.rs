//! Every configuration of a topic that Apache Kafka 4.3 documents: what is honoured, and what is refused and why.

/// Kinds of values, numbered as in `DescribeConfigs` (KIP-569).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

impl Kind {
    /// The name that Kafka's documentation uses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Int => "int",
            Self::Long => "long",
            Self::Double => "double",
            Self::List => "list",
        }
    }
}

/// Which values are taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Allowed {
    /// Integers from the first to the last.
    Range(i64, i64),
    /// Fractions from 0 to 1.
    Ratio,
    /// These words, of a list any of them or none; the reason says why no others.
    Words(&'static [&'static str], &'static str),
    /// No entry at all; the reason says why.
    Nothing(&'static str),
}

/// A configuration that is honoured.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    /// What the broker's own default for topics is called (`ServerTopicConfigSynonyms` of Apache Kafka).
    pub(crate) broker_name: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) documentation: &'static str,
    pub(super) allowed: Allowed,
}

/// A configuration of Apache Kafka that is refused.
#[derive(Debug)]
pub(crate) struct Unsupported {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

const INT_MAX: i64 = i32::MAX as i64;
const TWO_REPLICAS: &str = "partitions have one replica, there is no replication to throttle";
const NO_TIERS: &str = "all records are kept on the broker's own disk";
const NO_OTHER_POLICY: &str = "there are no other policies";
const NO_RECOMPRESSION: &str = "batches are kept as their producers compressed them";

macro_rules! definitions {
    ($($name:literal, $broker_name:expr, $kind:ident, $default:literal, $allowed:expr, $documentation:literal;)*) => {
        /// Every configuration that is honoured, by name.
        pub(crate) const DEFINITIONS: &[Definition] = &[$(
            Definition {
                name: $name,
                broker_name: $broker_name,
                kind: Kind::$kind,
                default: $default,
                documentation: $documentation,
                allowed: $allowed,
            },
        )*];
    };
}

definitions! {
    "cleanup.policy", Some("log.cleanup.policy"), List, "delete",
        Allowed::Words(&["delete", "compact"], NO_OTHER_POLICY),
        "What happens to old segments. `delete`: they go as the retention says. `compact`: of each key the last record stays; every record needs a key. With an empty list they are kept for ever, whatever the retention says.";
    "compression.type", Some("compression.type"), String, "producer",
        Allowed::Words(&["producer"], NO_RECOMPRESSION),
        "The codec of the log: the one that the producer chose.";
    "delete.retention.ms", Some("log.cleaner.delete.retention.ms"), Long, "86400000", Allowed::Range(0, i64::MAX),
        "How long compaction keeps a record without a value, once it has removed what that record deletes, in milliseconds.";
    "flush", None, String, "strict",
        Allowed::Words(&["strict", "relaxed"], "nothing else is promised"),
        "What an acknowledgement means. `strict`: the records are on disk. `relaxed`: they are in the memory of the machine, and on disk about a second later; a power cut takes what came last, though consumers may have read it. Not a setting of Apache Kafka.";
    "flush.messages", Some("log.flush.interval.messages"), Long, "9223372036854775807", Allowed::Range(1, i64::MAX),
        "Accepted for compatibility and without effect: `flush` says when records are synced.";
    "flush.ms", Some("log.flush.interval.ms"), Long, "9223372036854775807", Allowed::Range(0, i64::MAX),
        "Accepted for compatibility and without effect: `flush` says when records are synced.";
    "follower.replication.throttled.replicas", None, List, "", Allowed::Nothing(TWO_REPLICAS),
        "Replicas whose fetching is slowed down: there are none.";
    "leader.replication.throttled.replicas", None, List, "", Allowed::Nothing(TWO_REPLICAS),
        "Replicas whose reading is slowed down: there are none.";
    "max.compaction.lag.ms", Some("log.cleaner.max.compaction.lag.ms"), Long, "9223372036854775807",
        Allowed::Range(1, i64::MAX),
        "How long a record may stay uncompacted, in milliseconds, however little is dirty; a segment is closed for it.";
    "max.message.bytes", Some("message.max.bytes"), Int, "1048588", Allowed::Range(0, INT_MAX),
        "The largest record batch, as sent, in bytes.";
    "message.timestamp.after.max.ms", Some("log.message.timestamp.after.max.ms"), Long, "3600000",
        Allowed::Range(0, i64::MAX),
        "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds.";
    "message.timestamp.before.max.ms", Some("log.message.timestamp.before.max.ms"), Long, "9223372036854775807",
        Allowed::Range(0, i64::MAX),
        "How far a record's timestamp may lie behind the broker's clock, in milliseconds.";
    "message.timestamp.type", Some("log.message.timestamp.type"), String, "CreateTime",
        Allowed::Words(&["CreateTime", "LogAppendTime"], "there are no other kinds of timestamps"),
        "Whether records keep their producer's timestamps or get the broker's.";
    "min.cleanable.dirty.ratio", Some("log.cleaner.min.cleanable.ratio"), Double, "0.5", Allowed::Ratio,
        "Which part of a log's closed segments must not have been compacted yet before it is compacted again.";
    "min.compaction.lag.ms", Some("log.cleaner.min.compaction.lag.ms"), Long, "0", Allowed::Range(0, i64::MAX),
        "How long a record stays uncompacted at least, in milliseconds.";
    "min.insync.replicas", Some("min.insync.replicas"), Int, "1", Allowed::Range(1, 1),
        "How many replicas must have a record before it is acknowledged; partitions have one replica.";
    "preallocate", Some("log.preallocate"), Boolean, "false",
        Allowed::Words(&["false"], "segments grow as records come"),
        "Whether a segment file has its full size from the start: never.";
    "remote.log.copy.disable", None, Boolean, "false", Allowed::Words(&["false"], NO_TIERS),
        "Whether copying to remote storage is off: there is none.";
    "remote.log.delete.on.disable", None, Boolean, "false", Allowed::Words(&["false"], NO_TIERS),
        "Whether remote records go when remote storage is switched off: there are none.";
    "remote.storage.enable", None, Boolean, "false", Allowed::Words(&["false"], NO_TIERS),
        "Whether old segments are moved to remote storage: never.";
    "retention.bytes", Some("log.retention.bytes"), Long, "-1", Allowed::Range(-1, i64::MAX),
        "How many bytes of a partition are kept; -1 for no limit.";
    "retention.ms", Some("log.retention.ms"), Long, "604800000", Allowed::Range(-1, i64::MAX),
        "How long records are kept, in milliseconds; -1 for ever.";
    "segment.bytes", Some("log.segment.bytes"), Int, "1073741824", Allowed::Range(1024 * 1024, INT_MAX),
        "The size of a segment file, in bytes. Retention removes whole segments.";
    "segment.ms", Some("log.roll.ms"), Long, "604800000", Allowed::Range(1, i64::MAX),
        "The age after which a segment is closed although it is not full, in milliseconds.";
    "unclean.leader.election.enable", Some("unclean.leader.election.enable"), Boolean, "false",
        Allowed::Words(&["false"], "acknowledged records are never given up for availability"),
        "Whether a replica that lacks acknowledged records may become leader: never.";
}

macro_rules! unsupported {
    ($($name:literal, $reason:expr;)*) => {
        /// Every configuration of Apache Kafka that is known and not honoured, by name.
        pub(crate) const UNSUPPORTED: &[Unsupported] = &[$(Unsupported { name: $name, reason: $reason },)*];
    };
}

unsupported! {
    "compression.gzip.level", NO_RECOMPRESSION;
    "compression.lz4.level", NO_RECOMPRESSION;
    "compression.zstd.level", NO_RECOMPRESSION;
    "file.delete.delay.ms", "files of removed segments are deleted at once";
    "index.interval.bytes", "the index of a segment chooses its own density";
    "local.retention.bytes", NO_TIERS;
    "local.retention.ms", NO_TIERS;
    "message.downconversion.enable", "records have one format only";
    "message.format.version", "records have one format only";
    "message.timestamp.difference.max.ms", "set message.timestamp.before.max.ms and message.timestamp.after.max.ms instead";
    "segment.index.bytes", "the index of a segment is bounded by itself";
    "segment.jitter.ms", "segments are closed at exactly segment.ms";
}
