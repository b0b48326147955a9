//! For every API a request about something that may not be known, and what its answer gives away.

use bytes::Bytes;
use headrace_protocol::{
    ApiKey, decode_response,
    messages::{
        AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
        AddPartitionsToTxnResponse, AlterClientQuotasRequest, AlterClientQuotasResponse, AlterConfigsRequest,
        AlterConfigsResponse, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
        AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, CreateAclsRequest,
        CreateAclsResponse, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
        CreateTopicsResponse, DeleteAclsRequest, DeleteAclsResponse, DeleteGroupsRequest,
        DeleteGroupsResponse, DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest,
        DeleteTopicsResponse, DescribeAclsResponse, DescribeClientQuotasRequest,
        DescribeClientQuotasResponse, DescribeClusterRequest, DescribeClusterResponse,
        DescribeConfigsRequest, DescribeConfigsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
        DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest, DescribeProducersResponse,
        DescribeQuorumRequest, DescribeQuorumResponse, DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse, DescribeTransactionsRequest, DescribeTransactionsResponse,
        DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, ElectLeadersRequest,
        ElectLeadersResponse, EndTxnRequest, EndTxnResponse, FetchRequest, FetchResponse,
        FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse,
        IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, InitProducerIdRequest,
        InitProducerIdResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
        ListConfigResourcesRequest, ListConfigResourcesResponse, ListGroupsRequest, ListGroupsResponse,
        ListOffsetsRequest, ListOffsetsResponse, ListPartitionReassignmentsRequest,
        ListPartitionReassignmentsResponse, ListTransactionsRequest, ListTransactionsResponse,
        MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest,
        OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetForLeaderEpochRequest,
        OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse, SyncGroupRequest, SyncGroupResponse,
        TxnOffsetCommitRequest, TxnOffsetCommitResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
        WriteTxnMarkersRequest, WriteTxnMarkersResponse,
        add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction},
        alter_client_quotas_request, alter_configs_request,
        alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
        alter_user_scram_credentials_request::ScramCredentialDeletion,
        create_partitions_request::CreatePartitionsTopic,
        create_topics_request::CreatableTopic,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        delete_topics_request::DeleteTopicState,
        describe_configs_request::DescribeConfigsResource,
        describe_log_dirs_request::DescribableLogDirTopic,
        describe_producers_request, describe_topic_partitions_request,
        elect_leaders_request::TopicPartitions,
        fetch_request::{FetchPartition, FetchTopic},
        incremental_alter_configs_request,
        join_group_request::JoinGroupRequestProtocol,
        leave_group_request::MemberIdentity,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        metadata_request::MetadataRequestTopic,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
        offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
        offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
        txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic},
        write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic},
    },
};
use headrace_records::BatchBuilder;
use uuid::Uuid;

use crate::{
    rules::{ALL, ALLOW, ONE, TOPIC, anything, as_deletion, rule},
    support::Client,
};

const TOPIC_DENIED: &[i16] = &[29];
const GROUP_DENIED: &[i16] = &[30];
const CLUSTER_DENIED: &[i16] = &[31];
const TRANSACTION_DENIED: &[i16] = &[53];
/// From version 4 on a broker asks, and must be allowed to act for the cluster.
const TRANSACTION_OR_CLUSTER_DENIED: &[i16] = &[53, 31];
/// Where things are listed, nothing is.
const NOTHING: &[i16] = &[];

/// A topic and a group of whose names the beginning is known, whether or not they exist.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) prefix: &'static str,
    pub(crate) id: Uuid,
}

/// An answer: the whole of it, and the error codes of everything that was asked for, or of everything listed.
pub(crate) struct Observed {
    pub(crate) frame: Bytes,
    pub(crate) codes: Vec<i16>,
}

/// A question about a target.
pub(crate) struct Probe {
    pub(crate) key: ApiKey,
    pub(crate) label: &'static str,
    /// What it answers to who may not know.
    pub(crate) refusal: &'static [i16],
    /// From this version on topics are named by id, which is no secret (Kafka: "not considered sensitive information").
    pub(crate) ids_since: i16,
    pub(crate) ask: fn(&mut Client, i16, Target) -> Observed,
}

impl Target {
    fn topic(self) -> String {
        format!("{}-orders", self.prefix)
    }

    fn group(self) -> String {
        format!("{}-readers", self.prefix)
    }

