//! `IncrementalAlterConfigs` (KIP-339): each resource of a request has its own result, and all of its changes are made or none.

use headrace_protocol::messages::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    incremental_alter_configs_request::AlterConfigsResource,
    incremental_alter_configs_response::AlterConfigsResourceResponse,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{
    Context,
    config_resources::{TOPIC, alter_each, topic_name, unalterable},
    permissions::denied,
};
use crate::{
    close::Close,
    reply::Answer,
    topics::{
        Refusal,
        settings::{ConfigChange, Operation},
    },
};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: IncrementalAlterConfigsRequest<'a>,
) -> Result<Answer<IncrementalAlterConfigsResponse<'a>>, Close> {
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
    Ok(IncrementalAlterConfigsResponse { responses, ..Default::default() }.into())
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
    let changes = resource.configs.iter().map(|config| {
        let unknown = || {
            let message = format!("there is no operation {} on configurations", config.config_operation);
            Refusal::new(ErrorCode::InvalidRequest, message)
        };
        Ok(ConfigChange {
            name: &config.name,
            operation: Operation::from_wire(config.config_operation).ok_or_else(unknown)?,
            value: config.value.as_deref(),
        })
    });
    let changes = changes.collect::<Result<Vec<_>, Refusal>>()?;
    context.broker.topics.alter_configs(topic.as_str(), &changes, validate_only)
}
