"""What a reset of a group's offsets is asked with, and what it answers."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from api.schemas import RequestModel, ResponseModel
from control_plane.groups.groups import PartitionName
from control_plane.groups.resets import (
    OffsetChange,
    ShiftBy,
    Target,
    ToEarliest,
    ToLatest,
    ToOffset,
    ToOffsets,
    TopicChoice,
    ToTime,
)
from control_plane.groups.service import RESET_PARTITIONS_MAX

TOPICS_MAX = 1_000
PARTITION_MAX = 2**31 - 1
OFFSET_MAX = 2**63 - 1

Topic = Annotated[str, StringConstraints(min_length=1, max_length=249)]
Partition = Annotated[int, Field(ge=0, le=PARTITION_MAX)]
Offset = Annotated[int, Field(ge=0, le=OFFSET_MAX)]


class ResetTopic(RequestModel):
    """A topic whose offsets shall change, in all of its partitions or in those that are named."""

    topic: Annotated[Topic, Field(examples=["flights"])]
    partitions: Annotated[
        list[Partition] | None, Field(min_length=1, max_length=RESET_PARTITIONS_MAX)
    ] = None


class GroupOffset(RequestModel):
    """An offset of a partition; null takes away what is committed."""

    topic: Topic
    partition: Partition
    offset: Offset | None


class OffsetReset(RequestModel):
    """Where a group's offsets shall go.

    `to` is earliest, latest, time (with `at`), shift (with `by`), offset (with `offset`), or
    offsets (with `offsets`, which is what `undo` of an answer holds). An offset outside of a
    partition's log is taken to its nearer end, but with `offsets`.
    """

    to: Literal["earliest", "latest", "time", "shift", "offset", "offsets"]
    at: Annotated[
        AwareDatetime | None, Field(description="First records of this time or later.")
    ] = None
    by: Annotated[
        int | None,
        Field(ge=-OFFSET_MAX, le=OFFSET_MAX, description="So many records on; negative is back."),
    ] = None
    offset: Offset | None = None
    offsets: Annotated[
        list[GroupOffset] | None, Field(min_length=1, max_length=RESET_PARTITIONS_MAX)
    ] = None
    topics: Annotated[
        list[ResetTopic] | None,
        Field(
            min_length=1,
            max_length=TOPICS_MAX,
            description="Left out: every partition in which the group has an offset.",
        ),
    ] = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = {"time": "at", "shift": "by", "offset": "offset", "offsets": "offsets"}.get(self.to)
        given = {
            name for name in ("at", "by", "offset", "offsets") if getattr(self, name) is not None
        }
        if given != ({needs} if needs else set()):
            message = f"to={self.to} takes {needs or 'nothing'} beside it, and nothing else"
            raise ValueError(message)
        if self.offsets is not None:
            if self.topics is not None:
                message = "offsets name their topics themselves"
                raise ValueError(message)
            if len({(one.topic, one.partition) for one in self.offsets}) < len(self.offsets):
                message = "offsets name a partition twice"
                raise ValueError(message)
        return self


class OffsetChangeResponse(ResponseModel):
    """What changes in one partition."""

    topic: str
    partition: int
    before: Annotated[int | None, Field(description="Null: nothing was committed.")]
    after: Annotated[int | None, Field(description="Null: nothing is committed any more.")]
    lag_before: int | None
    lag_after: int | None
    is_clamped: Annotated[
        bool, Field(description="What was asked for is outside of the log; its end was taken.")
    ]


class OffsetUndo(ResponseModel):
    """The body of a reset that puts offsets back."""

    to: Literal["offsets"]
    offsets: list[GroupOffset]


class OffsetResetResponse(ResponseModel):
    """What a reset changed, or would change, and the body of the request that undoes it."""

    group_id: str
    is_dry_run: bool
    lag_before: Annotated[int, Field(description="Unread records of these partitions.")]
    lag_after: int
    changes: list[OffsetChangeResponse]
    undo: OffsetUndo


def to_target(body: OffsetReset) -> tuple[Target, Sequence[TopicChoice] | None]:
    """Return what is asked for, and for which topics."""
    topics = None
    if body.topics is not None:
        topics = [TopicChoice(one.topic, one.partitions) for one in body.topics]
    return _target(body), topics


def _target(body: OffsetReset) -> Target:
    if body.at is not None:
        return ToTime(body.at)
    if body.by is not None:
        return ShiftBy(body.by)
    if body.offset is not None:
        return ToOffset(body.offset)
    if body.offsets is not None:
        return ToOffsets(
            {PartitionName(one.topic, one.partition): one.offset for one in body.offsets}
        )
    return ToEarliest() if body.to == "earliest" else ToLatest()


def reset_response(
    group_id: str, changes: Sequence[OffsetChange], *, is_dry_run: bool
) -> OffsetResetResponse:
    """Render what a reset changed."""
    before = [
        GroupOffset(topic=one.name.topic, partition=one.name.partition, offset=one.before.committed)
        for one in changes
    ]
    return OffsetResetResponse(
        group_id=group_id,
        is_dry_run=is_dry_run,
        lag_before=sum(one.before.lag or 0 for one in changes),
        lag_after=sum(one.lag_after or 0 for one in changes),
        changes=[_change(one) for one in changes],
        undo=OffsetUndo(to="offsets", offsets=before),
    )


def _change(one: OffsetChange) -> OffsetChangeResponse:
    return OffsetChangeResponse(
        topic=one.name.topic,
        partition=one.name.partition,
        before=one.before.committed,
        after=one.after,
        lag_before=one.before.lag,
        lag_after=one.lag_after,
        is_clamped=one.is_clamped,
    )
