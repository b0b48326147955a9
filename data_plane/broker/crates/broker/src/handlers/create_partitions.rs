//! `CreatePartitions`: gives topics more partitions; each topic of a request has its own result.

use headrace_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse,
    create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic},
    create_partitions_response::CreatePartitionsTopicResult,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::denied};
use crate::{access::check_writes, close::Close, reply::Answer, topics::Refusal};

/// From this version on clients know that too many changes are refused (KIP-599).
const REFUSED_QUOTA_SINCE: i16 = 3;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: CreatePartitionsRequest<'a>,
) -> Result<Answer<CreatePartitionsResponse<'a>>, Close> {
    let names: Vec<_> = request.topics.iter().map(|topic| topic.name.clone()).collect();
    let mut results = Vec::with_capacity(names.len());
    for topic in request.topics {
        let grown = if names.iter().filter(|name| **name == topic.name).count() > 1 {
            Err(Refusal::new(ErrorCode::InvalidRequest, "the request names this topic more than once"))
        } else {
            grow(context, &topic, request.validate_only)
        };
        let (error_code, error_message) = match grown {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(refusal.message.into())),
        };
        results.push(CreatePartitionsTopicResult {
            name: topic.name,
            error_code: error_code.code(),
            error_message,
        });
    }
    Ok(CreatePartitionsResponse { results, ..Default::default() }.into())
}

fn grow(
    context: &Context<'_>,
    topic: &CreatePartitionsTopic<'_>,
    validate_only: bool,
) -> Result<(), Refusal> {
    let topics = &context.broker.topics;
    context.check_topic(AclOperation::Alter, &topic.name).map_err(denied)?;
    check_writes(context.broker.security.access())?;
    let present = topics.plan_growth(&topic.name, topic.count)?;
    if let Some(assignments) = &topic.assignments {
        check_assignments(assignments, context.broker.config.broker_id, topic.count - present)?;
    }
    if validate_only {
        return Ok(());
    }
    context.charge_mutations((topic.count - present).unsigned_abs() as usize, REFUSED_QUOTA_SINCE)?;
    topics.grow(&topic.name, topic.count)
}

fn check_assignments(
    assignments: &[CreatePartitionsAssignment],
    broker_id: i32,
    added: i32,
) -> Result<(), Refusal> {
    let ours = assignments.iter().all(|assignment| assignment.broker_ids == [broker_id]);
    if ours && assignments.len() == added as usize {
        return Ok(());
    }
    let message = format!("{added} partitions are added: each must be assigned to broker {broker_id} alone");
    Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message))
}
