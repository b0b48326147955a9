//! `DeleteTopics`: by name, and from version 6 on by id as well.

use std::borrow::Cow;

use headrace_protocol::messages::{
    DeleteTopicsRequest, DeleteTopicsResponse, delete_topics_request::DeleteTopicState,
    delete_topics_response::DeletableTopicResult,
};
use headrace_types::{ErrorCode, TopicId};

use super::Context;
use crate::{
    close::Close,
    reply::Answer,
    topics::{Refusal, TopicRef},
};

/// From this version on topics are given one by one, by name or by id.
const STATES_SINCE: i16 = 6;

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
        (Some(name), true) => context.broker.topics.delete(TopicRef::Name(name)),
        (None, false) => context.broker.topics.delete(TopicRef::Id(id)),
        _ => Err(Refusal::new(
            ErrorCode::InvalidRequest,
            "a topic is given by its name or by its id, not by both",
        )),
    };
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
