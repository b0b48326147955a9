//! `DeleteGroups`: groups without members, and their offsets, go.

use headrace_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, delete_groups_response::DeletableGroupResult,
};
use headrace_security::acls::AclOperation;

use super::Context;
use crate::{close::Close, reply::Answer};

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: DeleteGroupsRequest<'a>,
) -> Result<Answer<DeleteGroupsResponse<'a>>, Close> {
    let mut results = Vec::with_capacity(request.groups_names.len());
    for group_id in request.groups_names {
        let error = match context.check_group(AclOperation::Delete, &group_id) {
            Ok(()) => context.broker.groups.delete(&group_id).await,
            Err(denied) => denied,
        };
        results.push(DeletableGroupResult { group_id, error_code: error.code() });
    }
    Ok(DeleteGroupsResponse { results, ..Default::default() }.into())
}
