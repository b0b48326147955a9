//! Rules as the tests send them.

use headrace_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse, create_acls_request::AclCreation, delete_acls_request::DeleteAclsFilter,
};

use crate::support::{Broker, Client};

pub(crate) const ANY: i8 = 1;
pub(crate) const MATCH: i8 = 2;
pub(crate) const LITERAL: i8 = 3;
pub(crate) const PREFIXED: i8 = 4;

pub(crate) const TOPIC: i8 = 2;
pub(crate) const GROUP: i8 = 3;
pub(crate) const CLUSTER: i8 = 4;
pub(crate) const TRANSACTIONAL_ID: i8 = 5;

pub(crate) const ALL: i8 = 2;
pub(crate) const READ: i8 = 3;
pub(crate) const WRITE: i8 = 4;
pub(crate) const CREATE: i8 = 5;
pub(crate) const DELETE: i8 = 6;
pub(crate) const ALTER: i8 = 7;
pub(crate) const DESCRIBE: i8 = 8;

pub(crate) const DENY: i8 = 2;
pub(crate) const ALLOW: i8 = 3;

pub(crate) const ONE: &str = "User:hk_one";
pub(crate) const TWO: &str = "User:hk_two";

pub(crate) const NEWEST: i16 = 3;

/// A connection of one of the two users.
pub(crate) fn login(broker: &Broker, user: &str) -> Client {
    let mut client = broker.connect();
    assert_eq!(client.login(&format!("hk_{user}"), &format!("secret-{user}")), 0);
    client
}

/// A rule for one user, from anywhere.
pub(crate) fn rule<'a>(
    resource_type: i8,
    name: &'a str,
    principal: &'a str,
    operation: i8,
    permission_type: i8,
) -> AclCreation<'a> {
    AclCreation {
        resource_type,
        resource_name: name.into(),
        resource_pattern_type: LITERAL,
        principal: principal.into(),
        host: "*".into(),
        operation,
        permission_type,
    }
}

pub(crate) fn prefixed(rule: AclCreation<'_>) -> AclCreation<'_> {
    AclCreation { resource_pattern_type: PREFIXED, ..rule }
}

/// Everything that there is for one user, and so nothing for all others.
pub(crate) fn everything(principal: &str) -> Vec<AclCreation<'_>> {
    let on = |(resource_type, name)| rule(resource_type, name, principal, ALL, ALLOW);
    [(TOPIC, "*"), (GROUP, "*"), (CLUSTER, "kafka-cluster"), (TRANSACTIONAL_ID, "*")].map(on).into()
}

/// The errors of rules that are to be made.
pub(crate) fn create(client: &mut Client, creations: Vec<AclCreation<'_>>, version: i16) -> Vec<i16> {
    let id = client.request(&CreateAclsRequest { creations }, version);
    let response: CreateAclsResponse<'_> = client.response(id, version);
    let code = |result: &headrace_protocol::messages::create_acls_response::AclCreationResult<'_>| {
        assert_eq!(result.error_code == 0, result.error_message.is_none());
        result.error_code
    };
    response.results.iter().map(code).collect()
}

/// Makes rules, which must work.
pub(crate) fn create_all(client: &mut Client, creations: Vec<AclCreation<'_>>) {
    assert!(create(client, creations, NEWEST).iter().all(|code| *code == 0));
}

/// A filter that means everything.
pub(crate) fn anything() -> DescribeAclsRequest<'static> {
    DescribeAclsRequest {
        resource_type_filter: ANY,
        resource_name_filter: None,
        pattern_type_filter: ANY,
        principal_filter: None,
        host_filter: None,
        operation: ANY,
        permission_type: ANY,
    }
}

/// The same filter, for deleting.
pub(crate) fn as_deletion<'a>(filter: &DescribeAclsRequest<'a>) -> DeleteAclsFilter<'a> {
    DeleteAclsFilter {
        resource_type_filter: filter.resource_type_filter,
        resource_name_filter: filter.resource_name_filter.clone(),
        pattern_type_filter: filter.pattern_type_filter,
        principal_filter: filter.principal_filter.clone(),
        host_filter: filter.host_filter.clone(),
        operation: filter.operation,
        permission_type: filter.permission_type,
    }
}

/// Error, and what a filter means: type, pattern, name and number of rules of each resource.
pub(crate) fn describe(
    client: &mut Client,
    filter: &DescribeAclsRequest<'_>,
    version: i16,
) -> (i16, Vec<(i8, i8, String, usize)>) {
    let id = client.request(filter, version);
    let response: DescribeAclsResponse<'_> = client.response(id, version);
    let resources = response.resources.iter().map(|resource| {
        let name = resource.resource_name.to_string();
        (resource.resource_type, resource.pattern_type, name, resource.acls.len())
    });
    (response.error_code, resources.collect())
}

/// Error of each filter, and how many rules it removed.
pub(crate) fn delete(
    client: &mut Client,
    filters: Vec<DeleteAclsFilter<'_>>,
    version: i16,
) -> Vec<(i16, usize)> {
    let id = client.request(&DeleteAclsRequest { filters }, version);
    let response: DeleteAclsResponse<'_> = client.response(id, version);
    response.filter_results.iter().map(|result| (result.error_code, result.matching_acls.len())).collect()
}
