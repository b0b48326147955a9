//! The APIs: one file each, and the table that says which versions of which are served.

#![allow(clippy::unused_async, reason = "handlers have one signature, and some of them never wait")]

mod acl_bindings;
mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_user_scram_credentials;
mod api_versions;
mod config_resources;
mod config_views;
mod create_acls;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_transactions;
mod describe_user_scram_credentials;
mod elect_leaders;
mod end_txn;
mod features;
mod fetch;
mod fetch_session;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod operations;
mod permissions;
mod produce;
mod quotas;
mod sasl_authenticate;
mod sasl_handshake;
mod sync_group;
mod transactional;
mod txn_offset_commit;
mod update_features;
mod write_txn_markers;

use std::{borrow::Cow, ops::RangeInclusive, rc::Rc};

use headrace_protocol::{ApiKey, Reader, decode_body};

use crate::{broker::Broker, close::Close, connections::Connection, reply::Reply};

pub(crate) use api_versions::unsupported_version;
use quotas::Charges;
pub(crate) use sasl_authenticate::bare_token;

/// What a handler knows beside the request itself.
pub(crate) struct Context<'a> {
    /// The state of the process.
    pub(crate) broker: &'a Rc<Broker>,
    /// Who asks, from where.
    pub(crate) connection: &'a Rc<Connection>,
    /// The version of the request, and so of the response.
    pub(crate) version: i16,
    /// What the client calls itself.
    pub(crate) client_id: Option<&'a str>,
    charges: Charges,
}

/// An optional text of a request, for what outlives it.
fn text(borrowed: Option<Cow<'_, str>>) -> Option<String> {
    borrowed.map(Cow::into_owned)
}

/// Declares the served APIs: `Key => module, first version..=last version`.
macro_rules! apis {
    ($($key:ident => $module:ident, $versions:expr;)*) => {
        /// The versions that are served of an API; none for an API that is not.
        pub(crate) const fn served(key: ApiKey) -> Option<RangeInclusive<i16>> {
            match key {
                $(ApiKey::$key => Some($versions),)*
                _ => None,
            }
        }

        /// Reads the request that follows in `reader`, serves it and writes the response.
        pub(crate) async fn serve(
            key: ApiKey,
            context: Context<'_>,
            mut reader: Reader<'_>,
            correlation_id: i32,
        ) -> Result<Reply, Close> {
            match key {
                $(ApiKey::$key => {
                    let request = decode_body(&mut reader, context.version)?;
                    let answer = context.timed($module::handle(&context, request)).await?;
                    context.settle(answer, correlation_id)
                })*
                _ => Err(Close::Unadvertised { key: key as i16, version: context.version }),
            }
        }
    };
}

apis! {
    Produce => produce, 3..=13;
    Fetch => fetch, 4..=18;
    ListOffsets => list_offsets, 1..=11;
    CreateTopics => create_topics, 2..=7;
    DeleteTopics => delete_topics, 1..=6;
    DeleteRecords => delete_records, 0..=2;
    InitProducerId => init_producer_id, 0..=5;
    DescribeConfigs => describe_configs, 1..=4;
    OffsetForLeaderEpoch => offset_for_leader_epoch, 2..=4;
    AlterConfigs => alter_configs, 0..=2;
    IncrementalAlterConfigs => incremental_alter_configs, 0..=1;
    ListConfigResources => list_config_resources, 0..=1;
    CreatePartitions => create_partitions, 0..=3;
    DescribeLogDirs => describe_log_dirs, 1..=5;
    DescribeTopicPartitions => describe_topic_partitions, 0..=0;
    DescribeProducers => describe_producers, 0..=0;
    DescribeQuorum => describe_quorum, 0..=2;
    UpdateFeatures => update_features, 0..=2;
    AlterPartitionReassignments => alter_partition_reassignments, 0..=1;
    AddPartitionsToTxn => add_partitions_to_txn, 0..=5;
    AddOffsetsToTxn => add_offsets_to_txn, 0..=4;
    EndTxn => end_txn, 0..=5;
    WriteTxnMarkers => write_txn_markers, 1..=2;
    TxnOffsetCommit => txn_offset_commit, 0..=5;
    DescribeTransactions => describe_transactions, 0..=0;
    ListTransactions => list_transactions, 0..=2;
    ElectLeaders => elect_leaders, 0..=2;
    ListPartitionReassignments => list_partition_reassignments, 0..=0;
    OffsetDelete => offset_delete, 0..=0;
    OffsetCommit => offset_commit, 2..=10;
    OffsetFetch => offset_fetch, 1..=10;
    FindCoordinator => find_coordinator, 0..=6;
    JoinGroup => join_group, 0..=9;
    Heartbeat => heartbeat, 0..=4;
    LeaveGroup => leave_group, 0..=5;
    SyncGroup => sync_group, 0..=5;
    DescribeGroups => describe_groups, 0..=6;
    ListGroups => list_groups, 0..=5;
    DeleteGroups => delete_groups, 0..=2;
    DescribeAcls => describe_acls, 1..=3;
    CreateAcls => create_acls, 1..=3;
    DeleteAcls => delete_acls, 1..=3;
    Metadata => metadata, 0..=13;
    SaslHandshake => sasl_handshake, 0..=1;
    ApiVersions => api_versions, 0..=4;
    SaslAuthenticate => sasl_authenticate, 0..=2;
    DescribeCluster => describe_cluster, 0..=2;
    DescribeClientQuotas => describe_client_quotas, 0..=1;
    AlterClientQuotas => alter_client_quotas, 0..=1;
    DescribeUserScramCredentials => describe_user_scram_credentials, 0..=0;
    AlterUserScramCredentials => alter_user_scram_credentials, 0..=0;
}
