"""Consumer groups of a cluster, asked of the cluster itself as the caller."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Response, status
from pydantic import Field

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.schemas import DryRun, Instant, ListResponse, ResponseModel, instant_of_ms, to_list
from api.v1.clusters import find_cluster
from api.v1.group_resets import OffsetReset, OffsetResetResponse, reset_response, to_target
from api.v1.kafka_problems import CLUSTER_PROBLEMS
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.groups.errors import (
    GroupActiveError,
    GroupForbiddenError,
    GroupIdInvalidError,
    GroupNotFoundError,
    GroupsLimitError,
    OffsetResetInvalidError,
    OffsetsNotFoundError,
)
from control_plane.groups.groups import Group, GroupMember, ListedGroup, PartitionName
from control_plane.groups.lag import PartitionLag
from control_plane.groups.service import GroupLag
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.topics.errors import TopicNotFoundError

GROUP_ID_LENGTH_MAX = 249
TOPIC_LENGTH_MAX = 249

router = v1_router("groups")

Reader = Annotated[Principal, Depends(require(Action.GROUPS_READ))]
Updater = Annotated[Principal, Depends(require(Action.GROUPS_UPDATE))]
Deleter = Annotated[Principal, Depends(require(Action.GROUPS_DELETE))]

# Ids of groups may hold slashes, written as %2F.
GroupId = Annotated[str, Path(min_length=1, max_length=GROUP_ID_LENGTH_MAX)]
TopicName = Annotated[str, Query(min_length=1, max_length=TOPIC_LENGTH_MAX)]
State = Literal["empty", "stable", "preparing_rebalance", "completing_rebalance"]

_GROUP = "/clusters/{cluster_id}/groups/{group_id:path}"

GROUP_PROBLEMS = (
    *CLUSTER_PROBLEMS,
    GroupForbiddenError,
    GroupIdInvalidError,
    GroupNotFoundError,
)
CHANGE_PROBLEMS = (*GROUP_PROBLEMS, GroupActiveError)


class GroupResponse(ResponseModel):
    """A consumer group."""

    group_id: Annotated[str, Field(examples=["billing"])]
    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    state: Annotated[str, Field(examples=["stable", "empty"])]
    type: Annotated[str, Field(examples=["classic"])]
    is_simple: Annotated[
        bool, Field(description="Nobody has joined it; programs only keep offsets in it.")
    ]


class PartitionResponse(ResponseModel):
    """A partition of a topic."""

    topic: Annotated[str, Field(examples=["flights"])]
    partition: Annotated[int, Field(examples=[0])]


class GroupMemberResponse(ResponseModel):
    """A consumer that is in a group now."""

    member_id: str
    instance_id: Annotated[str | None, Field(description="Of static members (KIP-345).")]
    client_id: Annotated[str, Field(examples=["billing-1"])]
    host: Annotated[str, Field(examples=["192.0.2.7"])]
    partitions: Annotated[list[PartitionResponse], Field(description="What it reads.")]


class GroupDetailResponse(GroupResponse):
    """A consumer group with its members."""

    assignor: Annotated[str, Field(examples=["range"])]
    members: list[GroupMemberResponse]


class PartitionLagResponse(PartitionResponse):
    """How far a group is behind in one partition."""

    committed_offset: Annotated[int | None, Field(description="Null: nothing is committed.")]
    log_start_offset: Annotated[int | None, Field(description="Null: the partition is gone.")]
    log_end_offset: int | None
    lag: Annotated[
        int | None,
        Field(description="Unread records that are still there. Null without a committed offset."),
    ]
    lag_ms: Annotated[
        int | None,
        Field(
            description="How much older the first unread record is than the newest one; 0 where "
            "nothing is unread. Null where that is not known or was not looked up."
        ),
    ]
    first_unread_at: Annotated[Instant | None, Field(description="Time of that record.")]
    newest_at: Annotated[Instant | None, Field(description="Time of the newest record.")]
    member_id: Annotated[str | None, Field(description="Who reads the partition now.")]
    client_id: str | None


class GroupLagResponse(ListResponse[PartitionLagResponse]):
    """How far a group is behind: in all, and a page of its partitions."""

    group_id: str
    partitions: Annotated[int, Field(description="That have an offset or a reader.")]
    lag: Annotated[int, Field(description="Unread records of all partitions.")]
    max_lag: Annotated[int, Field(description="Of the partition with most.")]
    lag_ms: Annotated[
        int | None,
        Field(description="Of the partition that is furthest behind, of those looked up."),
    ]
    is_lag_ms_complete: Annotated[
        bool,
        Field(
            description="Whether the times of all partitions with unread records were looked up; "
            "for a group with more than 100 such partitions they are not."
        ),
    ]


@router.get(
    "/clusters/{cluster_id}/groups",
    operation_id="list_groups",
    responses=problems(*CLUSTER_PROBLEMS, GroupForbiddenError),
)
def list_groups(
    cluster_id: str,
    caller: Reader,
    core: CoreServices,
    services: Clusters,
    page: PageQuery,
    state: Annotated[list[State] | None, Query(description="Only groups in such a state.")] = None,
) -> ListResponse[GroupResponse]:
    """List consumer groups in the order of their ids."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.groups.list(services.connection(cluster, caller), page, state or ())
    return to_list(found, lambda group: _response(cluster_id, group))


