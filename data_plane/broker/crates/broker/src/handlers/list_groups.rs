//! `ListGroups`: the groups there are, by state and type if asked for.

use std::borrow::Cow;

use headrace_groups::GroupListing;
use headrace_protocol::messages::{ListGroupsRequest, ListGroupsResponse, list_groups_response::ListedGroup};
use headrace_security::acls::AclOperation;

use super::Context;
use crate::{close::Close, reply::Answer};

/// The type of every group of this broker (KIP-848 tells it from the newer one).
const GROUP_TYPE: &str = "classic";

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: ListGroupsRequest<'a>,
) -> Result<Answer<ListGroupsResponse<'a>>, Close> {
    let sees_all = context.may_on_cluster(AclOperation::Describe);
    let wanted = |group: &GroupListing| {
        (sees_all || context.may_on_group(AclOperation::Describe, &group.group_id))
            && passes(&request.states_filter, group.state.name())
            && passes(&request.types_filter, GROUP_TYPE)
    };
    Ok(match context.broker.groups.list().await {
        Err(error) => ListGroupsResponse { error_code: error.code(), ..Default::default() },
        Ok(groups) => ListGroupsResponse {
            groups: groups.into_iter().filter(wanted).map(listed).collect(),
            ..Default::default()
        },
    }
    .into())
}

/// No filter lets everything pass; names are compared without regard to case (KIP-518).
fn passes(filter: &[Cow<'_, str>], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
}

fn listed(group: GroupListing) -> ListedGroup<'static> {
    ListedGroup {
        group_id: group.group_id.into(),
        protocol_type: group.protocol_type.into(),
        group_state: group.state.name().into(),
        group_type: GROUP_TYPE.into(),
    }
}
