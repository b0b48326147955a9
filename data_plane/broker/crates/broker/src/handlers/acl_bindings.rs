//! Access rules and filters as they stand on the wire.

use headrace_security::acls::{
    Acl, AclFilter, AclOperation, AclPermission, AclResourceType, Host, PatternFilter, PatternType,
};
use headrace_types::ErrorCode;

use super::{Context, permissions::denied};
use crate::topics::Refusal;

/// Stands for "any" in the enumerations of a filter.
const ANY: i8 = 1;
/// The pattern type of a filter that means the rules for one resource (KIP-290).
const MATCH: i8 = 2;

/// A rule that is to be made, as the request has it.
pub(super) struct RawAcl<'a> {
    pub(super) resource_type: i8,
    pub(super) pattern_type: i8,
    pub(super) name: &'a str,
    pub(super) principal: &'a str,
    pub(super) host: &'a str,
    pub(super) operation: i8,
    pub(super) permission: i8,
}

/// A filter, as the request has it.
pub(super) struct RawFilter<'a> {
    pub(super) resource_type: i8,
    pub(super) pattern_type: i8,
    pub(super) name: Option<&'a str>,
    pub(super) principal: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) operation: i8,
    pub(super) permission: i8,
}

/// Refuses who may not do this with the rules, and everyone where there are no logins.
pub(super) fn check(context: &Context<'_>, operation: AclOperation) -> Result<(), Refusal> {
    if !context.broker.acls.is_enforced() {
        let message = "this broker has no logins, so it has no access rules";
        return Err(Refusal::new(ErrorCode::SecurityDisabled, message));
    }
    context.check_cluster(operation).map_err(denied)
}

impl RawAcl<'_> {
    /// The rule, if it is one that can hold.
    pub(super) fn parse(&self) -> Result<Acl, Refusal> {
        let acl = Acl {
            resource_type: known(AclResourceType::from_code, self.resource_type, "resource type")?,
            pattern: known(PatternType::from_code, self.pattern_type, "pattern type")?,
            name: self.name.to_owned(),
            principal: self.principal.to_owned(),
            host: Host::parse(self.host).map_err(|problem| invalid(problem.to_string()))?,
            operation: known(AclOperation::from_code, self.operation, "operation")?,
            permission: known(AclPermission::from_code, self.permission, "permission type")?,
        };
        acl.check().map_err(|problem| invalid(problem.to_string()))?;
        Ok(acl)
    }
}

impl RawFilter<'_> {
    /// The filter, if its numbers mean something.
    pub(super) fn parse(&self) -> Result<AclFilter, Refusal> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Ok(AclFilter {
            resource_type: any_or(AclResourceType::from_code, self.resource_type, "resource type")?,
            pattern: match self.pattern_type {
                ANY => PatternFilter::Any,
                MATCH => PatternFilter::Match,
                code => PatternFilter::Is(known(PatternType::from_code, code, "pattern type")?),
            },
            name: text(self.name),
            principal: text(self.principal),
            host: text(self.host),
            operation: any_or(AclOperation::from_code, self.operation, "operation")?,
            permission: any_or(AclPermission::from_code, self.permission, "permission type")?,
        })
    }
}

fn any_or<T>(from_code: fn(i8) -> Option<T>, code: i8, what: &str) -> Result<Option<T>, Refusal> {
    if code == ANY { Ok(None) } else { known(from_code, code, what).map(Some) }
}

fn known<T>(from_code: fn(i8) -> Option<T>, code: i8, what: &str) -> Result<T, Refusal> {
    from_code(code).ok_or_else(|| invalid(format!("there is no {what} {code} here")))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}
