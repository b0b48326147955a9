//! `AlterPartitionReassignments` (KIP-455): with one broker a partition can only be asked to stay where it is.

use headrace_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    alter_partition_reassignments_response::{ReassignablePartitionResponse, ReassignableTopicResponse},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::DENIED};
use crate::{
    close::Close,
    reply::Answer,
    topics::{Refusal, TopicRef},
};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AlterPartitionReassignmentsRequest<'a>,
) -> Result<Answer<AlterPartitionReassignmentsResponse<'a>>, Close> {
    let allow_replication_factor_change = request.allow_replication_factor_change;
    if let Err(denied) = context.check_cluster(AclOperation::Alter) {
        let responses = request.topics.into_iter().map(|topic| refused(topic, denied));
        return Ok(AlterPartitionReassignmentsResponse {
            allow_replication_factor_change,
            error_code: denied.code(),
            error_message: Some(DENIED.into()),
            responses: responses.collect(),
            ..Default::default()
        }
        .into());
    }
    let topics = request.topics.into_iter();
    let responses = topics.map(|topic| reassign(context, topic, allow_replication_factor_change));
    let responses = responses.collect();
    Ok(AlterPartitionReassignmentsResponse {
        allow_replication_factor_change,
        responses,
        ..Default::default()
    }
    .into())
}

/// Clients read the row of a partition, and not what stands above all of them.
fn refused(topic: ReassignableTopic<'_>, denied: ErrorCode) -> ReassignableTopicResponse<'_> {
    let row = |asked: &ReassignablePartition| ReassignablePartitionResponse {
        partition_index: asked.partition_index,
        error_code: denied.code(),
        error_message: Some(DENIED.into()),
    };
    let partitions = topic.partitions.iter().map(row).collect();
    ReassignableTopicResponse { name: topic.name, partitions }
}

fn reassign<'a>(
    context: &Context<'_>,
    topic: ReassignableTopic<'a>,
    may_change_count: bool,
) -> ReassignableTopicResponse<'a> {
    let count = context.broker.topics.view(TopicRef::Name(&topic.name)).map(|view| view.partitions.len());
    let row = |asked: &ReassignablePartition| {
        let exists =
            usize::try_from(asked.partition_index).is_ok_and(|index| count.is_ok_and(|count| index < count));
        let checked = if exists {
            check(context.broker.config.broker_id, asked.replicas.as_deref(), may_change_count)
        } else {
            Err(Refusal::new(ErrorCode::UnknownTopicOrPartition, "there is no such partition"))
        };
        let (code, message) = checked
            .map_or_else(|refusal| (refusal.code, Some(refusal.message)), |()| (ErrorCode::None, None));
        ReassignablePartitionResponse {
            partition_index: asked.partition_index,
            error_code: code.code(),
            error_message: message.map(Into::into),
        }
    };
    let partitions = topic.partitions.iter().map(row).collect();
    ReassignableTopicResponse { name: topic.name, partitions }
}

/// Null ends a move, and there is none.
fn check(broker_id: i32, replicas: Option<&[i32]>, may_change_count: bool) -> Result<(), Refusal> {
    let Some(replicas) = replicas else {
        let message = "the partition is not being moved";
        return Err(Refusal::new(ErrorCode::NoReassignmentInProgress, message));
    };
    if replicas == [broker_id] {
        return Ok(());
    }
    let is_ours = !replicas.is_empty() && replicas.iter().all(|replica| *replica == broker_id);
    let code = if !may_change_count && !is_ours && replicas.len() > 1 {
        ErrorCode::InvalidReplicationFactor
    } else {
        ErrorCode::InvalidReplicaAssignment
    };
    let message = format!("every partition has one replica, on broker {broker_id}: there is no other broker");
    Err(Refusal::new(code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_may_stay_where_it_is_and_go_nowhere() {
        let code = |replicas| check(1, replicas, true).map_err(|refusal| refusal.code);
        assert_eq!(code(Some(&[1])), Ok(()));
        assert_eq!(code(None), Err(ErrorCode::NoReassignmentInProgress));
        for replicas in [&[][..], &[2], &[1, 1], &[1, 2]] {
            assert_eq!(code(Some(replicas)), Err(ErrorCode::InvalidReplicaAssignment));
        }
    }
}
