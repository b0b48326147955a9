//! `ListConfigResources` (KIP-1142): what has configurations here; no client metrics (version 0) and no groups have any.

use headrace_protocol::messages::{
    ListConfigResourcesRequest, ListConfigResourcesResponse, list_config_resources_response::ConfigResource,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{
    Context,
    config_resources::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC},
};
use crate::{close::Close, reply::Answer};

/// Version 0 asks for client metrics alone.
const TYPES_SINCE: i16 = 1;
/// What may be asked for, in the order of the answer.
const KNOWN: [i8; 5] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: ListConfigResourcesRequest,
) -> Result<Answer<ListConfigResourcesResponse<'a>>, Close> {
    if let Err(denied) = context.check_cluster(AclOperation::DescribeConfigs) {
        return Ok(ListConfigResourcesResponse { error_code: denied.code(), ..Default::default() }.into());
    }
    let asked = if context.version < TYPES_SINCE { vec![CLIENT_METRICS] } else { request.resource_types };
    if !asked.iter().all(|wanted| KNOWN.contains(wanted)) {
        let error_code = ErrorCode::UnsupportedVersion.code();
        return Ok(ListConfigResourcesResponse { error_code, ..Default::default() }.into());
    }
    let wanted = KNOWN.into_iter().filter(|kind| asked.is_empty() || asked.contains(kind));
    let config_resources = wanted.flat_map(|kind| named(context, kind)).collect();
    Ok(ListConfigResourcesResponse { config_resources, ..Default::default() }.into())
}

fn named<'a>(context: &Context<'_>, resource_type: i8) -> Vec<ConfigResource<'a>> {
    let resource = |name: String| ConfigResource { resource_name: name.into(), resource_type };
    match resource_type {
        TOPIC => context.broker.topics.views().into_iter().map(|topic| resource(topic.name)).collect(),
        BROKER => vec![resource(context.broker.config.broker_id.to_string())],
        _ => Vec::new(),
    }
}
