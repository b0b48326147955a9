//! `LeaveGroup`: members go, one in old versions, several in new ones.

use headrace_groups::Departure;
use headrace_protocol::messages::{
    LeaveGroupRequest, LeaveGroupResponse, leave_group_request::MemberIdentity,
    leave_group_response::MemberResponse,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, text};
use crate::{close::Close, reply::Answer};

/// From this version on a request names several members (KIP-345).
const BATCHED_SINCE: i16 = 3;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: LeaveGroupRequest<'a>,
) -> Result<Answer<LeaveGroupResponse<'a>>, Close> {
    if let Err(denied) = context.check_group(AclOperation::Read, &request.group_id) {
        return Ok(refused(denied).into());
    }
    let is_batched = context.version >= BATCHED_SINCE;
    let departures: Vec<Departure> = if is_batched {
        request.members.into_iter().map(departure).collect()
    } else {
        vec![Departure { member_id: request.member_id.into_owned(), instance_id: None }]
    };
    let left = context.broker.groups.leave(&request.group_id, &departures).await;
    Ok(match left {
        Err(error) => refused(error),
        Ok(results) if is_batched => {
            let members =
                departures.into_iter().zip(results).map(|(departure, error)| member(departure, error));
            LeaveGroupResponse { members: members.collect(), ..Default::default() }
        }
        Ok(results) => refused(results.first().copied().unwrap_or(ErrorCode::None)),
    }
    .into())
}

fn departure(member: MemberIdentity<'_>) -> Departure {
    Departure { member_id: member.member_id.into_owned(), instance_id: text(member.group_instance_id) }
}

fn member(departure: Departure, error: ErrorCode) -> MemberResponse<'static> {
    MemberResponse {
        member_id: departure.member_id.into(),
        group_instance_id: departure.instance_id.map(Into::into),
        error_code: error.code(),
    }
}

fn refused(error: ErrorCode) -> LeaveGroupResponse<'static> {
    LeaveGroupResponse { error_code: error.code(), ..Default::default() }
}
