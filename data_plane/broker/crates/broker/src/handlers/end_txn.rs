//! `EndTxn`: whether what a transaction has written is to count. From version 5 on the answer has the epoch of the next transaction
//! (KIP-890).

use headrace_protocol::messages::{EndTxnRequest, EndTxnResponse};
use headrace_transactions::{EndRequest, Producer, Protocol};
use headrace_types::ErrorCode;

use super::{
    Context,
    transactional::{check_id, producer, told},
};
use crate::{close::Close, reply::Answer};

/// From this version on every transaction has an epoch of its own.
const V2_SINCE: i16 = 5;
/// From this version on a fenced producer is told so.
const FENCED_SINCE: i16 = 2;

pub(super) async fn handle(
    context: &Context<'_>,
    request: EndTxnRequest<'_>,
) -> Result<Answer<EndTxnResponse>, Close> {
    let response = match end(context, &request).await {
        Ok(next) if context.version >= V2_SINCE => {
            EndTxnResponse { producer_id: next.id, producer_epoch: next.epoch, ..Default::default() }
        }
        Ok(_) => EndTxnResponse::default(),
        Err(error) => EndTxnResponse {
            error_code: told(error, context.version, FENCED_SINCE).code(),
            ..Default::default()
        },
    };
    Ok(response.into())
}

async fn end(context: &Context<'_>, request: &EndTxnRequest<'_>) -> Result<Producer, ErrorCode> {
    check_id(context, &request.transactional_id)?;
    let request = EndRequest {
        transactional_id: &request.transactional_id,
        producer: producer(request.producer_id, request.producer_epoch),
        is_commit: request.committed,
        protocol: if context.version >= V2_SINCE { Protocol::V2 } else { Protocol::V1 },
    };
    context.broker.transactions.end(&request).await
}
