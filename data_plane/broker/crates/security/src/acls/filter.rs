//! Which rules a question or a deletion means (`AclBindingFilter` of Apache Kafka).

use super::{Acl, AclOperation, AclPermission, AclResourceType, Host, PatternType, WILDCARD};

/// How the name of a filter is meant (KIP-290).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternFilter {
    /// Rules of exactly this name, of either type.
    Any,
    /// Rules that are about the resource of this name: by its name, by a beginning of it, or by [`WILDCARD`].
    Match,
    /// Rules of exactly this name and type.
    Is(PatternType),
}

/// Rules that are meant; what is none leaves all rules in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclFilter {
    /// Of this type of resource.
    pub resource_type: Option<AclResourceType>,
    /// How `name` is meant.
    pub pattern: PatternFilter,
    /// Of this name.
    pub name: Option<String>,
    /// About exactly this principal; `User:*` means the rules for everyone.
    pub principal: Option<String>,
    /// For exactly this host; `*` means the rules for all hosts.
    pub host: Option<String>,
    /// For exactly this operation.
    pub operation: Option<AclOperation>,
    /// That say this.
    pub permission: Option<AclPermission>,
}

impl AclFilter {
    /// Whether a rule is meant.
    #[must_use]
    pub fn matches(&self, acl: &Acl) -> bool {
        self.resource_type.is_none_or(|wanted| wanted == acl.resource_type)
            && self.matches_name(acl)
            && self.principal.as_ref().is_none_or(|wanted| *wanted == acl.principal)
            && self.host.as_ref().is_none_or(|wanted| Host::parse(wanted) == Ok(acl.host))
            && self.operation.is_none_or(|wanted| wanted == acl.operation)
            && self.permission.is_none_or(|wanted| wanted == acl.permission)
    }

    fn matches_name(&self, acl: &Acl) -> bool {
        if let PatternFilter::Is(wanted) = self.pattern
            && wanted != acl.pattern
        {
            return false;
        }
        let Some(name) = &self.name else { return true };
        match (self.pattern, acl.pattern) {
            (PatternFilter::Any | PatternFilter::Is(_), _) => *name == acl.name,
            (PatternFilter::Match, PatternType::Literal) => *name == acl.name || acl.name == WILDCARD,
            (PatternFilter::Match, PatternType::Prefixed) => name.starts_with(&acl.name),
        }
    }
}
