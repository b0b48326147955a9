//! `InitProducerId`: an id for an idempotent producer. Transactional ids are refused: there are no transactions.

use headrace_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, ProducerId};

use super::Context;
use crate::{close::Close, reply::Answer};

pub(super) async fn handle(
    context: &Context<'_>,
    request: InitProducerIdRequest<'_>,
) -> Result<Answer<InitProducerIdResponse>, Close> {
    let has_id = request.producer_id != ProducerId::NONE.get();
    let has_epoch = request.producer_epoch >= 0;
    let allocated = match request.transactional_id.as_deref() {
        // Who may write to some topic needs no right to be idempotent beside it (KIP-679).
        None if !context.may_on_cluster(AclOperation::IdempotentWrite)
            && !context.may_on_some_topic(AclOperation::Write) =>
        {
            Err(ErrorCode::ClusterAuthorizationFailed)
        }
        Some(id) if !context.may_on_transactional_id(AclOperation::Write, id) => {
            Err(ErrorCode::TransactionalIdAuthorizationFailed)
        }
        // An id without its epoch, or an epoch of nobody.
        _ if has_id != has_epoch => Err(ErrorCode::InvalidRequest),
        None => context.broker.topics.allocate_producer_id(),
        Some("") => Err(ErrorCode::InvalidRequest),
        // Clients take this one as final and tell their user; retriable codes would let them try for ever.
        Some(_) => Err(ErrorCode::TransactionalIdAuthorizationFailed),
    };
    let response = match allocated {
        Ok(id) => InitProducerIdResponse { producer_id: id.get(), producer_epoch: 0, ..Default::default() },
        Err(error) => InitProducerIdResponse {
            error_code: error.code(),
            producer_id: ProducerId::NONE.get(),
            producer_epoch: -1,
            ..Default::default()
        },
    };
    Ok(response.into())
}