    /// A transactional id of which the beginning is known.
    pub(crate) fn transactional_id(self) -> String {
        format!("{}-writer", self.prefix)
    }

    /// Name and id of the topic, each where the version has it.
    fn topic_in(self, version: i16, ids_since: i16) -> (String, Uuid) {
        if version >= ids_since { (String::new(), self.id) } else { (self.topic(), Uuid::nil()) }
    }
}

/// Sends a request; the codes are those that `$codes` finds in the response.
macro_rules! ask {
    ($client:expr, $version:expr, $request:expr, $answer:ty, $response:ident => $codes:expr) => {{
        let sent = $client.request(&$request, $version);
        let frame = $client.read_frame().expect("the broker closed the connection");
        let kept = frame.clone();
        let (answered, $response): (i32, $answer) = decode_response(&kept, $version).unwrap();
        assert_eq!(answered, sent);
        Observed { frame, codes: $codes.into_iter().collect() }
    }};
}

macro_rules! probes {
    ($($key:ident $label:literal $refusal:expr, $ids_since:expr, $ask:expr;)*) => {
        /// Every question, those that destroy something last.
        pub(crate) const PROBES: &[Probe] = &[
            $(Probe {
                key: ApiKey::$key, label: $label, refusal: $refusal, ids_since: $ids_since, ask: $ask,
            },)*
        ];
    };
}

/// Later than every version: topics are named by name.
const NEVER: i16 = i16::MAX;

