//! `DescribeTransactions` (KIP-664): where transactions stand, and what they have written to.

use std::{borrow::Cow, collections::BTreeMap};

use headrace_protocol::messages::{
    DescribeTransactionsRequest, DescribeTransactionsResponse,
    describe_transactions_response::{TopicData, TransactionState},
};
use headrace_security::acls::AclOperation;
use headrace_transactions::{Description, Place};
use headrace_types::ErrorCode;

use super::Context;
use crate::{close::Close, reply::Answer};

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: DescribeTransactionsRequest<'a>,
) -> Result<Answer<DescribeTransactionsResponse<'a>>, Close> {
    let states = request.transactional_ids.into_iter().map(|id| describe(context, id));
    Ok(DescribeTransactionsResponse { transaction_states: states.collect(), ..Default::default() }.into())
}

fn describe<'a>(context: &Context<'_>, transactional_id: Cow<'a, str>) -> TransactionState<'a> {
    let described = if !context.may_on_transactional_id(AclOperation::Describe, &transactional_id) {
        Err(ErrorCode::TransactionalIdAuthorizationFailed)
    } else if transactional_id.is_empty() {
        Err(ErrorCode::InvalidRequest)
    } else {
        context.broker.transactions.describe(&transactional_id).ok_or(ErrorCode::TransactionalIdNotFound)
    };
    match described {
        Ok(transaction) => TransactionState {
            topics: topics(context, &transaction),
            transactional_id,
            transaction_state: transaction.state.name().into(),
            transaction_timeout_ms: transaction.timeout_ms,
            transaction_start_time_ms: transaction.started_at_ms,
            producer_id: transaction.producer.id,
            producer_epoch: transaction.producer.epoch,
            ..Default::default()
        },
        Err(error) => TransactionState { error_code: error.code(), transactional_id, ..Default::default() },
    }
}

/// Only topics that whoever asks may see. Groups are no partitions here.
fn topics(context: &Context<'_>, transaction: &Description) -> Vec<TopicData<'static>> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for place in &transaction.places {
        let Place::Partition(partition) = place else { continue };
        let Some(name) = context.broker.topics.name_of(partition.topic) else { continue };
        if context.may_on_topic(AclOperation::Describe, name.as_str()) {
            topics.entry(name.to_string()).or_default().push(partition.partition.get());
        }
    }
    topics.into_iter().map(|(topic, partitions)| TopicData { topic: topic.into(), partitions }).collect()
}
