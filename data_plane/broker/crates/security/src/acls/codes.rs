//! The words of access rules, with their numbers in the Kafka protocol.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants have numbers on the wire.
macro_rules! wire_codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$note])* $variant = $code,)*
        }

        impl $name {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> i8 {
                self as i8
            }

            /// What a number means; none for a number that stands for "any" or for nothing.
            #[must_use]
            pub fn from_code(code: i8) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

wire_codes! {
    /// What a rule is about (`ResourceType` of Apache Kafka).
    AclResourceType {
        /// A topic, by name.
        Topic = 2,
        /// A consumer group, by id.
        Group = 3,
        /// The cluster itself; its name is [`super::CLUSTER_NAME`].
        Cluster = 4,
        /// A transactional id.
        TransactionalId = 5,
        /// A delegation token. There are none here, so there are no rules for them.
        DelegationToken = 6,
        /// A user, as the owner of delegation tokens.
        User = 7,
    }
}

wire_codes! {
    /// How the name of a rule is meant (`PatternType` of Apache Kafka).
    PatternType {
        /// The resource of exactly this name, or all where the name is [`super::WILDCARD`].
        Literal = 3,
        /// Every resource whose name begins with this one.
        Prefixed = 4,
    }
}

wire_codes! {
    /// What somebody wants to do (`AclOperation` of Apache Kafka).
    AclOperation {
        /// Every operation; in rules only.
        All = 2,
        /// Consume, commit, be a member of a group.
        Read = 3,
        /// Produce.
        Write = 4,
        /// Make topics.
        Create = 5,
        /// Delete topics, records, groups and offsets.
        Delete = 6,
        /// Change topics, and access rules.
        Alter = 7,
        /// See that there is such a resource, and what it is.
        Describe = 8,
        /// What brokers do among themselves.
        ClusterAction = 9,
        /// See configurations.
        DescribeConfigs = 10,
        /// Change configurations.
        AlterConfigs = 11,
        /// Be an idempotent producer without the right to write to any topic yet.
        IdempotentWrite = 12,
        /// Make delegation tokens.
        CreateTokens = 13,
        /// See delegation tokens.
        DescribeTokens = 14,
        /// Take part in a distributed transaction (KIP-939).
        TwoPhaseCommit = 15,
    }
}

wire_codes! {
    /// What a rule says.
    AclPermission {
        /// No, whatever other rules say.
        Deny = 2,
        /// Yes, unless another rule denies it.
        Allow = 3,
    }
}

impl AclOperation {
    /// Whether a rule that allows this allows `wanted` too: who reads, writes, deletes or alters may see what, and who alters
    /// configurations may see them.
    #[must_use]
    pub const fn implies(self, wanted: Self) -> bool {
        match wanted {
            _ if self as i8 == wanted as i8 => true,
            Self::Describe => {
                matches!(self, Self::All | Self::Read | Self::Write | Self::Delete | Self::Alter)
            }
            Self::DescribeConfigs => matches!(self, Self::All | Self::AlterConfigs),
            _ => matches!(self, Self::All),
        }
    }

    /// Whether a rule that denies this denies `wanted`: nothing but itself.
    #[must_use]
    pub const fn covers(self, wanted: Self) -> bool {
        self as i8 == wanted as i8 || matches!(self, Self::All)
    }
}
