//! Every API answers in every version that it advertises, and without an error where there is none.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod support;

use std::borrow::Cow;

use headrace_protocol::{
    ApiKey,
    messages::{
        AlterConfigsRequest, AlterConfigsResponse, CreatePartitionsRequest, CreatePartitionsResponse,
        CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
        DeleteTopicsRequest, DeleteTopicsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
        DescribeLogDirsRequest, DescribeLogDirsResponse, FetchRequest, FetchResponse, FindCoordinatorRequest,
        FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, IncrementalAlterConfigsRequest,
        IncrementalAlterConfigsResponse, InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest,
        JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListConfigResourcesRequest,
        ListConfigResourcesResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest,
        MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
        OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse,
        SyncGroupRequest, SyncGroupResponse, alter_configs_request,
        create_partitions_request::CreatePartitionsTopic,
        create_topics_request::CreatableTopic,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        delete_topics_request::DeleteTopicState,
        describe_configs_request::DescribeConfigsResource,
        fetch_request::{FetchPartition, FetchTopic},
        incremental_alter_configs_request,
        join_group_request::JoinGroupRequestProtocol,
        leave_group_request::MemberIdentity,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        metadata_request::MetadataRequestTopic,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
        offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
        sync_group_request::SyncGroupRequestAssignment,
    },
};
use headrace_records::BatchBuilder;
use support::{Broker, Client};
use uuid::Uuid;

const TOPIC: &str = "orders";
const TOPIC_RESOURCE: i8 = 2;
const MEMBER_ID_REQUIRED: i16 = 79;

/// The versions that the broker advertises and serves.
fn versions(client: &mut Client, key: ApiKey) -> Vec<i16> {
    let response = client.api_versions(4);
    let row = response.api_keys.iter().find(|row| row.api_key == key as i16);
    let row = row.unwrap_or_else(|| panic!("{} is not advertised", key.name()));
    // The first versions of Produce are advertised and not served.
    (row.min_version.max(*key.versions().start())..=row.max_version).collect()
}

/// A broker with one topic, and the topic's id.
fn broker_with_topic() -> (Broker, Client, Uuid) {
    let broker = Broker::dev();
    let mut client = broker.connect();
    let topic = MetadataRequestTopic { name: Some(TOPIC.into()), ..Default::default() };
    let id = client.request(&MetadataRequest { topics: Some(vec![topic]), ..Default::default() }, 12);
    let response: MetadataResponse<'_> = client.response(id, 12);
    let topic_id = response.topics[0].topic_id;
    drop(response);
    (broker, client, topic_id)
}

/// Name and id of the topic, each where the version has it.
fn topic_in(version: i16, ids_since: i16, id: Uuid) -> (Cow<'static, str>, Uuid) {
    if version >= ids_since { ("".into(), id) } else { (TOPIC.into(), Uuid::nil()) }
}

fn produce(client: &mut Client, version: i16, topic_id: Uuid) {
    let (name, topic_id) = topic_in(version, 13, topic_id);
    let records = Some(BatchBuilder::new().value(b"one").value(b"two").build().into());
    let partition_data = vec![PartitionProduceData { index: 0, records }];
    let topic_data = vec![TopicProduceData { name, topic_id, partition_data }];
    let request = ProduceRequest { acks: -1, timeout_ms: 5000, topic_data, ..Default::default() };
    let id = client.request(&request, version);
    let response: ProduceResponse<'_> = client.response(id, version);
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, 0, "version {version}");
}

#[test]
fn records_are_produced_listed_and_fetched() {
    let (_broker, mut client, topic_id) = broker_with_topic();
    for version in versions(&mut client, ApiKey::Produce) {
        produce(&mut client, version, topic_id);
    }
    for version in versions(&mut client, ApiKey::ListOffsets) {
        let partitions = vec![ListOffsetsPartition { timestamp: -1, ..Default::default() }];
        let topics = vec![ListOffsetsTopic { name: TOPIC.into(), partitions }];
        let id =
            client.request(&ListOffsetsRequest { replica_id: -1, topics, ..Default::default() }, version);
        let response: ListOffsetsResponse<'_> = client.response(id, version);
        let partition = &response.topics[0].partitions[0];
        assert_eq!((partition.error_code, partition.offset), (0, 22), "version {version}");
    }
    for version in versions(&mut client, ApiKey::Fetch) {
        let (topic, topic_id) = topic_in(version, 13, topic_id);
        let partitions = vec![FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() }];
        let topics = vec![FetchTopic { topic, topic_id, partitions }];
        let id = client.request(&FetchRequest { min_bytes: 1, topics, ..Default::default() }, version);
        let response: FetchResponse<'_> = client.response(id, version);
        let partition = &response.responses[0].partitions[0];
        assert_eq!((partition.error_code, partition.high_watermark), (0, 22), "version {version}");
        assert!(!partition.records.as_ref().unwrap().is_empty());
    }
}

