//! `DescribeLogDirs`: how much room partitions take. All logs lie in one directory, which is called what it is called in the
//! cluster's own directory: where that lies, and how much room its disk has, is the operator's and no customer's to know.

use headrace_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse,
    describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic},
};
use headrace_security::acls::AclOperation;
use headrace_types::{PartitionIndex, TopicPartition};

use super::Context;
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

const LOG_DIR: &str = "topics";
/// "Not known", of the size of the disk and the room on it (KIP-827).
const UNKNOWN_BYTES: i64 = -1;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeLogDirsRequest<'a>,
) -> Result<Answer<DescribeLogDirsResponse<'a>>, Close> {
    if let Err(denied) = context.check_cluster(AclOperation::Describe) {
        return Ok(DescribeLogDirsResponse { error_code: denied.code(), ..Default::default() }.into());
    }
    let topics = match request.topics {
        None => context.broker.topics.views().into_iter().map(|view| sizes(context, view, None)).collect(),
        Some(asked) => {
            // What does not exist takes no room and has no row, as in Apache Kafka.
            let found = asked.into_iter().filter_map(|topic| {
                let view = context.broker.topics.view(TopicRef::Name(&topic.topic)).ok()?;
                Some(sizes(context, view, Some(&topic.partitions)))
            });
            found.collect()
        }
    };
    let results = vec![DescribeLogDirsResult {
        log_dir: LOG_DIR.into(),
        topics,
        total_bytes: UNKNOWN_BYTES,
        usable_bytes: UNKNOWN_BYTES,
        ..Default::default()
    }];
    Ok(DescribeLogDirsResponse { results, ..Default::default() }.into())
}

/// The sizes of a topic's partitions, or of those of them that are asked for.
fn sizes<'a>(context: &Context<'_>, view: TopicView, asked: Option<&[i32]>) -> DescribeLogDirsTopic<'a> {
    let count = view.partitions.len() as i32;
    let size = |index: i32| {
        let partition = TopicPartition { topic: view.id, partition: PartitionIndex::new(index) };
        let bytes = context.broker.topics.with_log(partition, |log| log.size_bytes()).ok()?;
        Some(DescribeLogDirsPartition {
            partition_index: index,
            partition_size: bytes.try_into().unwrap_or(i64::MAX),
            ..Default::default()
        })
    };
    let partitions = match asked {
        None => (0..count).filter_map(size).collect(),
        Some(asked) => asked.iter().copied().filter_map(size).collect(),
    };
    DescribeLogDirsTopic { name: view.name.into(), partitions }
}
