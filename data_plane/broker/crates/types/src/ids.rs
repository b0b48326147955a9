//! Newtypes for the numbers of the Kafka protocol, so that an offset can not be passed where an epoch is meant.

use std::fmt;

pub use uuid::Uuid;

/// Identity of a topic for its whole life; a topic created again under the same name gets another one (KIP-516).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(Uuid);

impl TopicId {
    /// The all-zero id, which requests use for "no topic id".
    pub const ZERO: Self = Self(Uuid::nil());

    /// Wraps an id read from the wire or from disk.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// A random (version 4) id from 16 bytes of entropy; never [`Self::ZERO`].
    #[must_use]
    pub fn from_random(entropy: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(entropy).into_uuid())
    }

    /// The id as the protocol's UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Whether this is [`Self::ZERO`].
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_nil()
    }
}

impl From<Uuid> for TopicId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<TopicId> for Uuid {
    fn from(id: TopicId) -> Self {
        id.0
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps a number as it stands on the wire.
            #[must_use]
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The number as it stands on the wire.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number!(
    /// Number of a partition inside its topic, from 0.
    PartitionIndex, i32);
number!(
    /// Position of a record in its partition, from 0 and without gaps between batches.
    Offset, i64);
number!(
    /// Number of a leadership; grows with every change of leader and never shrinks.
    LeaderEpoch, i32);
number!(
    /// Identity of an idempotent producer, given out by `InitProducerId`.
    ProducerId, i64);
number!(
    /// Generation of a producer id; an older one is fenced.
    ProducerEpoch, i16);

impl Offset {
    /// The first offset of every partition.
    pub const ZERO: Self = Self(0);
    /// What responses carry where there is no offset.
    pub const NONE: Self = Self(-1);
}

impl LeaderEpoch {
    /// What requests carry when the client knows no epoch.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// What batches of producers without idempotence carry.
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// What batches of producers without idempotence carry.
    pub const NONE: Self = Self(-1);
}

/// One partition of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition of the topic.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_topic_id_is_a_version_4_uuid_and_never_zero() {
        let id = TopicId::from_random([0; 16]);
        assert_eq!(id.uuid().get_version_num(), 4);
        assert!(!id.is_zero());
        assert!(TopicId::ZERO.is_zero());
    }

    #[test]
    fn a_topic_partition_prints_as_its_directory_is_named() {
        let partition = TopicPartition { topic: TopicId::ZERO, partition: PartitionIndex::new(7) };
        assert_eq!(partition.to_string(), "00000000-0000-0000-0000-000000000000-7");
    }
}
