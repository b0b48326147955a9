//! `AlterConfigs`: replaces all configurations of a resource; each resource of a request has its own result.

use headrace_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, alter_configs_request::AlterConfigsResource,
    alter_configs_response::AlterConfigsResourceResponse,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{
    Context,
    config_resources::{TOPIC, alter_each, shortened, topic_name, unalterable},
    create_topics::configs,
    permissions::denied,
};
use crate::{close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AlterConfigsRequest<'a>,
) -> Result<Answer<AlterConfigsResponse<'a>>, Close> {
    let results = alter_each(
        &request.resources,
        |resource| (resource.resource_type, &*resource.resource_name),
        |resource| alter(context, resource, request.validate_only),
    );
    let results = results.await;
    let responses =
        request.resources.into_iter().zip(results).map(|(resource, altered)| AlterConfigsResourceResponse {
            error_code: altered.error_code,
            error_message: altered.error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        });
    let responses = responses.collect();
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
