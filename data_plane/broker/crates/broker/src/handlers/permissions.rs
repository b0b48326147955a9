//! What whoever asks may do, as handlers ask it. Kafka's own choice of operations: `KafkaApis` and `ControllerApis` of version 4.3.

use headrace_security::acls::{AclOperation, AclResourceType, CLUSTER_NAME};
use headrace_types::{ErrorCode, TopicId};

use super::Context;
use crate::topics::{Refusal, TopicRef, TopicView};

impl Context<'_> {
    /// Whether something may be done with a topic, whether or not there is one of this name.
    pub(super) fn may_on_topic(&self, operation: AclOperation, name: &str) -> bool {
        self.may(operation, AclResourceType::Topic, name)
    }

    /// Whether something may be done with a group, whether or not there is one of this id.
    pub(super) fn may_on_group(&self, operation: AclOperation, id: &str) -> bool {
        self.may(operation, AclResourceType::Group, id)
    }

    /// Whether something may be done with the cluster.
    pub(super) fn may_on_cluster(&self, operation: AclOperation) -> bool {
        self.may(operation, AclResourceType::Cluster, CLUSTER_NAME)
    }

    /// Whether something may be done with a transactional id.
    pub(super) fn may_on_transactional_id(&self, operation: AclOperation, id: &str) -> bool {
        self.may(operation, AclResourceType::TransactionalId, id)
    }

    /// Whether there may be a topic that something may be done with.
    pub(super) fn may_on_some_topic(&self, operation: AclOperation) -> bool {
        self.broker.acls.permits_somewhere(self.connection, operation, AclResourceType::Topic)
    }

    /// The right to make a topic of this name, by a rule for the cluster or for the name.
    pub(super) fn may_create_topic(&self, name: &str) -> bool {
        self.may_on_cluster(AclOperation::Create) || self.may_on_topic(AclOperation::Create, name)
    }

    /// As [`Self::may_on_topic`], as what a topic's or partition's result says.
    pub(super) fn check_topic(&self, operation: AclOperation, name: &str) -> Result<(), ErrorCode> {
        if self.may_on_topic(operation, name) { Ok(()) } else { Err(ErrorCode::TopicAuthorizationFailed) }
    }

    /// The topic that is meant, if this may be done with it. A name is judged before it is looked up, so that the answer is the
    /// same whether there is such a topic or not; an id is no secret, and has to be looked up.
    pub(super) fn resolve_for(
        &self,
        operation: AclOperation,
        topic: TopicRef<'_>,
    ) -> Result<TopicId, ErrorCode> {
        let topics = &self.broker.topics;
        match topic {
            TopicRef::Name(name) => self.check_topic(operation, name)?,
            TopicRef::Id(id) => {
                topics.with_name(id, |name| self.check_topic(operation, name)).unwrap_or(Ok(()))?;
            }
        }
        topics.resolve(topic)
    }

    /// What is to be told of the topic that is meant, if this may be done with it; as [`Self::resolve_for`].
    pub(super) fn view_for(
        &self,
        operation: AclOperation,
        topic: TopicRef<'_>,
    ) -> Result<TopicView, ErrorCode> {
        let id = self.resolve_for(operation, topic)?;
        self.broker.topics.view(TopicRef::Id(id))
    }

    /// As [`Self::may_on_group`], as what a group's result says.
    pub(super) fn check_group(&self, operation: AclOperation, id: &str) -> Result<(), ErrorCode> {
        if self.may_on_group(operation, id) { Ok(()) } else { Err(ErrorCode::GroupAuthorizationFailed) }
    }

    /// As [`Self::may_on_cluster`], as what a response says.
    pub(super) fn check_cluster(&self, operation: AclOperation) -> Result<(), ErrorCode> {
        if self.may_on_cluster(operation) { Ok(()) } else { Err(ErrorCode::ClusterAuthorizationFailed) }
    }

    fn may(&self, operation: AclOperation, resource_type: AclResourceType, name: &str) -> bool {
        self.broker.acls.permits(self.connection, operation, resource_type, name)
    }
}

/// The refusal of who lacks a right; it says nothing of the resource that the request does not say.
pub(super) fn denied(code: ErrorCode) -> Refusal {
    Refusal::new(code, DENIED)
}

/// What a refusal says where there is room for words.
pub(super) const DENIED: &str = "the access rules of the cluster do not allow this: ask who keeps them";
