//! `DeleteAcls`: removes the access rules that filters mean; each filter has its own result, which names them.

use headrace_protocol::messages::{
    DeleteAclsRequest, DeleteAclsResponse,
    delete_acls_request::DeleteAclsFilter,
    delete_acls_response::{DeleteAclsFilterResult, DeleteAclsMatchingAcl},
};
use headrace_security::acls::{Acl, AclOperation};
use headrace_types::ErrorCode;

use super::{
    Context,
    acl_bindings::{RawFilter, check},
};
use crate::{
    acls::Acls,
    close::Close,
    limits::{ACL_FILTERS_MAX, DELETED_ACLS_MAX},
    reply::Answer,
    topics::Refusal,
};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DeleteAclsRequest<'a>,
) -> Result<Answer<DeleteAclsResponse<'a>>, Close> {
    let results = match check(context, AclOperation::Alter) {
        Ok(()) if request.filters.len() > ACL_FILTERS_MAX => vec![Err(too_many()); request.filters.len()],
        Ok(()) => delete(&context.broker.acls, &request.filters),
        Err(refusal) => vec![Err(refusal); request.filters.len()],
    };
    let filter_results = results.into_iter().map(|result| match result {
        Ok(acls) => DeleteAclsFilterResult {
            error_message: None,
            matching_acls: acls.into_iter().map(deleted).collect(),
            ..Default::default()
        },
        Err(refusal) => DeleteAclsFilterResult {
            error_code: refusal.code.code(),
            error_message: Some(refusal.message.into()),
            matching_acls: Vec::new(),
        },
    });
    Ok(DeleteAclsResponse { filter_results: filter_results.collect(), ..Default::default() }.into())
}

/// Removes everything that is meant, in one write; what two filters mean stands in the results of both.
fn delete(acls: &Acls, filters: &[DeleteAclsFilter<'_>]) -> Vec<Result<Vec<Acl>, Refusal>> {
    let mut room = DELETED_ACLS_MAX;
    let mut find = |filter: &DeleteAclsFilter<'_>| {
        let found = acls.matching(&raw(filter).parse()?);
        room = room.checked_sub(found.len()).ok_or_else(too_many)?;
        Ok(found)
    };
    let mut results: Vec<Result<Vec<Acl>, Refusal>> = filters.iter().map(&mut find).collect();
    let removed = || results.iter().flatten().flatten();
    if let Err(error) = acls.change(|set| removed().for_each(|acl| set.remove(acl))) {
        let refusal = error.refusal();
        results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(refusal.clone()));
    }
    results
}

fn too_many() -> Refusal {
    let message = format!(
        "one request has at most {ACL_FILTERS_MAX} filters, and its answer names at most {DELETED_ACLS_MAX} access rules: send \
         fewer filters at once"
    );
    Refusal::new(ErrorCode::InvalidRequest, message)
}

fn deleted<'a>(acl: Acl) -> DeleteAclsMatchingAcl<'a> {
    DeleteAclsMatchingAcl {
        error_code: ErrorCode::None.code(),
        error_message: None,
        resource_type: acl.resource_type.code(),
        resource_name: acl.name.into(),
        pattern_type: acl.pattern.code(),
        principal: acl.principal.into(),
        host: acl.host.to_string().into(),
        operation: acl.operation.code(),
        permission_type: acl.permission.code(),
    }
}

fn raw<'a>(filter: &'a DeleteAclsFilter<'_>) -> RawFilter<'a> {
    RawFilter {
        resource_type: filter.resource_type_filter,
        pattern_type: filter.pattern_type_filter,
        name: filter.resource_name_filter.as_deref(),
        principal: filter.principal_filter.as_deref(),
        host: filter.host_filter.as_deref(),
        operation: filter.operation,
        permission: filter.permission_type,
    }
}