@router.get(
    f"{_GROUP}/offsets",
    operation_id="get_group_offsets",
    responses=problems(*GROUP_PROBLEMS),
)
def get_group_offsets(
    cluster_id: str,
    group_id: GroupId,
    caller: Reader,
    core: CoreServices,
    services: Clusters,
    page: PageQuery,
) -> GroupLagResponse:
    """Show how far a group is behind, in records and in time, in all and by partition."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.groups.lag(services.connection(cluster, caller), group_id, page)
    return _lag_response(group_id, found)


@router.delete(
    f"{_GROUP}/offsets",
    operation_id="delete_group_offsets",
    responses=problems(*CHANGE_PROBLEMS, OffsetsNotFoundError),
)
def delete_group_offsets(
    cluster_id: str,
    group_id: GroupId,
    topic: TopicName,
    caller: Deleter,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> OffsetResetResponse:
    """Delete what a group has committed in a topic; the answer tells how to undo it."""
    cluster = find_cluster(core, services, caller, cluster_id)
    connection = services.connection(cluster, caller)
    changes = services.groups.delete_offsets(connection, group_id, topic, is_dry_run=dry_run)
    return reset_response(group_id, changes, is_dry_run=dry_run)


@router.get(
    _GROUP,
    operation_id="get_group",
    responses=problems(*GROUP_PROBLEMS),
)
def get_group(
    cluster_id: str, group_id: GroupId, caller: Reader, core: CoreServices, services: Clusters
) -> GroupDetailResponse:
    """Show a group with its members and what each of them reads."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.groups.get(services.connection(cluster, caller), group_id)
    return _detail(cluster_id, found)


@router.post(
    f"{_GROUP}:reset",
    operation_id="reset_group_offsets",
    responses=problems(
        *POST_PROBLEMS,
        *CHANGE_PROBLEMS,
        GroupsLimitError,
        OffsetResetInvalidError,
        OffsetsNotFoundError,
        TopicNotFoundError,
    ),
)
def reset_group_offsets(
    cluster_id: str,
    group_id: GroupId,
    body: OffsetReset,
    caller: Updater,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> OffsetResetResponse:
    """Move what a group has committed; refused while consumers are in the group.

    The answer tells each change, and in `undo` the body that puts everything back.
    """
    cluster = find_cluster(core, services, caller, cluster_id)
    target, topics = to_target(body)
    connection = services.connection(cluster, caller)
    changes = services.groups.reset(connection, group_id, target, topics, is_dry_run=dry_run)
    return reset_response(group_id, changes, is_dry_run=dry_run)


@router.delete(
    _GROUP,
    operation_id="delete_group",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses=problems(*CHANGE_PROBLEMS),
)
def delete_group(
    cluster_id: str, group_id: GroupId, caller: Deleter, core: CoreServices, services: Clusters
) -> Response:
    """Delete a group with its offsets; refused while consumers are in it."""
    cluster = find_cluster(core, services, caller, cluster_id)
    services.groups.delete(services.connection(cluster, caller), group_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _response(cluster_id: str, group: ListedGroup) -> GroupResponse:
    return GroupResponse(
        group_id=group.group_id,
        cluster_id=cluster_id,
        state=group.state,
        type=group.type,
        is_simple=group.is_simple,
    )


def _detail(cluster_id: str, group: Group) -> GroupDetailResponse:
    return GroupDetailResponse(
        group_id=group.group_id,
        cluster_id=cluster_id,
        state=group.state,
        type=group.type,
        is_simple=group.is_simple,
        assignor=group.assignor,
        members=[_member(member) for member in group.members],
    )


def _member(member: GroupMember) -> GroupMemberResponse:
    return GroupMemberResponse(
        member_id=member.member_id,
        instance_id=member.instance_id,
        client_id=member.client_id,
        host=member.host,
        partitions=_partitions(member.partitions),
    )


def _partitions(names: Sequence[PartitionName]) -> list[PartitionResponse]:
    return [PartitionResponse(topic=name.topic, partition=name.partition) for name in names]


def _lag_response(group_id: str, found: GroupLag) -> GroupLagResponse:
    return GroupLagResponse(
        group_id=group_id,
        partitions=found.totals.partitions,
        lag=found.totals.lag,
        max_lag=found.totals.max_lag,
        lag_ms=found.totals.lag_ms,
        is_lag_ms_complete=found.totals.is_lag_ms_complete,
        items=[_partition_lag(one) for one in found.partitions.items],
        next_page_token=found.partitions.next_page_token,
    )


def _partition_lag(one: PartitionLag) -> PartitionLagResponse:
    times = one.times
    return PartitionLagResponse(
        topic=one.name.topic,
        partition=one.name.partition,
        committed_offset=one.offsets.committed,
        log_start_offset=one.offsets.log_start,
        log_end_offset=one.offsets.log_end,
        lag=one.offsets.lag,
        lag_ms=one.lag_ms,
        first_unread_at=None if times is None else instant_of_ms(times.first_unread_ms),
        newest_at=None if times is None else instant_of_ms(times.newest_ms),
        member_id=None if one.member is None else one.member.member_id,
        client_id=None if one.member is None else one.member.client_id,
    )
