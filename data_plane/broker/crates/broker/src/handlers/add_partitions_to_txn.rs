//! `AddPartitionsToTxn`: what a transaction is going to write to. From version 4 on brokers ask it of each other, for several
//! transactions at once and also only to verify (KIP-890); whoever may act for the cluster may ask it here too.

use headrace_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction},
    add_partitions_to_txn_response::{
        AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
    },
};
use headrace_security::acls::AclOperation;
use headrace_transactions::Place;
use headrace_types::ErrorCode;

use super::{
    Context,
    transactional::{check_id, places, producer, told},
};
use crate::{close::Close, reply::Answer};

/// From this version on a request is about several transactions.
const BATCHED_SINCE: i16 = 4;
/// From this version on a fenced producer is told so.
const FENCED_SINCE: i16 = 2;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AddPartitionsToTxnRequest<'a>,
) -> Result<Answer<AddPartitionsToTxnResponse<'a>>, Close> {
    if context.version < BATCHED_SINCE {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: request.v3_and_below_topics,
        };
        let result = add(context, transaction).await;
        let results_by_topic_v3_and_below = result.topic_results;
        return Ok(AddPartitionsToTxnResponse { results_by_topic_v3_and_below, ..Default::default() }.into());
    }
    if let Err(error) = context.check_cluster(AclOperation::ClusterAction) {
        return Ok(AddPartitionsToTxnResponse { error_code: error.code(), ..Default::default() }.into());
    }
    let mut results_by_transaction = Vec::with_capacity(request.transactions.len());
    for transaction in request.transactions {
        results_by_transaction.push(add(context, transaction).await);
    }
    Ok(AddPartitionsToTxnResponse { results_by_transaction, ..Default::default() }.into())
}

async fn add<'a>(
    context: &Context<'_>,
    transaction: AddPartitionsToTxnTransaction<'a>,
) -> AddPartitionsToTxnResult<'a> {
    let AddPartitionsToTxnTransaction { transactional_id, producer_id, producer_epoch, verify_only, topics } =
        transaction;
    let resolved: Vec<Vec<Result<Place, ErrorCode>>> = topics
        .iter()
        .map(|topic| places(context, AclOperation::Write, &topic.name, &topic.partitions))
        .collect();
    let producer = producer(producer_id, producer_epoch);
    let judged: Vec<Vec<ErrorCode>> = if let Err(denied) = check_id(context, &transactional_id) {
        each(&resolved, |_| denied)
    } else if resolved.iter().flatten().any(Result::is_err) {
        // One that is not there keeps the others from being looked at.
        each(&resolved, |place| place.as_ref().err().copied().unwrap_or(ErrorCode::OperationNotAttempted))
    } else if verify_only {
        let verify = |place: &Place| context.broker.transactions.verify(&transactional_id, producer, place);
        each(&resolved, |place| {
            place.as_ref().map_err(|error| *error).and_then(verify).err().unwrap_or(ErrorCode::None)
        })
    } else {
        let wanted = resolved.iter().flatten().filter_map(|place| place.as_ref().ok().cloned()).collect();
        let added = context.broker.transactions.add(&transactional_id, producer, wanted).await;
        let error = added.err().map_or(ErrorCode::None, |error| told(error, context.version, FENCED_SINCE));
        each(&resolved, |_| error)
    };
    let topic_results =
        topics.into_iter().zip(judged).map(|(topic, errors)| result(topic, &errors)).collect();
    AddPartitionsToTxnResult { transactional_id, topic_results }
}

fn each(
    resolved: &[Vec<Result<Place, ErrorCode>>],
    judge: impl Fn(&Result<Place, ErrorCode>) -> ErrorCode,
) -> Vec<Vec<ErrorCode>> {
    resolved.iter().map(|places| places.iter().map(&judge).collect()).collect()
}

fn result<'a>(topic: AddPartitionsToTxnTopic<'a>, errors: &[ErrorCode]) -> AddPartitionsToTxnTopicResult<'a> {
    let row = |(index, error): (&i32, &ErrorCode)| AddPartitionsToTxnPartitionResult {
        partition_index: *index,
        partition_error_code: error.code(),
    };
    let results_by_partition = topic.partitions.iter().zip(errors).map(row).collect();
    AddPartitionsToTxnTopicResult { name: topic.name, results_by_partition }
}
