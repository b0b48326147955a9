//! `FindCoordinator`: who coordinates a group or a transactional id. The only broker of a cluster coordinates all of them.

use std::borrow::Cow;

use headrace_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator_response::Coordinator,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::DENIED};
use crate::{close::Close, reply::Answer};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// From this version on several keys may be asked for at once (KIP-699).
const BATCHED_SINCE: i16 = 4;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: FindCoordinatorRequest<'a>,
) -> Result<Answer<FindCoordinatorResponse<'a>>, Close> {
    let find = |key| find(context, request.key_type, key);
    if context.version >= BATCHED_SINCE {
        let coordinators = request.coordinator_keys.into_iter().map(find).collect();
        return Ok(FindCoordinatorResponse { coordinators, ..Default::default() }.into());
    }
    let found = find(request.key);
    Ok(FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..Default::default()
    }
    .into())
}

fn find<'a>(context: &'a Context<'_>, key_type: i8, key: Cow<'a, str>) -> Coordinator<'a> {
    if key_type == GROUP && !context.may_on_group(AclOperation::Describe, &key) {
        return refused(key, ErrorCode::GroupAuthorizationFailed, DENIED);
    }
    if key_type == TRANSACTION && !context.may_on_transactional_id(AclOperation::Describe, &key) {
        return refused(key, ErrorCode::TransactionalIdAuthorizationFailed, DENIED);
    }
    if key_type != GROUP && key_type != TRANSACTION {
        let why = "this broker coordinates consumer groups and transactions only";
        return refused(key, ErrorCode::InvalidRequest, why);
    }
    let advertised = &context.connection.listener.advertised;
    Coordinator {
        key,
        node_id: context.broker.config.broker_id,
        host: advertised.host.as_str().into(),
        port: i32::from(advertised.port),
        ..Default::default()
    }
}

fn refused<'a>(key: Cow<'a, str>, error: ErrorCode, why: &'static str) -> Coordinator<'a> {
    Coordinator {
        key,
        node_id: -1,
        port: -1,
        error_code: error.code(),
        error_message: Some(why.into()),
        ..Default::default()
    }
}
