//! `ElectLeaders`: every partition has one replica. Where it leads no election is needed, and where it is offline none helps.

use headrace_protocol::messages::{
    ElectLeadersRequest, ElectLeadersResponse,
    elect_leaders_request::TopicPartitions,
    elect_leaders_response::{PartitionResult, ReplicaElectionResult},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::DENIED};
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

/// From this version on the response as a whole has an error; before, each partition carries it.
const ERROR_SINCE: i16 = 1;

/// What the client wishes for (`ElectionType` of Apache Kafka).
#[derive(Clone, Copy)]
enum Election {
    Preferred,
    Unclean,
}

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: ElectLeadersRequest<'a>,
) -> Result<Answer<ElectLeadersResponse<'a>>, Close> {
    let election = match request.election_type {
        0 => Election::Preferred,
        1 => Election::Unclean,
        _ => {
            let error_code = ErrorCode::InvalidRequest.code();
            return Ok(ElectLeadersResponse { error_code, ..Default::default() }.into());
        }
    };
    if let Err(denied) = context.check_cluster(AclOperation::Alter) {
        let asked = request.topic_partitions.unwrap_or_default().into_iter();
        return Ok(ElectLeadersResponse {
            error_code: if context.version < ERROR_SINCE { ErrorCode::None } else { denied }.code(),
            replica_election_results: asked.map(|topic| elect_none(topic, denied)).collect(),
            ..Default::default()
        }
        .into());
    }
    let replica_election_results = match request.topic_partitions {
        Some(asked) => asked.into_iter().map(|topic| elect(context, topic, election)).collect(),
        None => context.broker.topics.views().iter().filter_map(|view| elect_all(view, election)).collect(),
    };
    Ok(ElectLeadersResponse { replica_election_results, ..Default::default() }.into())
}

fn elect<'a>(
    context: &Context<'_>,
    asked: TopicPartitions<'a>,
    election: Election,
) -> ReplicaElectionResult<'a> {
    let view = context.broker.topics.view(TopicRef::Name(&asked.topic));
    let results = asked.partitions.iter().map(|index| match &view {
        Ok(view) => result(*index, outcome(view, *index, election)),
        Err(code) => result(*index, *code),
    });
    let partition_result = results.collect();
    ReplicaElectionResult { topic: asked.topic, partition_result }
}

/// The same for every partition, whether there is one or not.
fn elect_none(asked: TopicPartitions<'_>, denied: ErrorCode) -> ReplicaElectionResult<'_> {
    let partition_result = asked.partitions.iter().map(|index| result(*index, denied)).collect();
    ReplicaElectionResult { topic: asked.topic, partition_result }
}

/// Where all partitions are meant, those that need no election have no row, as in Apache Kafka.
fn elect_all<'a>(view: &TopicView, election: Election) -> Option<ReplicaElectionResult<'a>> {
    let indexes = 0..view.partitions.len() as i32;
    let failed = indexes.map(|index| (index, outcome(view, index, election)));
    let failed = failed.filter(|(_, code)| *code != ErrorCode::ElectionNotNeeded);
    let partition_result: Vec<_> = failed.map(|(index, code)| result(index, code)).collect();
    (!partition_result.is_empty())
        .then(|| ReplicaElectionResult { topic: view.name.clone().into(), partition_result })
}

fn outcome(view: &TopicView, index: i32, election: Election) -> ErrorCode {
    let partition = usize::try_from(index).ok().and_then(|index| view.partitions.get(index));
    match (partition, election) {
        (None, _) => ErrorCode::UnknownTopicOrPartition,
        (Some(Some(_)), _) => ErrorCode::ElectionNotNeeded,
        (Some(None), Election::Preferred) => ErrorCode::PreferredLeaderNotAvailable,
        (Some(None), Election::Unclean) => ErrorCode::EligibleLeadersNotAvailable,
    }
}

fn result<'a>(index: i32, code: ErrorCode) -> PartitionResult<'a> {
    let message = match code {
        ErrorCode::ElectionNotNeeded => "the partition has its leader: no election is needed",
        ErrorCode::UnknownTopicOrPartition => "there is no such partition",
        ErrorCode::ClusterAuthorizationFailed => DENIED,
        _ => "the only replica of the partition is offline, because its files are damaged",
    };
    PartitionResult { partition_id: index, error_code: code.code(), error_message: Some(message.into()) }
}
