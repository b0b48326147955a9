//! What is asked of several brokers, answered by one: who votes, where partitions go, which features there are.

use headrace_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, DescribeQuorumRequest,
    DescribeQuorumResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
    alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    describe_quorum_request::{PartitionData, TopicData},
    update_features_request::FeatureUpdateKey,
};
use headrace_types::ErrorCode;

use crate::{calls::create, support::Broker};

#[test]
fn the_quorum_is_one_voter_that_leads() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for version in 0..=2 {
        for (topic, index, code) in [
            ("__cluster_metadata", 0, ErrorCode::None),
            ("__cluster_metadata", 1, ErrorCode::UnknownTopicOrPartition),
            ("t", 0, ErrorCode::UnknownTopicOrPartition),
        ] {
            let partitions = vec![PartitionData { partition_index: index }];
            let topics = vec![TopicData { topic_name: topic.into(), partitions }];
            let id = client.request(&DescribeQuorumRequest { topics }, version);
            let response: DescribeQuorumResponse<'_> = client.response(id, version);
            let row = &response.topics[0].partitions[0];
            assert_eq!((response.error_code, row.error_code), (0, code.code()), "version {version}");
            if code == ErrorCode::None {
                assert_eq!((row.leader_id, row.current_voters.len(), row.observers.len()), (1, 1, 0));
                assert_eq!(row.current_voters[0].replica_id, 1);
                assert_eq!(response.nodes.len(), usize::from(version >= 2));
            }
        }
    }
}

#[test]
fn partitions_may_be_asked_to_stay_in_every_version() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    create(&mut client, "t", 1, &[]);
    let asked = |index, replicas: Option<&[i32]>| ReassignablePartition {
        partition_index: index,
        replicas: replicas.map(<[i32]>::to_vec),
    };
    for version in 0..=1 {
        let partitions =
            vec![asked(0, Some(&[1])), asked(0, None), asked(0, Some(&[2])), asked(9, Some(&[1]))];
        let topics = vec![ReassignableTopic { name: "t".into(), partitions }];
        let request = AlterPartitionReassignmentsRequest { topics, ..Default::default() };
        let id = client.request(&request, version);
        let response: AlterPartitionReassignmentsResponse<'_> = client.response(id, version);
        let codes: Vec<i16> = response.responses[0].partitions.iter().map(|row| row.error_code).collect();
        let expected = [
            ErrorCode::None,
            ErrorCode::NoReassignmentInProgress,
            ErrorCode::InvalidReplicaAssignment,
            ErrorCode::UnknownTopicOrPartition,
        ];
        assert_eq!(codes, expected.map(ErrorCode::code), "version {version}");
    }
}

#[test]
fn features_that_nobody_has_are_refused_in_every_version() {
    let broker = Broker::dev();
    let mut client = broker.connect();
    for version in 0..=2 {
        let update =
            FeatureUpdateKey { feature: "no.such".into(), max_version_level: 1, ..Default::default() };
        for (feature_updates, code) in
            [(vec![], ErrorCode::None), (vec![update], ErrorCode::InvalidUpdateVersion)]
        {
            let request = UpdateFeaturesRequest { feature_updates, ..Default::default() };
            let id = client.request(&request, version);
            let response: UpdateFeaturesResponse<'_> = client.response(id, version);
            assert_eq!(response.error_code, code.code(), "version {version}");
        }
    }
}