#[test]
fn topics_are_administered() {
    let (_broker, mut client, _) = broker_with_topic();
    for version in versions(&mut client, ApiKey::CreateTopics) {
        let name = format!("created-in-{version}");
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let id = client.request(&CreateTopicsRequest { topics: vec![topic], ..Default::default() }, version);
        let response: CreateTopicsResponse<'_> = client.response(id, version);
        assert_eq!(response.topics[0].error_code, 0, "version {version}");
    }
    for version in versions(&mut client, ApiKey::CreatePartitions) {
        let count = 5 + i32::from(version);
        let topics = vec![CreatePartitionsTopic { name: TOPIC.into(), count, assignments: None }];
        let id = client.request(&CreatePartitionsRequest { topics, ..Default::default() }, version);
        let response: CreatePartitionsResponse<'_> = client.response(id, version);
        assert_eq!(response.results[0].error_code, 0, "version {version}");
    }
    for version in versions(&mut client, ApiKey::DescribeConfigs) {
        let resource = DescribeConfigsResource {
            resource_type: 2,
            resource_name: TOPIC.into(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource],
            include_synonyms: true,
            ..Default::default()
        };
        let id = client.request(&request, version);
        let response: DescribeConfigsResponse<'_> = client.response(id, version);
        assert_eq!(response.results[0].error_code, 0, "version {version}");
        assert!(!response.results[0].configs.is_empty());
    }
    for version in versions(&mut client, ApiKey::DeleteTopics) {
        let name: Cow<'_, str> = format!("created-in-{}", version + 1).into();
        let mut request = DeleteTopicsRequest::default();
        if version >= 6 {
            request.topics = vec![DeleteTopicState { name: Some(name), ..Default::default() }];
        } else {
            request.topic_names = vec![name];
        }
        let id = client.request(&request, version);
        let response: DeleteTopicsResponse<'_> = client.response(id, version);
        assert_eq!(response.responses[0].error_code, 0, "version {version}");
    }
}

#[test]
fn producers_and_groups_find_their_coordinator() {
    let (_broker, mut client, _) = broker_with_topic();
    for version in versions(&mut client, ApiKey::InitProducerId) {
        let request = InitProducerIdRequest { transactional_id: None, ..Default::default() };
        let id = client.request(&request, version);
        let response: InitProducerIdResponse = client.response(id, version);
        assert_eq!((response.error_code, response.producer_epoch), (0, 0), "version {version}");
    }
    for version in versions(&mut client, ApiKey::FindCoordinator) {
        let batched = version >= 4;
        let request = FindCoordinatorRequest {
            key: if batched { "" } else { "readers" }.into(),
            coordinator_keys: if batched { vec!["readers".into()] } else { Vec::new() },
            ..Default::default()
        };
        let id = client.request(&request, version);
        let response: FindCoordinatorResponse<'_> = client.response(id, version);
        let node = if batched { response.coordinators[0].node_id } else { response.node_id };
        assert_eq!(node, 1, "version {version}");
    }
}

#[test]
fn configurations_are_altered_and_listed() {
    let (_broker, mut client, _) = broker_with_topic();
    for version in versions(&mut client, ApiKey::IncrementalAlterConfigs) {
        let config = incremental_alter_configs_request::AlterableConfig {
            name: "retention.ms".into(),
            value: Some("1".into()),
            ..Default::default()
        };
        let resource = incremental_alter_configs_request::AlterConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configs: vec![config],
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        let id = client.request(&request, version);
        let response: IncrementalAlterConfigsResponse<'_> = client.response(id, version);
        assert_eq!(response.responses[0].error_code, 0, "version {version}");
    }
    for version in versions(&mut client, ApiKey::AlterConfigs) {
        let resource = alter_configs_request::AlterConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configs: vec![],
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
        let id = client.request(&request, version);
        let response: AlterConfigsResponse<'_> = client.response(id, version);
        assert_eq!(response.responses[0].error_code, 0, "version {version}");
    }
    for version in versions(&mut client, ApiKey::ListConfigResources) {
        let id = client.request(&ListConfigResourcesRequest::default(), version);
        let response: ListConfigResourcesResponse<'_> = client.response(id, version);
        assert_eq!((response.error_code, response.config_resources.is_empty()), (0, version == 0));
    }
}

#[test]
fn partitions_are_looked_into() {
    let (_broker, mut client, _) = broker_with_topic();
    for version in versions(&mut client, ApiKey::DescribeLogDirs) {
        let id = client.request(&DescribeLogDirsRequest { topics: None }, version);
        let response: DescribeLogDirsResponse<'_> = client.response(id, version);
        assert_eq!(response.results[0].topics[0].partitions.len(), 4, "version {version}");
    }
    for version in versions(&mut client, ApiKey::DeleteRecords) {
        let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: -1 }];
        let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions }];
        let id = client.request(&DeleteRecordsRequest { topics, timeout_ms: 1 }, version);
        let response: DeleteRecordsResponse<'_> = client.response(id, version);
        let row = &response.topics[0].partitions[0];
        assert_eq!((row.error_code, row.low_watermark), (0, 0), "version {version}");
    }
    for version in versions(&mut client, ApiKey::OffsetForLeaderEpoch) {
        let wanted = OffsetForLeaderPartition { leader_epoch: 0, ..Default::default() };
        let topics = vec![OffsetForLeaderTopic { topic: TOPIC.into(), partitions: vec![wanted] }];
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics };
        let id = client.request(&request, version);
        let response: OffsetForLeaderEpochResponse<'_> = client.response(id, version);
        let row = &response.topics[0].partitions[0];
        assert_eq!((row.error_code, row.end_offset), (0, 0), "version {version}");
    }
}

