//! `DescribeGroups`: what administrators see of groups.

use std::borrow::Cow;

use headrace_groups::{GroupDescription, MemberDescription};
use headrace_protocol::messages::{
    DescribeGroupsRequest, DescribeGroupsResponse,
    describe_groups_response::{DescribedGroup, DescribedGroupMember},
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, operations, permissions::DENIED};
use crate::{close::Close, reply::Answer};

/// From this version on a group that does not exist is an error; before it is a dead group.
const NOT_FOUND_SINCE: i16 = 6;
/// From this version on there is a place for a message.
const ERROR_MESSAGE_SINCE: i16 = 6;
const DEAD: &str = "Dead";

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: DescribeGroupsRequest<'a>,
) -> Result<Answer<DescribeGroupsResponse<'a>>, Close> {
    let mut groups = Vec::with_capacity(request.groups.len());
    for group_id in request.groups {
        if let Err(denied) = context.check_group(AclOperation::Describe, &group_id) {
            let why = (context.version >= ERROR_MESSAGE_SINCE).then_some(DENIED);
            // Who may not see a group is not told that there is none either.
            groups.push(DescribedGroup { group_state: "".into(), ..without_group(group_id, denied, why) });
            continue;
        }
        let described = context.broker.groups.describe(&group_id).await;
        groups.push(match described {
            Ok(Some(group)) => {
                let asked = request.include_authorized_operations;
                let operations = operations::on_group(context, &group_id, asked);
                described_group(group_id, group, operations)
            }
            Ok(None) if context.version >= NOT_FOUND_SINCE => {
                without_group(group_id, ErrorCode::GroupIdNotFound, Some("there is no such group"))
            }
            Ok(None) => without_group(group_id, ErrorCode::None, None),
            Err(error) => without_group(group_id, error, None),
        });
    }
    Ok(DescribeGroupsResponse { groups, ..Default::default() }.into())
}

fn described_group(
    group_id: Cow<'_, str>,
    group: GroupDescription,
    authorized_operations: i32,
) -> DescribedGroup<'_> {
    DescribedGroup {
        group_id,
        group_state: group.state.name().into(),
        protocol_type: group.protocol_type.into(),
        protocol_data: group.protocol_name.into(),
        members: group.members.into_iter().map(described_member).collect(),
        authorized_operations,
        ..Default::default()
    }
}

fn described_member(member: MemberDescription) -> DescribedGroupMember<'static> {
    DescribedGroupMember {
        member_id: member.member_id.into(),
        group_instance_id: member.instance_id.map(Into::into),
        client_id: member.client_id.into(),
        // Kafka's tools expect the form of Java's addresses.
        client_host: format!("/{}", member.client_host).into(),
        member_metadata: Vec::from(member.metadata).into(),
        member_assignment: Vec::from(member.assignment).into(),
    }
}

fn without_group<'a>(
    group_id: Cow<'a, str>,
    error: ErrorCode,
    why: Option<&'static str>,
) -> DescribedGroup<'a> {
    DescribedGroup {
        group_id,
        group_state: DEAD.into(),
        error_code: error.code(),
        error_message: why.map(Into::into),
        authorized_operations: operations::NOT_ASKED,
        ..Default::default()
    }
}
