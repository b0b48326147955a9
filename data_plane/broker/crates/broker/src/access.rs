//! What a cluster lets its clients do at all, whatever their rights: for caps and standing.

use headrace_types::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::topics::Refusal;

/// What clients are refused with where something would be stored.
const READ_ONLY: &str =
    "the cluster is read-only at present: reading and deleting go on, whoever keeps the cluster can tell why";

/// How far a cluster is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Access {
    /// To everything.
    #[default]
    Full,
    /// To everything but what stores more.
    ReadOnly,
    /// To the control plane alone.
    Suspended,
}

impl Access {
    /// Refuses what would store more: records, topics and partitions.
    pub(crate) fn check_writes(self) -> Result<(), Refusal> {
        match self {
            Self::Full => Ok(()),
            Self::ReadOnly | Self::Suspended => Err(Refusal::new(ErrorCode::PolicyViolation, READ_ONLY)),
        }
    }

    /// The word of the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Suspended => "suspended",
        }
    }
}
