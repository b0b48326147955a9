//! `AlterConfigs`: replaces all configurations of a resource; each resource of a request has its own result.

use headrace_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, alter_configs_request::AlterConfigsResource,
    alter_configs_response::AlterConfigsResourceResponse,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;
use tokio::task::yield_now;

use super::{
    Context,
    config_resources::{TOPIC, named_twice, repeated, shortened, topic_name, unalterable},
    create_topics::configs,
    permissions::denied,
};
use crate::{close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AlterConfigsRequest<'a>,
) -> Result<Answer<AlterConfigsResponse<'a>>, Close> {
    let keys = request.resources.iter().map(|resource| (resource.resource_type, &*resource.resource_name));
    let repeated = repeated(keys);
    let mut responses = Vec::with_capacity(request.resources.len());
    for (resource, repeated) in request.resources.into_iter().zip(repeated) {
        let altered =
            if repeated { Err(named_twice()) } else { alter(context, &resource, request.validate_only) };
        let (code, message) = match altered {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(refusal.message.into())),
        };
        responses.push(AlterConfigsResourceResponse {
            error_code: code.code(),
            error_message: message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        });
        // Each change is synced: others are served between two.
        yield_now().await;
    }
    Ok(AlterConfigsResponse { responses, ..Default::default() }.into())
}

fn alter(
    context: &Context<'_>,
    resource: &AlterConfigsResource<'_>,
    validate_only: bool,
) -> Result<(), Refusal> {
    if resource.resource_type != TOPIC {
        let names = resource.configs.iter().map(|config| &config.name);
        return Err(unalterable(context, resource.resource_type, &resource.resource_name, names));
    }
    context.check_topic(AclOperation::AlterConfigs, &resource.resource_name).map_err(denied)?;
    let topic = topic_name(&resource.resource_name)?;
    if let Some(empty) = resource.configs.iter().find(|config| config.value.is_none()) {
        let message = format!("{} has no value: leave it out for its default", shortened(&empty.name));
        return Err(Refusal::new(ErrorCode::InvalidRequest, message));
    }
    let wanted = resource.configs.iter().map(|config| (&*config.name, config.value.as_deref()));
    context.broker.topics.set_configs(topic.as_str(), configs(wanted)?, validate_only)
}
