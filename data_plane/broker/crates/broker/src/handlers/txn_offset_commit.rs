//! `TxnOffsetCommit`: how far a group has read, if the transaction commits. Members are fenced as in `OffsetCommit` (KIP-447).

use headrace_groups::{CommitRequest, OffsetCommit, Transactor};
use headrace_protocol::messages::{
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
    txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic},
    txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic},
};
use headrace_security::acls::AclOperation;
use headrace_transactions::Place;
use headrace_types::ErrorCode;

use super::{
    Context, text,
    transactional::{check_id, partition, producer},
};
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

/// From this version on committing adds the group to the transaction by itself (KIP-890).
const IMPLICIT_SINCE: i16 = 5;
/// From this version on clients know that a transaction can be aborted and the producer go on.
const ABORTABLE_SINCE: i16 = 4;
/// Stands in a row until the coordinator has judged it; no error has this code.
const PENDING: i16 = i16::MIN;

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: TxnOffsetCommitRequest<'a>,
) -> Result<Answer<TxnOffsetCommitResponse<'a>>, Close> {
    let allowed = check_id(context, &request.transactional_id)
        .and_then(|()| context.check_group(AclOperation::Read, &request.group_id));
    let mut offsets = Vec::new();
    let mut topics: Vec<_> = request
        .topics
        .into_iter()
        .map(|topic| match allowed {
            Ok(()) => sort_out(context, topic, &mut offsets),
            Err(denied) => refused(topic, denied),
        })
        .collect();
    if offsets.is_empty() {
        return Ok(TxnOffsetCommitResponse { topics, ..Default::default() }.into());
    }
    let transactor = Transactor { producer_id: request.producer_id, producer_epoch: request.producer_epoch };
    let commit = CommitRequest {
        group_id: request.group_id.into_owned(),
        member_id: request.member_id.into_owned(),
        instance_id: text(request.group_instance_id),
        generation: request.generation_id,
        knows_group_id_not_found: false,
        transactor: Some(transactor),
        offsets,
    };
    let results = commit_in_transaction(context, &request.transactional_id, &commit, transactor).await;
    // The partitions that were handed on, in the order in which they were.
    let handed_on =
        topics.iter_mut().flat_map(|topic| &mut topic.partitions).filter(|row| row.error_code == PENDING);
    for (index, row) in handed_on.enumerate() {
        let result = results.as_ref().map_or_else(|error| *error, |results| results[index]);
        row.error_code = result.code();
    }
    Ok(TxnOffsetCommitResponse { topics, ..Default::default() }.into())
}

/// The coordinator of transactions must know of the group before the group keeps anything.
async fn commit_in_transaction(
    context: &Context<'_>,
    transactional_id: &str,
    commit: &CommitRequest,
    transactor: Transactor,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let (transactions, groups) = (&context.broker.transactions, &context.broker.groups);
    let producer = producer(transactor.producer_id, transactor.producer_epoch);
    let place = Place::Group(commit.group_id.clone());
    let known = if context.version >= IMPLICIT_SINCE {
        transactions.add(transactional_id, producer, vec![place.clone()]).await
    } else {
        Ok(())
    };
    // Verified last, with nothing in between: the transaction may have ended while the record was written.
    known.and_then(|()| transactions.verify(transactional_id, producer, &place)).map_err(
        |error| match error {
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            ErrorCode::TransactionAbortable if context.version < ABORTABLE_SINCE => {
                ErrorCode::InvalidTxnState
            }
            // Older clients would not try again.
            ErrorCode::ConcurrentTransactions if context.version < IMPLICIT_SINCE => {
                ErrorCode::CoordinatorNotAvailable
            }
            error => error,
        },
    )?;
    groups.commit(commit).await
}

/// Makes the rows of a topic's response; what the coordinator is to judge goes to `offsets`.
fn sort_out<'a>(
    context: &Context<'_>,
    topic: TxnOffsetCommitRequestTopic<'a>,
    offsets: &mut Vec<OffsetCommit>,
) -> TxnOffsetCommitResponseTopic<'a> {
    let known = context.view_for(AclOperation::Read, TopicRef::Name(&topic.name));
    let rows = topic.partitions.into_iter().map(|row| {
        let partition_index = row.partition_index;
        let found = known.as_ref().map_err(|error| *error);
        let error_code = match found.and_then(|view| partition(view, partition_index).map(|_| view)) {
            Err(error) => error.code(),
            Ok(view) => {
                offsets.push(offset(view, row));
                PENDING
            }
        };
        TxnOffsetCommitResponsePartition { partition_index, error_code }
    });
    let partitions = rows.collect();
    TxnOffsetCommitResponseTopic { name: topic.name, partitions }
}

/// The same for every partition, whether there is one or not.
fn refused(topic: TxnOffsetCommitRequestTopic<'_>, error: ErrorCode) -> TxnOffsetCommitResponseTopic<'_> {
    let row = |partition: &TxnOffsetCommitRequestPartition<'_>| TxnOffsetCommitResponsePartition {
        partition_index: partition.partition_index,
        error_code: error.code(),
    };
    let partitions = topic.partitions.iter().map(row).collect();
    TxnOffsetCommitResponseTopic { name: topic.name, partitions }
}

fn offset(topic: &TopicView, row: TxnOffsetCommitRequestPartition<'_>) -> OffsetCommit {
    OffsetCommit {
        topic: topic.name.clone(),
        topic_id: topic.id,
        partition: row.partition_index,
        offset: row.committed_offset,
        leader_epoch: row.committed_leader_epoch,
        metadata: text(row.committed_metadata).unwrap_or_default(),
    }
}
