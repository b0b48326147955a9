//! All access rules of a cluster, and what follows from them.

use core::net::IpAddr;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use thiserror::Error;

use super::{
    ANONYMOUS, Acl, AclFilter, AclOperation, AclPermission, AclProblem, AclResourceType, Host, PatternType,
    SUPER_USER, WILDCARD,
};
use crate::limits::ACLS_MAX;

/// Who wants to do something, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The principal, as `User:<name>`.
    pub principal: &'a str,
    /// The address that the connection comes from.
    pub host: IpAddr,
}

impl Asker<'_> {
    /// Whether it has said who it is. Who has not may do only what rules allow by name: nothing is open to strangers.
    fn is_known(&self) -> bool {
        self.principal != ANONYMOUS
    }
}

/// Why a payload is not a set of rules.
#[derive(Debug, Error)]
pub enum AclFormatError {
    /// The payload is of no known form.
    #[error("not a list of access rules: {0}")]
    Json(#[from] serde_json::Error),
    /// A rule that would never have been taken.
    #[error("access rule {index}: {problem}")]
    Rule {
        /// Which one, counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: AclProblem,
    },
    /// More rules than there may be.
    #[error("{0} access rules, where at most {ACLS_MAX} are possible")]
    TooMany(usize),
}

/// All access rules of a cluster. At most [`ACLS_MAX`] are meant to be in it: whoever adds asks [`AclSet::len`] first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AclSet {
    by_type: BTreeMap<AclResourceType, Patterns>,
    count: usize,
}

/// The rules for one type of resource, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Patterns {
    literal: BTreeMap<String, BTreeSet<Rule>>,
    prefixed: BTreeMap<String, BTreeSet<Rule>>,
}

/// A rule without what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    principal: String,
    host: Host,
    operation: AclOperation,
    permission: AclPermission,
}

/// What some rules say together.
#[derive(Clone, Copy, Debug, Default)]
struct Verdict {
    has_rules: bool,
    allows: bool,
    denies: bool,
}

impl AclSet {
    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every rule: by type, then literal names before prefixes, then by name.
    pub fn iter(&self) -> impl Iterator<Item = Acl> {
        self.by_type.iter().flat_map(|(resource_type, patterns)| patterns.iter(*resource_type))
    }

    /// The rules that a filter means, in the same order.
    #[must_use]
    pub fn matching(&self, filter: &AclFilter) -> Vec<Acl> {
        self.iter().filter(|acl| filter.matches(acl)).collect()
    }

    /// Whether there is this rule.
    #[must_use]
    pub fn contains(&self, acl: &Acl) -> bool {
        let rules = self.by_type.get(&acl.resource_type).and_then(|patterns| patterns.of(acl));
        rules.is_some_and(|rules| rules.contains(&Rule::of(acl)))
    }

    /// Adds a rule; one that is there stays.
    pub fn insert(&mut self, acl: &Acl) {
        let patterns = self.by_type.entry(acl.resource_type).or_default();
        let added =
            patterns.named_mut(acl.pattern).entry(acl.name.clone()).or_default().insert(Rule::of(acl));
        self.count += usize::from(added);
    }

    /// Removes a rule, if it is there.
    pub fn remove(&mut self, acl: &Acl) {
        let Some(patterns) = self.by_type.get_mut(&acl.resource_type) else { return };
        let named = patterns.named_mut(acl.pattern);
        let Some(rules) = named.get_mut(&acl.name) else { return };
        self.count -= usize::from(rules.remove(&Rule::of(acl)));
        // A name without rules is open to everyone, so it must not be left behind.
        if rules.is_empty() {
            named.remove(&acl.name);
        }
        if patterns.literal.is_empty() && patterns.prefixed.is_empty() {
            self.by_type.remove(&acl.resource_type);
        }
    }

    /// Whether somebody may do something with a resource.
    #[must_use]
    pub fn permits(
        &self,
        asker: &Asker<'_>,
        operation: AclOperation,
        resource_type: AclResourceType,
        name: &str,
    ) -> bool {
        if asker.principal == SUPER_USER {
            return true;
        }
        let patterns = self.by_type.get(&resource_type);
        patterns
            .map_or_else(Verdict::default, |patterns| patterns.verdict(asker, operation, name))
            .permits(asker)
    }

    /// Whether there may be a resource of this type that somebody may do something with (`authorizeByResourceType` of Apache
    /// Kafka).
    #[must_use]
    pub fn permits_somewhere(
        &self,
        asker: &Asker<'_>,
        operation: AclOperation,
        resource_type: AclResourceType,
    ) -> bool {
        if asker.principal == SUPER_USER {
            return true;
        }
        let patterns = self.by_type.get(&resource_type);
        patterns.map_or_else(|| asker.is_known(), |patterns| patterns.permit_somewhere(asker, operation))
    }

    /// The payload of a file of rules.
    pub fn encode(&self) -> Result<Vec<u8>, AclFormatError> {
        Ok(serde_json::to_vec(&self.iter().collect::<Vec<_>>())?)
    }

