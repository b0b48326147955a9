//! `JoinGroup`: a member enters the next generation of its group.

use bytes::Bytes;
use headrace_groups::{JoinAnswer, JoinRequest, JoinedMember, Protocol};
use headrace_protocol::messages::{
    JoinGroupRequest, JoinGroupResponse, join_group_request::JoinGroupRequestProtocol,
    join_group_response::JoinGroupResponseMember,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, text};
use crate::{close::Close, reply::Answer};

/// Before, the session timeout says how long a rebalance may take as well.
const REBALANCE_TIMEOUT_SINCE: i16 = 1;
/// From this version on a new member is told its id before it joins (KIP-394).
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;
/// From this version on a leader can be told not to assign (KIP-814).
const SKIP_ASSIGNMENT_SINCE: i16 = 9;
/// From this version on the response may be without a protocol.
const NULLABLE_PROTOCOL_SINCE: i16 = 7;

/// Stands for no generation.
const NO_GENERATION: i32 = -1;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: JoinGroupRequest<'a>,
) -> Result<Answer<JoinGroupResponse<'a>>, Close> {
    if let Err(denied) = context.check_group(AclOperation::Read, &request.group_id) {
        return Ok(refused(denied, context.version).into());
    }
    let mut fresh_id = [0; 16];
    context.broker.rng.fill(&mut fresh_id);
    let has_rebalance_timeout = context.version >= REBALANCE_TIMEOUT_SINCE;
    let request = JoinRequest {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        client_id: context.client_id.unwrap_or_default().to_owned(),
        client_host: context.connection.peer.ip().to_string(),
        protocol_type: request.protocol_type.into_owned(),
        protocols: request.protocols.into_iter().map(protocol).collect(),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: if has_rebalance_timeout {
            request.rebalance_timeout_ms
        } else {
            request.session_timeout_ms
        },
        requires_known_member: context.version >= MEMBER_ID_REQUIRED_SINCE,
        may_skip_assignment: context.version >= SKIP_ASSIGNMENT_SINCE,
        fresh_id: uuid::Builder::from_random_bytes(fresh_id).into_uuid(),
    };
    Ok(response(context.broker.groups.join(&request).await, context.version).into())
}

fn protocol(protocol: JoinGroupRequestProtocol<'_>) -> Protocol {
    Protocol { name: protocol.name.into_owned(), metadata: Bytes::copy_from_slice(&protocol.metadata) }
}

/// What the coordinator answers with where nothing comes of a join.
fn refused(error: ErrorCode, version: i16) -> JoinGroupResponse<'static> {
    let no_protocol = (version < NULLABLE_PROTOCOL_SINCE).then(String::new);
    JoinGroupResponse {
        error_code: error.code(),
        generation_id: NO_GENERATION,
        protocol_name: no_protocol.map(Into::into),
        ..Default::default()
    }
}

fn response(answer: JoinAnswer, version: i16) -> JoinGroupResponse<'static> {
    let no_protocol = (version < NULLABLE_PROTOCOL_SINCE).then(String::new);
    JoinGroupResponse {
        error_code: answer.error.code(),
        generation_id: answer.generation,
        protocol_type: answer.protocol_type.map(Into::into),
        protocol_name: answer.protocol_name.or(no_protocol).map(Into::into),
        leader: answer.leader.into(),
        skip_assignment: answer.skip_assignment,
        member_id: answer.member_id.into(),
        members: answer.members.into_iter().map(member).collect(),
        ..Default::default()
    }
}

fn member(member: JoinedMember) -> JoinGroupResponseMember<'static> {
    JoinGroupResponseMember {
        member_id: member.member_id.into(),
        group_instance_id: member.instance_id.map(Into::into),
        metadata: Vec::from(member.metadata).into(),
    }
}
