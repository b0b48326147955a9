//! Access rules as Apache Kafka knows them (`StandardAuthorizer` of version 4.3): who may do what with which resource, from where.
//!
//! A rule that denies wins over all that allow. A resource that no rule is about is open to everyone who has logged in, as with
//! Kafka's `allow.everyone.if.no.acl.found`.

mod codes;
mod entry;
mod filter;
mod set;

pub use codes::{AclOperation, AclPermission, AclResourceType, PatternType};
pub use entry::{Acl, AclProblem, Host};
pub use filter::{AclFilter, PatternFilter};
pub use set::{AclFormatError, AclSet, Asker};

/// The one cluster that rules for resources of the type cluster are about.
pub const CLUSTER_NAME: &str = "kafka-cluster";
/// The principal that no rule binds: the control plane, which proves itself by a token that it signs.
pub const SUPER_USER: &str = "User:control-plane";
/// Who has not said who it is, as Kafka names it.
pub const ANONYMOUS: &str = "User:ANONYMOUS";
/// The literal name that stands for every resource of its type.
pub const WILDCARD: &str = "*";
