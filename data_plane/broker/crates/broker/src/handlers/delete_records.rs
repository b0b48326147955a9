//! `DeleteRecords` (KIP-107): partitions forget their records before an offset, each with its own result.

use headrace_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse,
    delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, PartitionIndex, TopicPartition};
use tokio::task::yield_now;

use super::Context;
use crate::{close::Close, reply::Answer, topics::TopicRef};

/// Where the log start is not known.
const NOWHERE: i64 = -1;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DeleteRecordsRequest<'a>,
) -> Result<Answer<DeleteRecordsResponse<'a>>, Close> {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let id = context.resolve_for(AclOperation::Delete, TopicRef::Name(&topic.name));
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in topic.partitions {
            let index = PartitionIndex::new(wanted.partition_index);
            let deleted = match id {
                Ok(topic) => {
                    let partition = TopicPartition { topic, partition: index };
                    context.broker.topics.delete_records(partition, wanted.offset).await
                }
                Err(error) => Err(error),
            };
            let (error, low_watermark) =
                deleted.map_or_else(|error| (error, NOWHERE), |start| (ErrorCode::None, start));
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: wanted.partition_index,
                low_watermark,
                error_code: error.code(),
            });
            // Each deletion is synced: others are served between two.
            yield_now().await;
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
    }
    Ok(DeleteRecordsResponse { topics, ..Default::default() }.into())
}
