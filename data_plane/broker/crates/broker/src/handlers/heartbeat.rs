//! `Heartbeat`: a member is alive.

use headrace_groups::HeartbeatRequest as MemberHeartbeat;
use headrace_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::{Context, text};
use crate::{close::Close, reply::Answer};

pub(super) async fn handle(
    context: &Context<'_>,
    request: HeartbeatRequest<'_>,
) -> Result<Answer<HeartbeatResponse>, Close> {
    let heartbeat = MemberHeartbeat {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        generation: request.generation_id,
    };
    let error = context.broker.groups.heartbeat(&heartbeat).await;
    Ok(HeartbeatResponse { error_code: error.code(), ..Default::default() }.into())
}
