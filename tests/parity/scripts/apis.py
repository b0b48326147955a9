"""The APIs that scripts speak of."""

from __future__ import annotations

from typing import Final

from kafka.protocol import admin, consumer, metadata, producer, sasl

from tests.parity.conversations import Api

PRODUCE: Final = Api.of(producer, "Produce")
INIT_PRODUCER_ID: Final = Api.of(producer, "InitProducerId")
ADD_PARTITIONS: Final = Api.of(producer, "AddPartitionsToTxn")
ADD_OFFSETS: Final = Api.of(producer, "AddOffsetsToTxn")
TXN_COMMIT: Final = Api.of(producer, "TxnOffsetCommit")
END: Final = Api.of(producer, "EndTxn")
MARKERS: Final = Api.of(producer, "WriteTxnMarkers")
FETCH: Final = Api.of(consumer, "Fetch")
LIST_OFFSETS: Final = Api.of(consumer, "ListOffsets")
EPOCHS: Final = Api.of(consumer, "OffsetForLeaderEpoch")
METADATA: Final = Api.of(metadata, "Metadata")
API_VERSIONS: Final = Api.of(metadata, "ApiVersions")
FIND_COORDINATOR: Final = Api.of(metadata, "FindCoordinator")
JOIN: Final = Api.of(consumer, "JoinGroup")
SYNC: Final = Api.of(consumer, "SyncGroup")
HEARTBEAT: Final = Api.of(consumer, "Heartbeat")
LEAVE: Final = Api.of(consumer, "LeaveGroup")
COMMIT: Final = Api.of(consumer, "OffsetCommit")
COMMITTED: Final = Api.of(consumer, "OffsetFetch")
OFFSET_DELETE: Final = Api.of(consumer, "OffsetDelete")
GROUPS: Final = Api.of(admin, "ListGroups")
DESCRIBE_GROUPS: Final = Api.of(admin, "DescribeGroups")
DELETE_GROUPS: Final = Api.of(admin, "DeleteGroups")
CREATE: Final = Api.of(admin, "CreateTopics")
DELETE_TOPICS: Final = Api.of(admin, "DeleteTopics")
GROW: Final = Api.of(admin, "CreatePartitions")
RECORDS: Final = Api.of(admin, "DeleteRecords")
INCREMENTAL: Final = Api.of(admin, "IncrementalAlterConfigs")
ALTER: Final = Api.of(admin, "AlterConfigs")
DESCRIBE: Final = Api.of(admin, "DescribeConfigs")
RESOURCES: Final = Api.of(admin, "ListConfigResources")
PARTITIONS: Final = Api.of(admin, "DescribeTopicPartitions")
PRODUCERS: Final = Api.of(admin, "DescribeProducers")
TRANSACTIONS: Final = Api.of(admin, "ListTransactions")
DESCRIBE_TRANSACTIONS: Final = Api.of(admin, "DescribeTransactions")
LOG_DIRS: Final = Api.of(admin, "DescribeLogDirs")
ELECT: Final = Api.of(admin, "ElectLeaders")
REASSIGN: Final = Api.of(admin, "AlterPartitionReassignments")
REASSIGNMENTS: Final = Api.of(admin, "ListPartitionReassignments")
CLUSTER: Final = Api.of(admin, "DescribeCluster")
QUORUM: Final = Api.of(admin, "DescribeQuorum")
FEATURES: Final = Api.of(admin, "UpdateFeatures")
CREATE_ACLS: Final = Api.of(admin, "CreateAcls")
DESCRIBE_ACLS: Final = Api.of(admin, "DescribeAcls")
DELETE_ACLS: Final = Api.of(admin, "DeleteAcls")
QUOTAS: Final = Api.of(admin, "DescribeClientQuotas")
ALTER_QUOTAS: Final = Api.of(admin, "AlterClientQuotas")
USERS: Final = Api.of(admin, "DescribeUserScramCredentials")
ALTER_USERS: Final = Api.of(admin, "AlterUserScramCredentials")
HANDSHAKE: Final = Api.of(sasl, "SaslHandshake")
AUTHENTICATE: Final = Api.of(sasl, "SaslAuthenticate")

NO_SUCH_VERSION: Final = 35
