//! `SyncGroup`: the leader hands in the assignment, every member gets its part.

use bytes::Bytes;
use headrace_groups::SyncRequest;
use headrace_protocol::messages::{
    SyncGroupRequest, SyncGroupResponse, sync_group_request::SyncGroupRequestAssignment,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, text};
use crate::{close::Close, reply::Answer};

/// From this version on the protocol must be said.
const PROTOCOL_SINCE: i16 = 5;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: SyncGroupRequest<'a>,
) -> Result<Answer<SyncGroupResponse<'a>>, Close> {
    let says_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if context.version >= PROTOCOL_SINCE && !says_protocol {
        let error_code = ErrorCode::InconsistentGroupProtocol.code();
        return Ok(SyncGroupResponse { error_code, ..Default::default() }.into());
    }
    if let Err(denied) = context.check_group(AclOperation::Read, &request.group_id) {
        return Ok(SyncGroupResponse { error_code: denied.code(), ..Default::default() }.into());
    }
    let request = SyncRequest {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        generation: request.generation_id,
        protocol_type: text(request.protocol_type),
        protocol_name: text(request.protocol_name),
        assignments: request.assignments.into_iter().map(assignment).collect(),
    };
    let answer = context.broker.groups.sync(&request).await;
    Ok(SyncGroupResponse {
        error_code: answer.error.code(),
        protocol_type: answer.protocol_type.map(Into::into),
        protocol_name: answer.protocol_name.map(Into::into),
        assignment: Vec::from(answer.assignment).into(),
        ..Default::default()
    }
    .into())
}

fn assignment(assignment: SyncGroupRequestAssignment<'_>) -> (String, Bytes) {
    (assignment.member_id.into_owned(), Bytes::copy_from_slice(&assignment.assignment))
}
