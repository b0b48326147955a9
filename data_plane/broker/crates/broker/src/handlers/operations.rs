//! What a principal may do, as bits numbered by Kafka's `AclOperation` (KIP-430).

use headrace_security::acls::AclOperation::{
    self, Alter, AlterConfigs, Create, Delete, Describe, DescribeConfigs, IdempotentWrite, Read, Write,
};

use super::Context;

/// "Not asked for".
pub(super) const NOT_ASKED: i32 = i32::MIN;

const ON_TOPICS: [AclOperation; 8] =
    [Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs];
const ON_GROUPS: [AclOperation; 5] = [Read, Delete, Describe, DescribeConfigs, AlterConfigs];
const ON_CLUSTER: [AclOperation; 6] =
    [Create, Alter, Describe, DescribeConfigs, AlterConfigs, IdempotentWrite];

/// What may be done with a topic, if it is asked.
pub(super) fn on_topic(context: &Context<'_>, name: &str, asked: bool) -> i32 {
    if asked { bits(&ON_TOPICS, |operation| context.may_on_topic(operation, name)) } else { NOT_ASKED }
}

/// What may be done with a consumer group, if it is asked.
pub(super) fn on_group(context: &Context<'_>, id: &str, asked: bool) -> i32 {
    if asked { bits(&ON_GROUPS, |operation| context.may_on_group(operation, id)) } else { NOT_ASKED }
}

/// What may be done with the cluster, if it is asked; nothing is told to who may not see it.
pub(super) fn on_cluster(context: &Context<'_>, asked: bool) -> i32 {
    if !asked {
        NOT_ASKED
    } else if context.may_on_cluster(Describe) {
        bits(&ON_CLUSTER, |operation| context.may_on_cluster(operation))
    } else {
        0
    }
}

/// The bits of those operations that may be done.
fn bits(operations: &[AclOperation], may: impl Fn(AclOperation) -> bool) -> i32 {
    operations.iter().filter(|operation| may(**operation)).map(|operation| 1 << operation.code()).sum()
}
