//! The rates that can be limited.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A rate that can be limited, by its name in Apache Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKey {
    /// Bytes a second of produce requests (KIP-13).
    ProducerByteRate,
    /// Bytes a second of fetched records (KIP-13).
    ConsumerByteRate,
    /// Percent of the time of one thread (KIP-124).
    RequestPercentage,
    /// Partitions created or deleted a second (KIP-599).
    ControllerMutationRate,
    /// Connections a second from an address (KIP-612).
    ConnectionCreationRate,
}

/// The largest double below the end of a Java long.
const LONG_END: f64 = 9_223_372_036_854_774_784.0;

/// Why a value is no quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueProblem {
    /// Nothing could ever pass.
    #[error("{} must be greater than 0", .0.name())]
    NotPositive(QuotaKey),
    /// Counted in whole units.
    #[error("{} must be a whole number", .0.name())]
    NotWhole(QuotaKey),
    /// More than its type in Apache Kafka holds.
    #[error("{} is too large", .0.name())]
    TooLarge(QuotaKey),
}

impl QuotaKey {
    /// Every key.
    pub const ALL: [Self; 5] = [
        Self::ProducerByteRate,
        Self::ConsumerByteRate,
        Self::RequestPercentage,
        Self::ControllerMutationRate,
        Self::ConnectionCreationRate,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProducerByteRate => "producer_byte_rate",
            Self::ConsumerByteRate => "consumer_byte_rate",
            Self::RequestPercentage => "request_percentage",
            Self::ControllerMutationRate => "controller_mutation_rate",
            Self::ConnectionCreationRate => "connection_creation_rate",
        }
    }

    /// The key of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Whether it is a rate of an address rather than of a user or client id.
    #[must_use]
    pub const fn is_of_address(self) -> bool {
        matches!(self, Self::ConnectionCreationRate)
    }

    /// Checks a value, by the types that Apache Kafka's `QuotaConfig` gives the keys.
    pub fn check(self, value: f64) -> Result<(), ValueProblem> {
        if value.is_nan() || value <= 0.0 {
            return Err(ValueProblem::NotPositive(self));
        }
        let (most, is_whole) = match self {
            Self::ProducerByteRate | Self::ConsumerByteRate => (LONG_END, true),
            Self::ConnectionCreationRate => (f64::from(i32::MAX), true),
            Self::RequestPercentage | Self::ControllerMutationRate => (f64::MAX, false),
        };
        if value > most {
            return Err(ValueProblem::TooLarge(self));
        }
        if is_whole && value.fract() != 0.0 { Err(ValueProblem::NotWhole(self)) } else { Ok(()) }
    }
}
