//! `CreateAcls`: adds access rules; each has its own result, and one that is there already is a success.

use std::collections::BTreeSet;

use headrace_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, create_acls_request::AclCreation,
    create_acls_response::AclCreationResult,
};
use headrace_security::{
    acls::{Acl, AclOperation},
    limits::ACLS_MAX,
};
use headrace_types::ErrorCode;

use super::{
    Context,
    acl_bindings::{RawAcl, check},
};
use crate::{acls::Acls, close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: CreateAclsRequest<'a>,
) -> Result<Answer<CreateAclsResponse<'a>>, Close> {
    let results = match check(context, AclOperation::Alter) {
        Ok(()) if request.creations.len() > ACLS_MAX => vec![Err(too_many()); request.creations.len()],
        Ok(()) => create(&context.broker.acls, &request.creations),
        Err(refusal) => vec![Err(refusal); request.creations.len()],
    };
    let results = results.into_iter().map(|result| match result {
        Ok(()) => AclCreationResult { error_code: ErrorCode::None.code(), error_message: None },
        Err(refusal) => {
            AclCreationResult { error_code: refusal.code.code(), error_message: Some(refusal.message.into()) }
        }
    });
    Ok(CreateAclsResponse { results: results.collect(), ..Default::default() }.into())
}

/// Adds what can be added, in one write.
fn create(acls: &Acls, creations: &[AclCreation<'_>]) -> Vec<Result<(), Refusal>> {
    let mut room = ACLS_MAX.saturating_sub(acls.count());
    let mut added: BTreeSet<Acl> = BTreeSet::new();
    let mut results: Vec<Result<(), Refusal>> = Vec::with_capacity(creations.len());
    for creation in creations {
        results.push(raw(creation).parse().and_then(|acl| {
            if acls.contains(&acl) || added.contains(&acl) {
                return Ok(());
            }
            room = room.checked_sub(1).ok_or_else(too_many)?;
            added.insert(acl);
            Ok(())
        }));
    }
    if let Err(error) = acls.change(|set| added.iter().for_each(|acl| set.insert(acl))) {
        let refusal = error.refusal();
        results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(refusal.clone()));
    }
    results
}

fn too_many() -> Refusal {
    let message = format!("a cluster has at most {ACLS_MAX} access rules: delete some, or use prefixes");
    Refusal::new(ErrorCode::PolicyViolation, message)
}

fn raw<'a>(creation: &'a AclCreation<'_>) -> RawAcl<'a> {
    RawAcl {
        resource_type: creation.resource_type,
        pattern_type: creation.resource_pattern_type,
        name: &creation.resource_name,
        principal: &creation.principal,
        host: &creation.host,
        operation: creation.operation,
        permission: creation.permission_type,
    }
}
