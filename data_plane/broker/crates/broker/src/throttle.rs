//! How a client that has used its rate up is made to wait (KIP-219).

use std::time::Duration;

use headrace_protocol::ApiKey;

use crate::limits::THROTTLE_MAX;

/// Whether clients that speak this version wait by themselves once they are told; others expect the wait before the answer. The
/// versions are those of the responses of Apache Kafka's clients (`shouldClientThrottle`); those of later APIs all wait.
pub(crate) fn waits_by_itself(key: ApiKey, version: i16) -> bool {
    let since = match key {
        ApiKey::Fetch => 8,
        ApiKey::Produce | ApiKey::Metadata => 6,
        ApiKey::OffsetCommit | ApiKey::OffsetFetch => 4,
        ApiKey::ListOffsets | ApiKey::JoinGroup | ApiKey::CreateTopics => 3,
        ApiKey::FindCoordinator
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::SyncGroup
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::DeleteTopics
        | ApiKey::DescribeConfigs => 2,
        ApiKey::DeleteGroups
        | ApiKey::DeleteRecords
        | ApiKey::InitProducerId
        | ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::TxnOffsetCommit
        | ApiKey::DescribeAcls
        | ApiKey::CreateAcls
        | ApiKey::DeleteAcls
        | ApiKey::AlterConfigs
        | ApiKey::DescribeLogDirs
        | ApiKey::CreatePartitions => 1,
        _ => 0,
    };
    version >= since
}

/// A wait as a response says it; one that is shorter than a millisecond is none.
pub(crate) fn milliseconds(wait: Duration) -> i32 {
    wait.min(THROTTLE_MAX).as_millis() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_whole_milliseconds_with_an_end() {
        assert_eq!(milliseconds(Duration::from_micros(999)), 0);
        assert_eq!(milliseconds(Duration::from_millis(20)), 20);
        assert_eq!(milliseconds(Duration::MAX), 60_000);
    }
}
