//! What the handlers of transactions have in common.

use headrace_security::acls::AclOperation;
use headrace_transactions::{Place, Producer};
use headrace_types::{ErrorCode, PartitionIndex, TopicPartition};

use super::Context;
use crate::topics::{TopicRef, TopicView};

/// The right to use a transactional id.
pub(super) fn check_id(context: &Context<'_>, id: &str) -> Result<(), ErrorCode> {
    if context.may_on_transactional_id(AclOperation::Write, id) {
        Ok(())
    } else {
        Err(ErrorCode::TransactionalIdAuthorizationFailed)
    }
}

/// A producer that has been fenced, as versions before `fenced_since` are told.
pub(super) fn told(error: ErrorCode, version: i16, fenced_since: i16) -> ErrorCode {
    match error {
        ErrorCode::ProducerFenced if version < fenced_since => ErrorCode::InvalidProducerEpoch,
        error => error,
    }
}

pub(super) fn producer(id: i64, epoch: i16) -> Producer {
    Producer { id, epoch }
}

/// The partitions that are asked for, each with what is wrong with it or the place that it is.
pub(super) fn places(
    context: &Context<'_>,
    operation: AclOperation,
    topic: &str,
    indexes: &[i32],
) -> Vec<Result<Place, ErrorCode>> {
    let view = context.view_for(operation, TopicRef::Name(topic));
    indexes
        .iter()
        .map(|index| view.as_ref().map_err(|error| *error).and_then(|view| place(view, *index)))
        .collect()
}

pub(super) fn place(view: &TopicView, index: i32) -> Result<Place, ErrorCode> {
    partition(view, index).map(Place::Partition)
}

pub(super) fn partition(view: &TopicView, index: i32) -> Result<TopicPartition, ErrorCode> {
    let is_there = usize::try_from(index).is_ok_and(|index| index < view.partitions.len());
    let partition = TopicPartition { topic: view.id, partition: PartitionIndex::new(index) };
    if is_there { Ok(partition) } else { Err(ErrorCode::UnknownTopicOrPartition) }
}
