//! `DescribeConfigs`: every configuration of a topic or of the broker, with its default, source and meaning.

use headrace_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse,
    describe_configs_request::DescribeConfigsResource,
    describe_configs_response::{
        DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
    },
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{
    Context,
    config_resources::{
        BROKER, CLIENT_METRICS, GROUP, TOPIC, check_broker, check_other, topic_name, without_configs,
    },
    config_views::ConfigView,
    permissions::denied,
};
use crate::{close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeConfigsRequest<'a>,
) -> Result<Answer<DescribeConfigsResponse<'a>>, Close> {
    let (synonyms, documentation) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|resource| {
        let described = views(context, &resource);
        let (error, views) = described.map_or_else(|error| (Some(error), Vec::new()), |views| (None, views));
        let configs = views.into_iter().filter(|view| is_asked(view.name, &resource));
        DescribeConfigsResult {
            error_code: error.as_ref().map_or(ErrorCode::None, |error| error.code).code(),
            configs: configs.map(|view| row(view, resource.resource_type, synonyms, documentation)).collect(),
            error_message: error.map(|error| error.message.into()),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        }
    });
    let results = results.collect();
    Ok(DescribeConfigsResponse { results, ..Default::default() }.into())
}

/// No names mean all of them, like null.
fn is_asked(name: &str, resource: &DescribeConfigsResource<'_>) -> bool {
    let keys = resource.configuration_keys.as_deref().unwrap_or_default();
    keys.is_empty() || keys.iter().any(|key| key == name)
}

fn views(context: &Context<'_>, resource: &DescribeConfigsResource<'_>) -> Result<Vec<ConfigView>, Refusal> {
    match resource.resource_type {
        TOPIC => {
            let asked = &resource.resource_name;
            context.check_topic(AclOperation::DescribeConfigs, asked).map_err(denied)?;
            let name = topic_name(&resource.resource_name)?;
            let configs = context.broker.topics.configs_of(name.as_str());
            let unknown =
                || Refusal::new(ErrorCode::UnknownTopicOrPartition, format!("there is no topic '{name}'"));
            let ceilings = context.broker.topics.ceilings();
            Ok(ConfigView::of_topic(&configs.ok_or_else(unknown)?, ceilings).collect())
        }
        BROKER => {
            context.check_cluster(AclOperation::DescribeConfigs).map_err(denied)?;
            check_broker(context, &resource.resource_name)?;
            Ok(ConfigView::of_broker(&context.broker.config))
        }
        // There may be groups and subscriptions to metrics in a cluster, and here they have no settings of their own.
        other @ (GROUP | CLIENT_METRICS) => {
            check_other(context, AclOperation::DescribeConfigs, other, &resource.resource_name)?;
            if resource.resource_name.is_empty() {
                let message = "the resource needs a name".to_owned();
                return Err(Refusal::new(ErrorCode::InvalidRequest, message));
            }
            Ok(Vec::new())
        }
        other => {
            check_other(context, AclOperation::DescribeConfigs, other, &resource.resource_name)?;
            Err(without_configs(other))
        }
    }
}

fn row<'a>(
    view: ConfigView,
    resource_type: i8,
    synonyms: bool,
    documentation: bool,
) -> DescribeConfigsResourceResult<'a> {
    let synonym = |(name, value, source): (&'static str, String, _)| DescribeConfigsSynonym {
        name: name.into(),
        value: Some(value.into()),
        source: source as i8,
    };
    DescribeConfigsResourceResult {
        name: view.name.into(),
        read_only: resource_type == BROKER,
        config_source: view.source as i8,
        is_sensitive: false,
        synonyms: if synonyms { view.synonyms().map(synonym).collect() } else { Vec::new() },
        config_type: view.kind as i8,
        documentation: documentation.then(|| view.documentation.into()),
        value: Some(view.value.into()),
    }
}
