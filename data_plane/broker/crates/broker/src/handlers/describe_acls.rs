//! `DescribeAcls`: the access rules that a filter means, by resource.

use headrace_protocol::messages::{
    DescribeAclsRequest, DescribeAclsResponse,
    describe_acls_response::{AclDescription, DescribeAclsResource},
};
use headrace_security::acls::{Acl, AclOperation};

use super::{
    Context,
    acl_bindings::{RawFilter, check},
};
use crate::{close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeAclsRequest<'a>,
) -> Result<Answer<DescribeAclsResponse<'a>>, Close> {
    let mut response = DescribeAclsResponse { error_message: None, ..Default::default() };
    match describe(context, &request) {
        Ok(acls) => response.resources = resources(acls),
        Err(refusal) => {
            response.error_code = refusal.code.code();
            response.error_message = Some(refusal.message.into());
        }
    }
    Ok(response.into())
}

fn describe(context: &Context<'_>, request: &DescribeAclsRequest<'_>) -> Result<Vec<Acl>, Refusal> {
    check(context, AclOperation::Describe)?;
    let filter = RawFilter {
        resource_type: request.resource_type_filter,
        pattern_type: request.pattern_type_filter,
        name: request.resource_name_filter.as_deref(),
        principal: request.principal_filter.as_deref(),
        host: request.host_filter.as_deref(),
        operation: request.operation,
        permission: request.permission_type,
    };
    Ok(context.broker.acls.matching(&filter.parse()?))
}

/// Rules of one resource come one after the other.
fn resources<'a>(acls: Vec<Acl>) -> Vec<DescribeAclsResource<'a>> {
    let mut resources: Vec<DescribeAclsResource<'a>> = Vec::new();
    for acl in acls {
        let (resource_type, pattern_type) = (acl.resource_type.code(), acl.pattern.code());
        let description = AclDescription {
            principal: acl.principal.into(),
            host: acl.host.to_string().into(),
            operation: acl.operation.code(),
            permission_type: acl.permission.code(),
        };
        match resources.last_mut() {
            Some(last)
                if (last.resource_type, last.pattern_type) == (resource_type, pattern_type)
                    && last.resource_name == acl.name =>
            {
                last.acls.push(description);
            }
            _ => resources.push(DescribeAclsResource {
                resource_type,
                resource_name: acl.name.into(),
                pattern_type,
                acls: vec![description],
            }),
        }
    }
    resources
}
