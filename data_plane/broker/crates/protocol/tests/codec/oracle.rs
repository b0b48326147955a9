//! The codec against the independent one of the `kafka-protocol` crate: each reads what the other writes.

use bytes::BytesMut;
use headrace_protocol::{Message as _, messages::*};
use kafka_protocol::{
    messages as theirs,
    protocol::{Decodable, Encodable, Message as TheirMessage},
};
use proptest::prelude::*;

use crate::{
    random::{Random, Sample as _},
    support::{decoded, encoded},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn both_codecs_agree(seed: u64) {
        let mut random = Random::new(seed);
        macro_rules! agree {
            ($($name:ident)*) => {
                $(
                    let shared = theirs::$name::VERSIONS;
                    for version in shared.min.max(*$name::VERSIONS.start())..=shared.max.min(*$name::VERSIONS.end()) {
                        let ours = $name::sample(&mut random, version);
                        let ours_written = encoded(&ours, version);
                        let read = theirs::$name::decode(&mut ours_written.clone(), version);
                        let read = read.unwrap_or_else(|error| panic!("{} v{version}: {error}", $name::NAME));
                        let mut theirs_written = BytesMut::new();
                        read.encode(&mut theirs_written, version).unwrap();
                        let back = theirs_written.freeze();
                        prop_assert_eq!(&decoded::<$name>(&back, version).unwrap().0, &ours, "{} v{}", $name::NAME, version);
                    }
                )*
            };
        }
        agree!(
            ApiVersionsRequest ApiVersionsResponse MetadataRequest MetadataResponse ProduceRequest ProduceResponse
            FetchRequest FetchResponse ListOffsetsRequest ListOffsetsResponse OffsetCommitRequest OffsetCommitResponse
            OffsetFetchRequest OffsetFetchResponse FindCoordinatorRequest FindCoordinatorResponse JoinGroupRequest
            JoinGroupResponse SyncGroupRequest SyncGroupResponse HeartbeatRequest HeartbeatResponse LeaveGroupRequest
            LeaveGroupResponse DescribeGroupsRequest DescribeGroupsResponse ListGroupsRequest ListGroupsResponse
            DeleteGroupsRequest DeleteGroupsResponse SaslHandshakeRequest SaslHandshakeResponse SaslAuthenticateRequest
            SaslAuthenticateResponse CreateTopicsRequest CreateTopicsResponse DeleteTopicsRequest DeleteTopicsResponse
            CreatePartitionsRequest CreatePartitionsResponse DescribeConfigsRequest DescribeConfigsResponse
            AlterConfigsRequest AlterConfigsResponse IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse
            InitProducerIdRequest InitProducerIdResponse DescribeClusterRequest DescribeClusterResponse
            OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse DeleteRecordsRequest DeleteRecordsResponse
            AddPartitionsToTxnRequest AddPartitionsToTxnResponse AddOffsetsToTxnRequest AddOffsetsToTxnResponse
            EndTxnRequest EndTxnResponse TxnOffsetCommitRequest TxnOffsetCommitResponse WriteTxnMarkersRequest
            WriteTxnMarkersResponse DescribeAclsRequest DescribeAclsResponse CreateAclsRequest CreateAclsResponse
            DeleteAclsRequest DeleteAclsResponse DescribeClientQuotasRequest DescribeClientQuotasResponse
            AlterClientQuotasRequest AlterClientQuotasResponse ConsumerGroupHeartbeatRequest
            ConsumerGroupHeartbeatResponse ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse
            DescribeProducersRequest DescribeProducersResponse DescribeTransactionsRequest DescribeTransactionsResponse
            ListTransactionsRequest ListTransactionsResponse OffsetDeleteRequest OffsetDeleteResponse
            ConsumerProtocolSubscription ConsumerProtocolAssignment RequestHeader ResponseHeader
        );
    }
}
