//! `Metadata`: which topics there are and who leads their partitions; creates topics on first use where that is allowed.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use headrace_protocol::messages::{
    MetadataRequest, MetadataResponse,
    metadata_request::MetadataRequestTopic,
    metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, LeaderEpoch, TopicId, TopicName};

use super::{Context, operations};
use crate::{
    close::Close,
    reply::Answer,
    topics::{TopicRef, TopicView},
};

/// Before this version an empty list means all topics; from it on null does.
const NULL_MEANS_ALL_SINCE: i16 = 1;
/// From this version on topics may be asked for by id; the two versions before carry ids that must not be used.
const BY_ID_SINCE: i16 = 12;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: MetadataRequest<'a>,
) -> Result<Answer<MetadataResponse<'a>>, Close> {
    let config = &context.broker.config;
    let advertised = &context.connection.listener.advertised;
    let mut response = MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: config.broker_id,
            host: advertised.host.as_str().into(),
            port: i32::from(advertised.port),
            rack: None,
        }],
        cluster_id: Some(config.cluster_id.as_str().into()),
        controller_id: config.broker_id,
        cluster_authorized_operations: operations::on_cluster(
            context,
            request.include_cluster_authorized_operations,
        ),
        ..Default::default()
    };
    let lookup = Lookup {
        context,
        creates: config.topics.auto_create && request.allow_auto_topic_creation,
        tells_operations: request.include_topic_authorized_operations,
    };
    response.topics = match wanted(context.version, request.topics) {
        Wanted::All => {
            let views = context.broker.topics.views().into_iter();
            let visible = views.filter(|view| context.may_on_topic(AclOperation::Describe, &view.name));
            visible.map(|view| lookup.found(view)).collect()
        }
        Wanted::These(topics) => lookup.each_once(&topics),
        Wanted::Nonsense(topics) => {
            return Ok(MetadataResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                topics: topics.into_iter().map(nonsense).collect(),
                ..Default::default()
            }
            .into());
        }
    };
    Ok(response.into())
}

/// Which topics a request asks for.
enum Wanted<'a> {
    All,
    These(Vec<MetadataRequestTopic<'a>>),
    /// Topics without a name, or with an id, in a version that has no such thing.
    Nonsense(Vec<MetadataRequestTopic<'a>>),
}

fn wanted(version: i16, topics: Option<Vec<MetadataRequestTopic<'_>>>) -> Wanted<'_> {
    match topics {
        None => Wanted::All,
        Some(topics) if topics.is_empty() && version < NULL_MEANS_ALL_SINCE => Wanted::All,
        Some(topics) => {
            let by_name = |topic: &MetadataRequestTopic<'_>| topic.name.is_some() && topic.topic_id.is_nil();
            if version >= BY_ID_SINCE || topics.iter().all(by_name) {
                Wanted::These(topics)
            } else {
                Wanted::Nonsense(topics)
            }
        }
    }
}

fn nonsense(topic: MetadataRequestTopic<'_>) -> MetadataResponseTopic<'_> {
    // These versions can not answer with a null name.
    refused(topic.name.or(Some("".into())), topic.topic_id.into(), ErrorCode::InvalidRequest)
}

struct Lookup<'a> {
    context: &'a Context<'a>,
    creates: bool,
    tells_operations: bool,
}

impl Lookup<'_> {
    /// A row for every topic that is named; naming it twice changes nothing.
    fn each_once<'a>(&self, topics: &[MetadataRequestTopic<'a>]) -> Vec<MetadataResponseTopic<'a>> {
        let mut seen = BTreeSet::new();
        let first = |topic: &&MetadataRequestTopic<'a>| seen.insert((topic.topic_id, topic.name.clone()));
        topics.iter().filter(first).map(|topic| self.one(topic)).collect()
    }

    fn one<'a>(&self, topic: &MetadataRequestTopic<'a>) -> MetadataResponseTopic<'a> {
        let id = TopicId::new(topic.topic_id);
        let view = match &topic.name {
            Some(name) if id.is_zero() => self.by_name(name),
            _ => self.context.broker.topics.view(TopicRef::Id(id)).and_then(|view| {
                self.context.check_topic(AclOperation::Describe, &view.name)?;
                Ok(view)
            }),
        };
        // Unknown ids have no name to answer with.
        let name = topic.name.clone().filter(|_| id.is_zero());
        view.map_or_else(|code| refused(name, id, code), |view| self.found(view))
    }

    fn by_name(&self, name: &str) -> Result<TopicView, ErrorCode> {
        let topics = &self.context.broker.topics;
        self.context.check_topic(AclOperation::Describe, name)?;
        match topics.view(TopicRef::Name(name)) {
            Err(ErrorCode::UnknownTopicOrPartition) if self.creates => {
                if !self.context.may_create_topic(name) {
                    return Err(ErrorCode::TopicAuthorizationFailed);
                }
                let partitions = self.context.broker.config.topics.num_partitions;
                let plan = topics.plan(name, partitions, BTreeMap::new());
                plan.and_then(|plan| topics.create(plan)).map_err(|refusal| refusal.code)?;
                topics.view(TopicRef::Name(name))
            }
            Err(ErrorCode::UnknownTopicOrPartition) if TopicName::new(name).is_err() => {
                Err(ErrorCode::InvalidTopicException)
            }
            found => found,
        }
    }

    fn found<'a>(&self, view: TopicView) -> MetadataResponseTopic<'a> {
        let partitions = view.partitions.iter().enumerate();
        MetadataResponseTopic {
            topic_authorized_operations: operations::on_topic(
                self.context,
                &view.name,
                self.tells_operations,
            ),
            name: Some(view.name.into()),
            topic_id: view.id.uuid(),
            partitions: partitions.map(|(index, epoch)| self.partition(index as i32, *epoch)).collect(),
            ..Default::default()
        }
    }

    fn partition(&self, index: i32, epoch: Option<LeaderEpoch>) -> MetadataResponsePartition {
        let here = self.context.broker.config.broker_id;
        let mut partition = MetadataResponsePartition {
            partition_index: index,
            replica_nodes: vec![here],
            leader_id: here,
            leader_epoch: epoch.unwrap_or(LeaderEpoch::NONE).get(),
            isr_nodes: vec![here],
            ..Default::default()
        };
        if epoch.is_none() {
            partition.error_code = ErrorCode::LeaderNotAvailable.code();
            partition.leader_id = -1;
            partition.isr_nodes.clear();
            partition.offline_replicas.push(here);
        }
        partition
    }
}

fn refused(name: Option<Cow<'_, str>>, id: TopicId, code: ErrorCode) -> MetadataResponseTopic<'_> {
    MetadataResponseTopic {
        error_code: code.code(),
        name,
        topic_id: id.uuid(),
        topic_authorized_operations: operations::NOT_ASKED,
        ..Default::default()
    }
}
