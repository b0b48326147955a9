//! What a cluster that is not open to everything refuses, whatever the client's rights.

use headrace_security::Access;
use headrace_types::ErrorCode;

use crate::topics::Refusal;

/// What clients are refused with where something would be stored.
const READ_ONLY: &str =
    "the cluster is read-only at present: reading and deleting go on, whoever keeps the cluster can tell why";

/// Refuses what would store more: records, topics and partitions.
pub(crate) fn check_writes(access: Access) -> Result<(), Refusal> {
    match access {
        Access::Full => Ok(()),
        Access::ReadOnly | Access::Suspended => Err(Refusal::new(ErrorCode::PolicyViolation, READ_ONLY)),
    }
}