fn join(client: &mut Client, version: i16, group: &str, member_id: &str) -> (i16, String, i32) {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: b"m".as_slice().into() };
    let request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: if version == 0 { -1 } else { 10_000 },
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: JoinGroupResponse<'_> = client.response(id, version);
    (response.error_code, response.member_id.into_owned(), response.generation_id)
}

#[test]
fn a_member_joins_syncs_beats_and_leaves() {
    let (_broker, mut client, _) = broker_with_topic();
    for version in versions(&mut client, ApiKey::JoinGroup) {
        let group = format!("joined-in-{version}");
        let mut joined = join(&mut client, version, &group, "");
        assert_eq!(joined.0, if version >= 4 { MEMBER_ID_REQUIRED } else { 0 }, "version {version}");
        if joined.0 == MEMBER_ID_REQUIRED {
            joined = join(&mut client, version, &group, &joined.1);
        }
        let (error, member_id, generation_id) = joined;
        assert_eq!(error, 0, "version {version}");
        // The others have fewer versions: those beyond their last are tried in their last.
        sync(&mut client, version.min(5), &group, &member_id, generation_id);
        beat(&mut client, version.min(4), &group, &member_id, generation_id);
        leave(&mut client, version.min(5), &group, &member_id);
    }
}

fn sync(client: &mut Client, version: i16, group: &str, member_id: &str, generation_id: i32) {
    let names = version >= 5;
    let assignment =
        SyncGroupRequestAssignment { member_id: member_id.into(), assignment: b"mine".as_slice().into() };
    let request = SyncGroupRequest {
        group_id: group.into(),
        generation_id,
        member_id: member_id.into(),
        protocol_type: names.then_some("consumer".into()),
        protocol_name: names.then_some("range".into()),
        assignments: vec![assignment],
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: SyncGroupResponse<'_> = client.response(id, version);
    assert_eq!((response.error_code, &*response.assignment), (0, b"mine".as_slice()), "version {version}");
}

fn beat(client: &mut Client, version: i16, group: &str, member_id: &str, generation_id: i32) {
    let request = HeartbeatRequest {
        group_id: group.into(),
        generation_id,
        member_id: member_id.into(),
        ..Default::default()
    };
    let id = client.request(&request, version);
    let response: HeartbeatResponse = client.response(id, version);
    assert_eq!(response.error_code, 0, "version {version}");
}

fn leave(client: &mut Client, version: i16, group: &str, member_id: &str) {
    let mut request = LeaveGroupRequest { group_id: group.into(), ..Default::default() };
    if version >= 3 {
        request.members = vec![MemberIdentity { member_id: member_id.into(), ..Default::default() }];
    } else {
        request.member_id = member_id.into();
    }
    let id = client.request(&request, version);
    let response: LeaveGroupResponse<'_> = client.response(id, version);
    assert_eq!(response.error_code, 0, "version {version}");
}

#[test]
fn offsets_are_committed_and_fetched() {
    let (_broker, mut client, topic_id) = broker_with_topic();
    for version in versions(&mut client, ApiKey::OffsetCommit) {
        let (name, topic_id) = topic_in(version, 10, topic_id);
        let partitions = vec![OffsetCommitRequestPartition { committed_offset: 7, ..Default::default() }];
        let request = OffsetCommitRequest {
            group_id: "readers".into(),
            topics: vec![OffsetCommitRequestTopic { name, topic_id, partitions }],
            ..Default::default()
        };
        let id = client.request(&request, version);
        let response: OffsetCommitResponse<'_> = client.response(id, version);
        assert_eq!(response.topics[0].partitions[0].error_code, 0, "version {version}");
    }
    for version in versions(&mut client, ApiKey::OffsetFetch) {
        let (name, topic_id) = topic_in(version, 10, topic_id);
        let mut request = OffsetFetchRequest::default();
        if version >= 8 {
            let topics = Some(vec![OffsetFetchRequestTopics { name, topic_id, partition_indexes: vec![0] }]);
            request.groups =
                vec![OffsetFetchRequestGroup { group_id: "readers".into(), topics, ..Default::default() }];
        } else {
            request.group_id = "readers".into();
            request.topics = Some(vec![OffsetFetchRequestTopic { name, partition_indexes: vec![0] }]);
        }
        let id = client.request(&request, version);
        let response: OffsetFetchResponse<'_> = client.response(id, version);
        let offset = if version >= 8 {
            response.groups[0].topics[0].partitions[0].committed_offset
        } else {
            response.topics[0].partitions[0].committed_offset
        };
        assert_eq!(offset, 7, "version {version}");
    }
}
