//! `DescribeCluster`: the cluster and its brokers.

use headrace_protocol::messages::{
    DescribeClusterRequest, DescribeClusterResponse, describe_cluster_response::DescribeClusterBroker,
};
use headrace_types::ErrorCode;

use super::{Context, operations};
use crate::{close::Close, reply::Answer};

const BROKERS: i8 = 1;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeClusterRequest,
) -> Result<Answer<DescribeClusterResponse<'a>>, Close> {
    if request.endpoint_type != BROKERS {
        return Ok(DescribeClusterResponse {
            error_code: ErrorCode::MismatchedEndpointType.code(),
            error_message: Some("this endpoint is one of brokers".into()),
            ..Default::default()
        }
        .into());
    }
    let config = &context.broker.config;
    let mut response = DescribeClusterResponse {
        cluster_id: config.cluster_id.as_str().into(),
        controller_id: config.broker_id,
        endpoint_type: request.endpoint_type,
        cluster_authorized_operations: operations::on_cluster(
            context,
            request.include_cluster_authorized_operations,
        ),
        ..Default::default()
    };
    let advertised = &context.connection.listener.advertised;
    response.brokers.push(DescribeClusterBroker {
        broker_id: config.broker_id,
        host: advertised.host.as_str().into(),
        port: i32::from(advertised.port),
        ..Default::default()
    });
    Ok(response.into())
}
