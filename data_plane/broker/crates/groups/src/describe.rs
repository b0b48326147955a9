//! What administrators see of a group.

use crate::answers::{GroupDescription, GroupListing, MemberDescription};
use crate::group::Group;
use crate::member::Member;

impl Group {
    pub(crate) fn listing(&self) -> GroupListing {
        GroupListing {
            group_id: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.state,
        }
    }

    pub(crate) fn describe(&self) -> GroupDescription {
        let protocol = self.protocol_name.as_deref();
        let member = |(id, member): (&String, &Member)| MemberDescription {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(protocol),
            assignment: member.assignment.clone(),
        };
        GroupDescription {
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol_name: self.protocol_name.clone().unwrap_or_default(),
            members: self.members.iter().map(member).collect(),
        }
    }
}
