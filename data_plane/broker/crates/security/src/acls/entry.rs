//! One access rule, and what makes it a sensible one.

use core::net::IpAddr;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{AclOperation, AclPermission, AclResourceType, CLUSTER_NAME, PatternType, WILDCARD};
use crate::limits::{ACL_NAME_BYTES_MAX, ACL_PRINCIPAL_BYTES_MAX};

/// The type that every principal here has.
const USER_PREFIX: &str = "User:";
const ANY_HOST: &str = "*";

/// One access rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acl {
    /// What kind of resource it is about.
    pub resource_type: AclResourceType,
    /// How `name` is meant.
    pub pattern: PatternType,
    /// The resource's name, the beginning of its name, or [`WILDCARD`].
    pub name: String,
    /// Who, as `User:<name>`; `User:*` is everyone.
    pub principal: String,
    /// From where.
    pub host: Host,
    /// What.
    pub operation: AclOperation,
    /// Yes or no.
    pub permission: AclPermission,
}

/// Where somebody connects from, as a rule says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Host {
    /// From anywhere.
    Any,
    /// From this address.
    Address(IpAddr),
}

/// Why a rule is refused. A rule that can never hold is refused too: its author means something by it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AclProblem {
    /// Nothing has such a name.
    #[error("the resource name is empty: name the resource, or all of them by '*'")]
    NameEmpty,
    /// Longer than any resource's.
    #[error("the resource name has {0} bytes, where at most {ACL_NAME_BYTES_MAX} are possible")]
    NameTooLong(usize),
    /// There is one cluster.
    #[error("the only resource of the type cluster is '{CLUSTER_NAME}', by its literal name")]
    ClusterName,
    /// There are no such resources.
    #[error("there are no delegation tokens here, so there are no access rules for them")]
    ResourceType,
    /// No one has such a principal.
    #[error("the principal must be of the form User:<name>, where '*' as a name is everyone")]
    Principal,
    /// Longer than any principal.
    #[error("the principal has {0} bytes, where at most {ACL_PRINCIPAL_BYTES_MAX} are possible")]
    PrincipalTooLong(usize),
    /// Names of hosts are never looked up.
    #[error("the host must be an IP address, or '*' for all of them")]
    Host,
}

impl Acl {
    /// Whether the rule makes sense.
    pub fn check(&self) -> Result<(), AclProblem> {
        if matches!(self.resource_type, AclResourceType::DelegationToken | AclResourceType::User) {
            return Err(AclProblem::ResourceType);
        }
        if self.name.is_empty() {
            return Err(AclProblem::NameEmpty);
        }
        if self.name.len() > ACL_NAME_BYTES_MAX {
            return Err(AclProblem::NameTooLong(self.name.len()));
        }
        let names_cluster = self.name == CLUSTER_NAME && self.pattern == PatternType::Literal;
        if self.resource_type == AclResourceType::Cluster && !names_cluster {
            return Err(AclProblem::ClusterName);
        }
        if self.principal.len() > ACL_PRINCIPAL_BYTES_MAX {
            return Err(AclProblem::PrincipalTooLong(self.principal.len()));
        }
        match self.principal.strip_prefix(USER_PREFIX) {
            Some(name) if !name.is_empty() => Ok(()),
            _ => Err(AclProblem::Principal),
        }
    }

    /// Whether the rule is about this principal, on this host.
    pub(super) fn is_about(principal: &str, host: Host, asking: &str, from: IpAddr) -> bool {
        let is_everyone = principal.strip_prefix(USER_PREFIX) == Some(WILDCARD);
        (is_everyone || principal == asking) && host.includes(from)
    }
}

impl Host {
    /// Reads an address or `*`.
    pub fn parse(text: &str) -> Result<Self, AclProblem> {
        if text == ANY_HOST {
            return Ok(Self::Any);
        }
        let address: IpAddr = text.parse().map_err(|_| AclProblem::Host)?;
        Ok(Self::Address(address.to_canonical()))
    }

    fn includes(self, from: IpAddr) -> bool {
        match self {
            Self::Any => true,
            // A listener for both families sees addresses of the older one mapped into the newer.
            Self::Address(address) => address == from.to_canonical(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(ANY_HOST),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

impl TryFrom<String> for Host {
    type Error = AclProblem;

    fn try_from(text: String) -> Result<Self, AclProblem> {
        Self::parse(&text)
    }
}
