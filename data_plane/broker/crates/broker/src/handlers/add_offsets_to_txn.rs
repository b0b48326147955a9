//! `AddOffsetsToTxn`: a transaction is going to commit offsets of a group.

use headrace_protocol::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use headrace_security::acls::AclOperation;
use headrace_transactions::Place;
use headrace_types::ErrorCode;

use super::{
    Context,
    transactional::{check_id, producer, told},
};
use crate::{close::Close, reply::Answer};

/// From this version on a fenced producer is told so.
const FENCED_SINCE: i16 = 2;

pub(super) async fn handle(
    context: &Context<'_>,
    request: AddOffsetsToTxnRequest<'_>,
) -> Result<Answer<AddOffsetsToTxnResponse>, Close> {
    let added = add(context, &request).await;
    let error = added.err().map_or(ErrorCode::None, |error| told(error, context.version, FENCED_SINCE));
    Ok(AddOffsetsToTxnResponse { error_code: error.code(), ..Default::default() }.into())
}

async fn add(context: &Context<'_>, request: &AddOffsetsToTxnRequest<'_>) -> Result<(), ErrorCode> {
    check_id(context, &request.transactional_id)?;
    context.check_group(AclOperation::Read, &request.group_id)?;
    let producer = producer(request.producer_id, request.producer_epoch);
    let place = Place::Group(request.group_id.to_string());
    context.broker.transactions.add(&request.transactional_id, producer, vec![place]).await
}