    /// Reads the payload of a file of rules.
    pub fn decode(payload: &[u8]) -> Result<Self, AclFormatError> {
        let acls: Vec<Acl> = serde_json::from_slice(payload)?;
        if acls.len() > ACLS_MAX {
            return Err(AclFormatError::TooMany(acls.len()));
        }
        let mut set = Self::default();
        for (index, acl) in acls.iter().enumerate() {
            acl.check().map_err(|problem| AclFormatError::Rule { index, problem })?;
            set.insert(acl);
        }
        Ok(set)
    }
}

impl Patterns {
    fn named_mut(&mut self, pattern: PatternType) -> &mut BTreeMap<String, BTreeSet<Rule>> {
        match pattern {
            PatternType::Literal => &mut self.literal,
            PatternType::Prefixed => &mut self.prefixed,
        }
    }

    fn of(&self, acl: &Acl) -> Option<&BTreeSet<Rule>> {
        match acl.pattern {
            PatternType::Literal => self.literal.get(&acl.name),
            PatternType::Prefixed => self.prefixed.get(&acl.name),
        }
    }

    fn iter(&self, resource_type: AclResourceType) -> impl Iterator<Item = Acl> {
        let literal = self.literal.iter().map(|named| (PatternType::Literal, named));
        let prefixed = self.prefixed.iter().map(|named| (PatternType::Prefixed, named));
        literal.chain(prefixed).flat_map(move |(pattern, (name, rules))| {
            rules.iter().map(move |rule| rule.with(resource_type, pattern, name))
        })
    }

    /// What all rules for one resource say.
    fn verdict(&self, asker: &Asker<'_>, operation: AclOperation, name: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for literal in [name, WILDCARD] {
            if let Some(rules) = self.literal.get(literal) {
                verdict.count(rules, asker, operation);
            }
        }
        for rules in self.prefixes_of(name) {
            verdict.count(rules, asker, operation);
        }
        verdict
    }

    /// The rules for every beginning of a name, longest first. Each step finds one or leaves out all that differ from the name
    /// at the same place, so that other names' rules cost nothing.
    fn prefixes_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a BTreeSet<Rule>> {
        let mut until = Bound::Included(name);
        std::iter::from_fn(move || {
            loop {
                let (candidate, rules) =
                    self.prefixed.range::<str, _>((Bound::Unbounded, until)).next_back()?;
                if name.starts_with(candidate.as_str()) {
                    until = Bound::Excluded(&name[..candidate.len()]);
                    return Some(rules);
                }
                let alike = name.bytes().zip(candidate.bytes()).take_while(|(one, other)| one == other);
                until = Bound::Included(&name[..name.floor_char_boundary(alike.count())]);
            }
        })
    }

    fn permit_somewhere(&self, asker: &Asker<'_>, operation: AclOperation) -> bool {
        let everywhere = self.of_literal(WILDCARD, asker, operation);
        if !everywhere.has_rules && asker.is_known() {
            // There is always a name that no other rule is about.
            return true;
        }
        if everywhere.denies || everywhere.allows {
            return !everywhere.denies;
        }
        let literal = self.literal.keys().any(|name| self.verdict(asker, operation, name).permits(asker));
        // Where a beginning is allowed there is a longer name that only rules for beginnings of it are about.
        let beginning = |prefix: &String| {
            let mut verdict = Verdict::default();
            self.prefixes_of(prefix).for_each(|rules| verdict.count(rules, asker, operation));
            verdict.permits(asker)
        };
        literal || self.prefixed.keys().any(beginning)
    }

    fn of_literal(&self, name: &str, asker: &Asker<'_>, operation: AclOperation) -> Verdict {
        let mut verdict = Verdict::default();
        if let Some(rules) = self.literal.get(name) {
            verdict.count(rules, asker, operation);
        }
        verdict
    }
}

impl Verdict {
    fn count(&mut self, rules: &BTreeSet<Rule>, asker: &Asker<'_>, operation: AclOperation) {
        self.has_rules |= !rules.is_empty();
        for rule in rules {
            if Acl::is_about(&rule.principal, rule.host, asker.principal, asker.host) {
                match rule.permission {
                    AclPermission::Deny => self.denies |= rule.operation.covers(operation),
                    AclPermission::Allow => self.allows |= rule.operation.implies(operation),
                }
            }
        }
    }

    fn permits(self, asker: &Asker<'_>) -> bool {
        !self.denies && (self.allows || (!self.has_rules && asker.is_known()))
    }
}

impl Rule {
    fn of(acl: &Acl) -> Self {
        Self {
            principal: acl.principal.clone(),
            host: acl.host,
            operation: acl.operation,
            permission: acl.permission,
        }
    }

    fn with(&self, resource_type: AclResourceType, pattern: PatternType, name: &str) -> Acl {
        Acl {
            resource_type,
            pattern,
            name: name.to_owned(),
            principal: self.principal.clone(),
            host: self.host,
            operation: self.operation,
            permission: self.permission,
        }
    }
}
