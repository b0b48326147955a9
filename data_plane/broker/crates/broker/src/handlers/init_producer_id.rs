//! `InitProducerId`: an id for an idempotent producer, or the producer that a transactional id has from now on (KIP-98, KIP-360).

use headrace_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use headrace_security::acls::AclOperation;
use headrace_transactions::{InitRequest, Producer};
use headrace_types::{ErrorCode, ProducerId};

use super::{
    Context,
    transactional::{check_id, producer, told},
};
use crate::{close::Close, reply::Answer};

/// From this version on a fenced producer is told so.
const FENCED_SINCE: i16 = 4;

pub(super) async fn handle(
    context: &Context<'_>,
    request: InitProducerIdRequest<'_>,
) -> Result<Answer<InitProducerIdResponse>, Close> {
    let response = match init(context, &request).await {
        Ok(given) => InitProducerIdResponse {
            producer_id: given.id,
            producer_epoch: given.epoch,
            ..Default::default()
        },
        Err(error) => InitProducerIdResponse {
            error_code: told(error, context.version, FENCED_SINCE).code(),
            producer_id: ProducerId::NONE.get(),
            producer_epoch: -1,
            ..Default::default()
        },
    };
    Ok(response.into())
}

async fn init(context: &Context<'_>, request: &InitProducerIdRequest<'_>) -> Result<Producer, ErrorCode> {
    match request.transactional_id.as_deref() {
        Some(id) => check_id(context, id)?,
        // Who may write to some topic needs no right to be idempotent beside it (KIP-679).
        None if context.may_on_cluster(AclOperation::IdempotentWrite)
            || context.may_on_some_topic(AclOperation::Write) => {}
        None => return Err(ErrorCode::ClusterAuthorizationFailed),
    }
    let has_id = request.producer_id != ProducerId::NONE.get();
    let has_epoch = request.producer_epoch >= 0;
    if has_id != has_epoch {
        // An id without its epoch, or an epoch of nobody.
        return Err(ErrorCode::InvalidRequest);
    }
    let Some(transactional_id) = request.transactional_id.as_deref() else {
        context.broker.topics.check_new_producer()?;
        let id = context.broker.topics.allocate_producer_id()?;
        return Ok(producer(id.get(), 0));
    };
    let wanted = InitRequest {
        transactional_id,
        timeout_ms: request.transaction_timeout_ms,
        producer: has_id.then(|| producer(request.producer_id, request.producer_epoch)),
    };
    context.broker.transactions.init(&wanted).await
}