probes! {
    Metadata "of a name" TOPIC_DENIED, NEVER, |client, version, target| {
        let topics = Some(vec![MetadataRequestTopic { name: Some(target.topic().into()), ..Default::default() }]);
        let request = MetadataRequest { topics, ..Default::default() };
        ask!(client, version, request, MetadataResponse<'_>, response =>
            response.topics.iter().map(|topic| topic.error_code))
    };
    Metadata "of all" NOTHING, NEVER, |client, version, _| {
        let topics = (version == 0).then(Vec::new);
        let request = MetadataRequest { topics, ..Default::default() };
        ask!(client, version, request, MetadataResponse<'_>, response =>
            response.topics.iter().map(|topic| topic.error_code))
    };
    DescribeCluster "operations" &[0], NEVER, |client, version, _| {
        let request = DescribeClusterRequest { endpoint_type: 1, include_cluster_authorized_operations: true, ..Default::default() };
        ask!(client, version, request, DescribeClusterResponse<'_>, response =>
            [response.cluster_authorized_operations as i16])
    };
    Produce "" TOPIC_DENIED, 13, |client, version, target| {
        let (name, topic_id) = target.topic_in(version, 13);
        let records = Some(BatchBuilder::new().value(b"x").build().into());
        let partition_data = vec![PartitionProduceData { index: 0, records }];
        let topic_data = vec![TopicProduceData { name: name.into(), topic_id, partition_data }];
        let request = ProduceRequest { acks: -1, timeout_ms: 5000, topic_data, ..Default::default() };
        ask!(client, version, request, ProduceResponse<'_>, response =>
            response.responses.iter().flat_map(|topic| &topic.partition_responses).map(|row| row.error_code))
    };
    Fetch "" TOPIC_DENIED, 13, |client, version, target| {
        let (topic, topic_id) = target.topic_in(version, 13);
        let partitions = vec![FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() }];
        let topics = vec![FetchTopic { topic: topic.into(), topic_id, partitions }];
        let request = FetchRequest { topics, max_bytes: 1 << 20, ..Default::default() };
        ask!(client, version, request, FetchResponse<'_>, response =>
            response.responses.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    ListOffsets "" TOPIC_DENIED, NEVER, |client, version, target| {
        let partitions = vec![ListOffsetsPartition { timestamp: -1, ..Default::default() }];
        let topics = vec![ListOffsetsTopic { name: target.topic().into(), partitions }];
        let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
        ask!(client, version, request, ListOffsetsResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    OffsetForLeaderEpoch "" TOPIC_DENIED, NEVER, |client, version, target| {
        let partitions = vec![OffsetForLeaderPartition { current_leader_epoch: -1, ..Default::default() }];
        let topics = vec![OffsetForLeaderTopic { topic: target.topic().into(), partitions }];
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics };
        ask!(client, version, request, OffsetForLeaderEpochResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    DescribeProducers "" TOPIC_DENIED, NEVER, |client, version, target| {
        let topics = vec![describe_producers_request::TopicRequest { name: target.topic().into(), partition_indexes: vec![0] }];
        ask!(client, version, DescribeProducersRequest { topics }, DescribeProducersResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    DescribeTopicPartitions "of a name" TOPIC_DENIED, NEVER, |client, version, target| {
        let topics = vec![describe_topic_partitions_request::TopicRequest { name: target.topic().into() }];
        let request = DescribeTopicPartitionsRequest { topics, response_partition_limit: 10, cursor: None };
        ask!(client, version, request, DescribeTopicPartitionsResponse<'_>, response =>
            response.topics.iter().map(|topic| topic.error_code))
    };
    DescribeTopicPartitions "of all" NOTHING, NEVER, |client, version, _| {
        let request = DescribeTopicPartitionsRequest { topics: vec![], response_partition_limit: 10, cursor: None };
        ask!(client, version, request, DescribeTopicPartitionsResponse<'_>, response =>
            response.topics.iter().map(|topic| topic.error_code))
    };
    DescribeLogDirs "of a name" NOTHING, NEVER, |client, version, target| {
        let topics = Some(vec![DescribableLogDirTopic { topic: target.topic().into(), partitions: vec![0] }]);
        ask!(client, version, DescribeLogDirsRequest { topics }, DescribeLogDirsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    DescribeLogDirs "of all" NOTHING, NEVER, |client, version, _| {
        ask!(client, version, DescribeLogDirsRequest { topics: None }, DescribeLogDirsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    DescribeConfigs "of a topic" TOPIC_DENIED, NEVER, |client, version, target| {
        let resources = vec![DescribeConfigsResource { resource_type: TOPIC, resource_name: target.topic().into(), configuration_keys: None }];
        ask!(client, version, DescribeConfigsRequest { resources, ..Default::default() }, DescribeConfigsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    DescribeConfigs "of the broker" CLUSTER_DENIED, NEVER, |client, version, _| {
        let resources = vec![DescribeConfigsResource { resource_type: 4, resource_name: "1".into(), configuration_keys: None }];
        ask!(client, version, DescribeConfigsRequest { resources, ..Default::default() }, DescribeConfigsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    ListConfigResources "" CLUSTER_DENIED, NEVER, |client, version, _| {
        ask!(client, version, ListConfigResourcesRequest::default(), ListConfigResourcesResponse<'_>, response =>
            [response.error_code])
    };
    ElectLeaders "" CLUSTER_DENIED, NEVER, |client, version, target| {
        let topic_partitions = Some(vec![TopicPartitions { topic: target.topic().into(), partitions: vec![0] }]);
        let request = ElectLeadersRequest { topic_partitions, ..Default::default() };
        ask!(client, version, request, ElectLeadersResponse<'_>, response =>
            response.replica_election_results.iter().flat_map(|topic| &topic.partition_result).map(|row| row.error_code))
    };
    ListPartitionReassignments "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = ListPartitionReassignmentsRequest::default();
        ask!(client, version, request, ListPartitionReassignmentsResponse<'_>, response => [response.error_code])
    };
    AlterPartitionReassignments "" CLUSTER_DENIED, NEVER, |client, version, target| {
        let partitions = vec![ReassignablePartition { partition_index: 0, replicas: Some(vec![1]) }];
        let topics = vec![ReassignableTopic { name: target.topic().into(), partitions }];
        let request = AlterPartitionReassignmentsRequest { topics, ..Default::default() };
        ask!(client, version, request, AlterPartitionReassignmentsResponse<'_>, response => [response.error_code])
    };
    DescribeQuorum "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = DescribeQuorumRequest::default();
        ask!(client, version, request, DescribeQuorumResponse<'_>, response => [response.error_code])
    };
    UpdateFeatures "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = UpdateFeaturesRequest::default();
        ask!(client, version, request, UpdateFeaturesResponse<'_>, response => [response.error_code])
    };
    InitProducerId "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = InitProducerIdRequest { transactional_id: None, ..Default::default() };
        ask!(client, version, request, InitProducerIdResponse, response => [response.error_code])
    };
    FindCoordinator "of a group" GROUP_DENIED, NEVER, |client, version, target| {
        let mut request = FindCoordinatorRequest::default();
        if version >= 4 {
            request.coordinator_keys = vec![target.group().into()];
        } else {
            request.key = target.group().into();
        }
        ask!(client, version, request, FindCoordinatorResponse<'_>, response => {
            let single = (version < 4).then_some(response.error_code);
            single.into_iter().chain(response.coordinators.iter().map(|row| row.error_code)).collect::<Vec<_>>()
        })
    };
    InitProducerId "with a transactional id" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let request = InitProducerIdRequest { transactional_id: Some(target.transactional_id().into()), transaction_timeout_ms: 1, ..Default::default() };
        ask!(client, version, request, InitProducerIdResponse, response => [response.error_code])
    };
    FindCoordinator "of a transactional id" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let mut request = FindCoordinatorRequest { key_type: i8::from(version >= 1), ..Default::default() };
        let key = if version >= 1 { target.transactional_id() } else { target.group() };
        if version >= 4 {
            request.coordinator_keys = vec![key.into()];
        } else {
            request.key = key.into();
        }
        ask!(client, version, request, FindCoordinatorResponse<'_>, response => {
            // Version 0 knows groups alone.
            let told = |code| if version == 0 && code == GROUP_DENIED[0] { TRANSACTION_DENIED[0] } else { code };
            let single = (version < 4).then_some(told(response.error_code));
            single.into_iter().chain(response.coordinators.iter().map(|row| row.error_code)).collect::<Vec<_>>()
        })
    };
    JoinGroup "" GROUP_DENIED, NEVER, |client, version, target| {
        let protocols = vec![JoinGroupRequestProtocol { name: "range".into(), metadata: b"".as_slice().into() }];
        let request = JoinGroupRequest {
            group_id: target.group().into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 10_000,
            protocol_type: "consumer".into(),
            protocols,
            ..Default::default()
        };
        ask!(client, version, request, JoinGroupResponse<'_>, response => [response.error_code])
    };
    SyncGroup "" GROUP_DENIED, NEVER, |client, version, target| {
        let request = SyncGroupRequest {
            group_id: target.group().into(),
            member_id: "m".into(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            ..Default::default()
        };
        ask!(client, version, request, SyncGroupResponse<'_>, response => [response.error_code])
    };
    Heartbeat "" GROUP_DENIED, NEVER, |client, version, target| {
        let request = HeartbeatRequest { group_id: target.group().into(), member_id: "m".into(), ..Default::default() };
        ask!(client, version, request, HeartbeatResponse, response => [response.error_code])
    };
    LeaveGroup "" GROUP_DENIED, NEVER, |client, version, target| {
        let mut request = LeaveGroupRequest { group_id: target.group().into(), ..Default::default() };
        if version >= 3 {
            request.members = vec![MemberIdentity { member_id: "m".into(), ..Default::default() }];
        } else {
            request.member_id = "m".into();
        }
        ask!(client, version, request, LeaveGroupResponse<'_>, response => [response.error_code])
    };
    OffsetCommit "" GROUP_DENIED, 10, |client, version, target| {
        let (name, topic_id) = target.topic_in(version, 10);
        let partitions = vec![OffsetCommitRequestPartition::default()];
        let topics = vec![OffsetCommitRequestTopic { name: name.into(), topic_id, partitions }];
        let request = OffsetCommitRequest { group_id: target.group().into(), generation_id_or_member_epoch: -1, topics, ..Default::default() };
        ask!(client, version, request, OffsetCommitResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    OffsetFetch "" GROUP_DENIED, NEVER, |client, version, target| {
        let mut request = OffsetFetchRequest::default();
        if version >= 8 {
            let (name, topic_id) = target.topic_in(version, 10);
            let topics = Some(vec![OffsetFetchRequestTopics { name: name.into(), topic_id, partition_indexes: vec![0] }]);
            request.groups = vec![OffsetFetchRequestGroup { group_id: target.group().into(), topics, ..Default::default() }];
        } else {
            request.group_id = target.group().into();
            request.topics = Some(vec![OffsetFetchRequestTopic { name: target.topic().into(), partition_indexes: vec![0] }]);
        }
        ask!(client, version, request, OffsetFetchResponse<'_>, response => {
            let partitions = response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code);
            let groups = response.groups.iter().map(|group| group.error_code);
            let single = (2..8).contains(&version).then_some(response.error_code);
            partitions.chain(groups).chain(single).collect::<Vec<_>>()
        })
    };
    DescribeGroups "" GROUP_DENIED, NEVER, |client, version, target| {
        let request = DescribeGroupsRequest { groups: vec![target.group().into()], ..Default::default() };
        ask!(client, version, request, DescribeGroupsResponse<'_>, response =>
            response.groups.iter().map(|group| group.error_code))
    };
    ListGroups "" NOTHING, NEVER, |client, version, _| {
        ask!(client, version, ListGroupsRequest::default(), ListGroupsResponse<'_>, response =>
            response.groups.iter().map(|_| response.error_code))
    };
    DescribeAcls "" CLUSTER_DENIED, NEVER, |client, version, _| {
        ask!(client, version, anything(), DescribeAclsResponse<'_>, response => [response.error_code])
    };
    CreateAcls "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = CreateAclsRequest { creations: vec![rule(TOPIC, "*", ONE, ALL, ALLOW)] };
        ask!(client, version, request, CreateAclsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    DescribeClientQuotas "" CLUSTER_DENIED, NEVER, |client, version, _| {
        ask!(client, version, DescribeClientQuotasRequest::default(), DescribeClientQuotasResponse<'_>, response =>
            [response.error_code])
    };
    AlterClientQuotas "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let entity = vec![alter_client_quotas_request::EntityData { entity_type: "user".into(), entity_name: Some("hk_one".into()) }];
        let entries = vec![alter_client_quotas_request::EntryData { entity, ops: vec![] }];
        ask!(client, version, AlterClientQuotasRequest { entries, validate_only: true }, AlterClientQuotasResponse<'_>, response =>
            response.entries.iter().map(|row| row.error_code))
    };
    DescribeUserScramCredentials "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = DescribeUserScramCredentialsRequest::default();
        ask!(client, version, request, DescribeUserScramCredentialsResponse<'_>, response => [response.error_code])
    };
    AlterUserScramCredentials "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let deletions = vec![ScramCredentialDeletion { name: "somebody".into(), mechanism: 1 }];
        let request = AlterUserScramCredentialsRequest { deletions, upsertions: vec![] };
        ask!(client, version, request, AlterUserScramCredentialsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    CreateTopics "" TOPIC_DENIED, NEVER, |client, version, target| {
        let topic = CreatableTopic { name: target.topic().into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: true };
        ask!(client, version, request, CreateTopicsResponse<'_>, response =>
            response.topics.iter().map(|row| row.error_code))
    };
    CreatePartitions "" TOPIC_DENIED, NEVER, |client, version, target| {
        let topics = vec![CreatePartitionsTopic { name: target.topic().into(), count: 9, assignments: None }];
        let request = CreatePartitionsRequest { topics, timeout_ms: 1000, validate_only: true };
        ask!(client, version, request, CreatePartitionsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    AlterConfigs "" TOPIC_DENIED, NEVER, |client, version, target| {
        let resources = vec![alter_configs_request::AlterConfigsResource { resource_type: TOPIC, resource_name: target.topic().into(), configs: vec![] }];
        ask!(client, version, AlterConfigsRequest { resources, validate_only: true }, AlterConfigsResponse<'_>, response =>
            response.responses.iter().map(|row| row.error_code))
    };
    IncrementalAlterConfigs "" TOPIC_DENIED, NEVER, |client, version, target| {
        let resources = vec![incremental_alter_configs_request::AlterConfigsResource { resource_type: TOPIC, resource_name: target.topic().into(), configs: vec![] }];
        ask!(client, version, IncrementalAlterConfigsRequest { resources, validate_only: true }, IncrementalAlterConfigsResponse<'_>, response =>
            response.responses.iter().map(|row| row.error_code))
    };
    DeleteRecords "" TOPIC_DENIED, NEVER, |client, version, target| {
        let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 0 }];
        let topics = vec![DeleteRecordsTopic { name: target.topic().into(), partitions }];
        ask!(client, version, DeleteRecordsRequest { topics, timeout_ms: 1000 }, DeleteRecordsResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    OffsetDelete "" GROUP_DENIED, NEVER, |client, version, target| {
        let partitions = vec![OffsetDeleteRequestPartition { partition_index: 0 }];
        let topics = vec![OffsetDeleteRequestTopic { name: target.topic().into(), partitions }];
        let request = OffsetDeleteRequest { group_id: target.group().into(), topics };
        ask!(client, version, request, OffsetDeleteResponse<'_>, response => [response.error_code])
    };
    DeleteGroups "" GROUP_DENIED, NEVER, |client, version, target| {
        let request = DeleteGroupsRequest { groups_names: vec![target.group().into()] };
        ask!(client, version, request, DeleteGroupsResponse<'_>, response =>
            response.results.iter().map(|row| row.error_code))
    };
    DeleteTopics "" TOPIC_DENIED, NEVER, |client, version, target| {
        let mut request = DeleteTopicsRequest { timeout_ms: 1000, ..Default::default() };
        if version >= 6 {
            request.topics = vec![DeleteTopicState { name: Some(target.topic().into()), topic_id: Uuid::nil() }];
        } else {
            request.topic_names = vec![target.topic().into()];
        }
        ask!(client, version, request, DeleteTopicsResponse<'_>, response =>
            response.responses.iter().map(|row| row.error_code))
    };
    DeleteAcls "" CLUSTER_DENIED, NEVER, |client, version, _| {
        let request = DeleteAclsRequest { filters: vec![as_deletion(&anything())] };
        ask!(client, version, request, DeleteAclsResponse<'_>, response =>
            response.filter_results.iter().map(|row| row.error_code))
    };
    AddPartitionsToTxn "" TRANSACTION_OR_CLUSTER_DENIED, NEVER, |client, version, target| {
        let topics = vec![AddPartitionsToTxnTopic { name: target.topic().into(), partitions: vec![0] }];
        let request = if version < 4 {
            AddPartitionsToTxnRequest { v3_and_below_transactional_id: target.transactional_id().into(), v3_and_below_topics: topics, ..Default::default() }
        } else {
            let transactional_id = target.transactional_id().into();
            AddPartitionsToTxnRequest { transactions: vec![AddPartitionsToTxnTransaction { transactional_id, topics, ..Default::default() }], ..Default::default() }
        };
        ask!(client, version, request, AddPartitionsToTxnResponse<'_>, response => {
            let rows = response.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
            let whole = (version >= 4).then_some(response.error_code);
            rows.map(|row| row.partition_error_code).chain(whole).collect::<Vec<_>>()
        })
    };
    AddOffsetsToTxn "" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let request = AddOffsetsToTxnRequest { transactional_id: target.transactional_id().into(), group_id: target.group().into(), ..Default::default() };
        ask!(client, version, request, AddOffsetsToTxnResponse, response => [response.error_code])
    };
    EndTxn "" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let request = EndTxnRequest { transactional_id: target.transactional_id().into(), ..Default::default() };
        ask!(client, version, request, EndTxnResponse, response => [response.error_code])
    };
    WriteTxnMarkers "" CLUSTER_DENIED, NEVER, |client, version, target| {
        let topics = vec![WritableTxnMarkerTopic { name: target.topic().into(), partition_indexes: vec![0] }];
        let request = WriteTxnMarkersRequest { markers: vec![WritableTxnMarker { topics, producer_id: 5, ..Default::default() }] };
        ask!(client, version, request, WriteTxnMarkersResponse<'_>, response =>
            response.markers.iter().flat_map(|marker| &marker.topics).flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    TxnOffsetCommit "" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let partitions = vec![TxnOffsetCommitRequestPartition::default()];
        let topics = vec![TxnOffsetCommitRequestTopic { name: target.topic().into(), partitions }];
        let request = TxnOffsetCommitRequest { transactional_id: target.transactional_id().into(), group_id: target.group().into(), topics, ..Default::default() };
        ask!(client, version, request, TxnOffsetCommitResponse<'_>, response =>
            response.topics.iter().flat_map(|topic| &topic.partitions).map(|row| row.error_code))
    };
    DescribeTransactions "" TRANSACTION_DENIED, NEVER, |client, version, target| {
        let request = DescribeTransactionsRequest { transactional_ids: vec![target.transactional_id().into()] };
        ask!(client, version, request, DescribeTransactionsResponse<'_>, response =>
            response.transaction_states.iter().map(|row| row.error_code))
    };
    ListTransactions "" NOTHING, NEVER, |client, version, _| {
        ask!(client, version, ListTransactionsRequest::default(), ListTransactionsResponse<'_>, response =>
            response.transaction_states.iter().map(|_| response.error_code))
    };
}
