//! What goes in and what comes out.

use std::rc::Rc;

use headrace_types::TopicId;

/// How a request names a topic; a session keeps to one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicKey {
    /// Up to version 12.
    Name(Rc<str>),
    /// From version 13 on (KIP-516).
    Id(TopicId),
}

/// A partition that a request names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionKey {
    /// Its topic.
    pub topic: TopicKey,
    /// Its index, whether there is one or not.
    pub partition: i32,
}

/// What is asked of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The partition.
    pub key: PartitionKey,
    /// The first offset to read.
    pub offset: i64,
    /// Most bytes of records; a first batch may be larger (KIP-74).
    pub bytes_max: i32,
    /// -1 where the client does not say.
    pub current_leader_epoch: i32,
    /// -1 where the client does not say.
    pub last_fetched_epoch: i32,
}

/// The part of a fetch that sessions are about.
#[derive(Clone, Debug)]
pub struct SessionRequest {
    /// Who asks: a session is there for whoever opened it, and for nobody else.
    pub owner: Rc<str>,
    /// 0 for none.
    pub session_id: i32,
    /// 0 asks for a new session, -1 for none; anything else is the next epoch of a session.
    pub session_epoch: i32,
    /// Whether topics are named by their ids.
    pub uses_topic_ids: bool,
    /// Partitions that are new in the session, or of which something else is asked; all of them where there is no session.
    pub asks: Vec<Ask>,
    /// Partitions that the session is to forget.
    pub forgotten: Vec<PartitionKey>,
}

/// A fetch whose partitions are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub(crate) kind: Kind,
    pub(crate) owner: Rc<str>,
    pub(crate) uses_topic_ids: bool,
    /// What is to be read, in this order.
    pub asks: Vec<Ask>,
}

/// How a fetch goes with sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything is told, and nothing kept.
    Sessionless,
    /// Everything is told, and kept if there is room.
    Full,
    /// What has changed is told.
    Incremental { session_id: i32, next_epoch: i32 },
}

/// What was read of a partition, as far as it decides whether the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// Whether there are records to send.
    pub has_records: bool,
    /// Whether the client has to be told of an error or of where its log departs from ours.
    pub has_news: bool,
    /// Whether there was an error: once it is gone the client is told of the partition again.
    pub failed: bool,
    /// -1 if unknown.
    pub high_watermark: i64,
    /// -1 if unknown.
    pub log_start_offset: i64,
}

/// What the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// 0 where there is no session.
    pub session_id: i32,
    /// Of each partition that was read, whether it is in the answer.
    pub included: Vec<bool>,
}
