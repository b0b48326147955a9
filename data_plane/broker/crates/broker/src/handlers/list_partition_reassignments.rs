//! `ListPartitionReassignments`: with one broker no partition is ever on its way to another.

use headrace_protocol::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};
use headrace_security::acls::AclOperation;

use super::{Context, permissions::DENIED};
use crate::{close::Close, reply::Answer};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    _request: ListPartitionReassignmentsRequest<'a>,
) -> Result<Answer<ListPartitionReassignmentsResponse<'a>>, Close> {
    if let Err(denied) = context.check_cluster(AclOperation::Describe) {
        return Ok(ListPartitionReassignmentsResponse {
            error_code: denied.code(),
            error_message: Some(DENIED.into()),
            ..Default::default()
        }
        .into());
    }
    Ok(ListPartitionReassignmentsResponse::default().into())
}
