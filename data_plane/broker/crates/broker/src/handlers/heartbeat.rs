//! `Heartbeat`: a member is alive.

use headrace_groups::HeartbeatRequest as MemberHeartbeat;
use headrace_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use headrace_security::acls::AclOperation;

use super::{Context, text};
use crate::{close::Close, reply::Answer};

pub(super) async fn handle(
    context: &Context<'_>,
    request: HeartbeatRequest<'_>,
) -> Result<Answer<HeartbeatResponse>, Close> {
    if let Err(denied) = context.check_group(AclOperation::Read, &request.group_id) {
        return Ok(HeartbeatResponse { error_code: denied.code(), ..Default::default() }.into());
    }
    let heartbeat = MemberHeartbeat {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        generation: request.generation_id,
    };
    let error = context.broker.groups.heartbeat(&heartbeat).await;
    Ok(HeartbeatResponse { error_code: error.code(), ..Default::default() }.into())
}
