//! `DeleteTopics`: by name, and from version 6 on by id as well.

use std::borrow::Cow;

use headrace_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, delete_topics_request::DeleteTopicState,
    delete_topics_response::DeletableTopicResult,
};
use headrace_security::acls::AclOperation;
use headrace_types::{ErrorCode, TopicId};

use super::{Context, permissions::denied};
use crate::{
    close::Close,
    reply::Answer,
    topics::{Refusal, TopicRef},
};

/// From this version on topics are given one by one, by name or by id.
const STATES_SINCE: i16 = 6;
/// From this version on clients know that too many changes are refused (KIP-599).
const REFUSED_QUOTA_SINCE: i16 = 5;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DeleteTopicsRequest<'a>,
) -> Result<Answer<DeleteTopicsResponse<'a>>, Close> {
    let asked: Vec<DeleteTopicState<'a>> = if context.version >= STATES_SINCE {
        request.topics
    } else {
        let by_name = |name| DeleteTopicState { name: Some(name), ..Default::default() };
        request.topic_names.into_iter().map(by_name).collect()
    };
    let responses = (0..asked.len()).map(|number| delete(context, &asked, number)).collect();
    Ok(DeleteTopicsResponse { responses, ..Default::default() }.into())
}

fn delete<'a>(
    context: &Context<'_>,
    asked: &[DeleteTopicState<'a>],
    number: usize,
) -> DeletableTopicResult<'a> {
    let topic = &asked[number];
    let id = TopicId::from(topic.topic_id);
    let repeated =
        asked[..number].iter().any(|other| other.name == topic.name && other.topic_id == topic.topic_id);
    let deleted = match (topic.name.as_deref(), id.is_zero()) {
        _ if repeated => {
            Err(Refusal::new(ErrorCode::InvalidRequest, "the request names this topic more than once"))
        }
        (Some(name), true) => check(context, name).and_then(|()| delete_one(context, TopicRef::Name(name))),
        (None, false) => return delete_by_id(context, id),
        _ => Err(Refusal::new(
            ErrorCode::InvalidRequest,
            "a topic is given by its name or by its id, not by both",
        )),
    };
    result(context, topic, deleted)
}

fn delete_one(context: &Context<'_>, topic: TopicRef<'_>) -> Result<(TopicId, String), Refusal> {
    let topics = &context.broker.topics;
    let partitions = topics.view(topic).map_or(0, |view| view.partitions.len());
    context.charge_mutations(partitions, REFUSED_QUOTA_SINCE)?;
    topics.delete(topic)
}

/// A topic that its id names: who may not see it is not told its name.
fn delete_by_id<'a>(context: &Context<'_>, id: TopicId) -> DeletableTopicResult<'a> {
    let topics = &context.broker.topics;
    let name = topics.view(TopicRef::Id(id)).ok().map(|view| view.name);
    let allowed = name.as_deref().map_or(Ok(()), |name| check(context, name));
    let visible = name.filter(|name| context.may_on_topic(AclOperation::Describe, name));
    let asked = DeleteTopicState { name: None, topic_id: id.uuid() };
    let mut answer = result(context, &asked, allowed.and_then(|()| delete_one(context, TopicRef::Id(id))));
    if answer.error_code == ErrorCode::TopicAuthorizationFailed.code() {
        answer.name = visible.map(Cow::Owned);
    }
    answer
}

/// Who may not see a topic may not delete it.
fn check(context: &Context<'_>, name: &str) -> Result<(), Refusal> {
    context.check_topic(AclOperation::Describe, name).map_err(denied)?;
    context.check_topic(AclOperation::Delete, name).map_err(denied)
}

fn result<'a>(
    context: &Context<'_>,
    topic: &DeleteTopicState<'a>,
    deleted: Result<(TopicId, String), Refusal>,
) -> DeletableTopicResult<'a> {
    match deleted {
        Ok((id, name)) => {
            context.broker.groups.forget_topic(id);
            DeletableTopicResult { name: Some(Cow::Owned(name)), topic_id: id.uuid(), ..Default::default() }
        }
        Err(refusal) => DeletableTopicResult {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            error_code: refusal.code.code(),
            error_message: Some(refusal.message.into()),
        },
    }
}
