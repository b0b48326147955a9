"""Queries of usage: cursors compared and swapped, windows inserted, sums added to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.kit.db import Base, dialect_insert, insert_unless_present
from control_plane.kit.scope import Scope, scoped
from control_plane.usage.models import (
    UsageMeter,
    UsagePartitionCursor,
    UsageRange,
    UsageRest,
    UsageRollup,
    UsageRollupTraffic,
    UsageTraffic,
    UsageWindow,
)
from control_plane.usage.plan import Cursor, CursorMove, Granularity, Partition, Rest

# Below SQLite's limit on the variables of one statement, whatever else stands in it.
TOPICS_PER_QUERY_MAX = 500

# The meter that counts what is kept while no broker runs.
REST_BROKER_ID = 0

_SUMMED = (
    "running_ms",
    "bytes_in",
    "records_in",
    "produce_requests",
    "bytes_out",
    "read_requests",
    "stored_byte_seconds",
)
_LEVELS = ("stored_bytes", "partitions", "connections")
_TRAFFIC_SUMMED = ("bytes_in", "records_in", "produce_requests", "bytes_out", "read_requests")


@dataclass(frozen=True, slots=True)
class GroupedTraffic:
    """The sums of one topic or principal in one hour or day; the other side is None."""

    started_at: datetime
    bytes_in: int
    records_in: int
    produce_requests: int
    bytes_out: int
    read_requests: int
    topic_id: str | None = None
    topic: str | None = None
    principal: str | None = None


def find_latest_meter(session: Session, cluster_id: str) -> UsageMeter | None:
    """Find the broker's meter of a cluster of which windows were collected last; for jobs."""
    statement = select(UsageMeter).where(
        UsageMeter.cluster_id == cluster_id, UsageMeter.broker_id != REST_BROKER_ID
    )
    return session.scalars(statement.order_by(UsageMeter.updated_at.desc()).limit(1)).first()


def find_meter(
    session: Session, cluster_id: str, broker_id: int, meter_id: str
) -> UsageMeter | None:
    """Find one meter of a cluster; for jobs."""
    return session.get(UsageMeter, (cluster_id, broker_id, meter_id), populate_existing=True)


def list_collected_since(session: Session, instant: datetime) -> frozenset[str]:
    """List the clusters of all organizations of which windows were collected since `instant`."""
    statement = select(UsageMeter.cluster_id).where(
        UsageMeter.updated_at >= instant, UsageMeter.broker_id != REST_BROKER_ID
    )
    return frozenset(session.scalars(statement))


def insert_meter(session: Session, values: Mapping[str, Any]) -> bool:
    """Insert a meter; return False if it is there."""
    return insert_unless_present(session, UsageMeter, values)


def move_meter(
    session: Session, meter: UsageMeter, *, through: int, lost_through: int, now: datetime
) -> bool:
    """Move a meter's cursor if it stands where it was read; return whether it did."""
    statement = update(UsageMeter).where(
        UsageMeter.cluster_id == meter.cluster_id,
        UsageMeter.broker_id == meter.broker_id,
        UsageMeter.meter_id == meter.meter_id,
        UsageMeter.collected_through == meter.collected_through,
        UsageMeter.lost_through == meter.lost_through,
    )
    moved = statement.values(collected_through=through, lost_through=lost_through, updated_at=now)
    return _changed(session, moved.execution_options(synchronize_session=False)) == 1


def reopen_rest(session: Session, cluster_id: str, started_at: datetime) -> bool:
    """Let a rest go on that began and ended within one millisecond; return whether there is one."""
    statement = update(UsageRest).where(
        UsageRest.cluster_id == cluster_id, UsageRest.started_at == started_at
    )
    reopened = statement.values(ended_at=None).execution_options(synchronize_session=False)
    return _changed(session, reopened) == 1


def lock_rest(session: Session, cluster_id: str) -> UsageRest | None:
    """Find the rest that a cluster is in, locked until the transaction ends; for jobs."""
    rest = find_rest(session, cluster_id)
    if rest is not None:
        session.refresh(rest, with_for_update=True)
    return rest if rest is not None and rest.ended_at is None else None


def find_rest(session: Session, cluster_id: str) -> UsageRest | None:
    """Find the rest that a cluster is in; for jobs."""
    statement = select(UsageRest).where(
        UsageRest.cluster_id == cluster_id, UsageRest.ended_at.is_(None)
    )
    return session.scalars(statement).first()


def list_resting(session: Session, metered_before: datetime) -> Sequence[str]:
    """List the clusters of all organizations that rest and were not metered up to then."""
    statement = select(UsageRest.cluster_id).where(
        UsageRest.ended_at.is_(None), UsageRest.metered_until < metered_before
    )
    return session.scalars(statement.order_by(UsageRest.cluster_id)).all()


def list_rests(
    session: Session, cluster_id: str, period: tuple[datetime, datetime]
) -> Sequence[Rest]:
    """List the rests of a cluster that reach into a time; for jobs."""
    started_at, ended_at = period
    statement = select(UsageRest).where(
        UsageRest.cluster_id == cluster_id,
        UsageRest.started_at < ended_at,
        or_(UsageRest.ended_at.is_(None), UsageRest.ended_at > started_at),
    )
    return [Rest(one.started_at, one.ended_at) for one in session.scalars(statement)]


def find_last_window(session: Session, scope: Scope, cluster_id: str) -> UsageWindow | None:
    """Find the window that a broker of the cluster closed last."""
    statement = scoped(UsageWindow, scope).where(
        UsageWindow.cluster_id == cluster_id, UsageWindow.broker_id != REST_BROKER_ID
    )
    return session.scalars(statement.order_by(UsageWindow.started_at.desc()).limit(1)).first()


def delete_rests(session: Session, ended_before: datetime, count_max: int) -> int:
    """Delete rests of all organizations that ended before then, at most `count_max`."""
    keys = (UsageRest.cluster_id, UsageRest.started_at)
    old = select(*keys).where(UsageRest.ended_at < ended_before).limit(count_max)
    return _changed(session, delete(UsageRest).where(tuple_(*keys).in_(old)))


def find_cursors(
    session: Session, cluster_id: str, partitions: Collection[Partition]
) -> dict[Partition, Cursor]:
    """Return the cursors of those of the partitions that have one; for jobs."""
    found: dict[Partition, Cursor] = {}
    topic_ids = iter(sorted({topic_id for topic_id, _ in partitions}))
    while some := list(islice(topic_ids, TOPICS_PER_QUERY_MAX)):
        statement = select(
            UsagePartitionCursor.topic_id,
            UsagePartitionCursor.partition,
            UsagePartitionCursor.next_offset,
            UsagePartitionCursor.meter_id,
            UsagePartitionCursor.window_number,
        ).where(
            UsagePartitionCursor.cluster_id == cluster_id,
            UsagePartitionCursor.topic_id.in_(some),
        )
        for topic_id, partition, next_offset, meter_id, number in session.execute(statement):
            found[topic_id, partition] = Cursor(next_offset, meter_id, number)
    return {key: cursor for key, cursor in found.items() if key in partitions}


def swap_cursors(
    session: Session, organization_id: str, cluster_id: str, moves: Sequence[CursorMove]
) -> int:
    """Move every cursor that stands where its move expects it; return how many did.

    Raises IntegrityError for a cursor that was expected to be absent and is not.
    """
    fresh = [
        {
            "organization_id": organization_id,
            "cluster_id": cluster_id,
            "topic_id": move.topic_id,
            "partition": move.partition,
            "next_offset": move.after.next_offset,
            "meter_id": move.after.meter_id,
            "window_number": move.after.window_number,
        }
        for move in moves
        if move.before is None
    ]
    insert_all(session, UsagePartitionCursor, fresh)
    swaps = [
        {
            "of_topic_id": move.topic_id,
            "of_partition": move.partition,
            "expected_offset": move.before.next_offset,
            "expected_meter_id": move.before.meter_id,
            "expected_number": move.before.window_number,
            "next_offset": move.after.next_offset,
            "meter_id": move.after.meter_id,
            "window_number": move.after.window_number,
        }
        for move in moves
        if move.before is not None
    ]
    if not swaps:
        return len(fresh)
    cursors = UsagePartitionCursor
    statement = update(cursors.__table__).where(  # pyright: ignore[reportArgumentType]  a Table, declared as FromClause
        cursors.cluster_id == cluster_id,
        cursors.topic_id == bindparam("of_topic_id"),
        cursors.partition == bindparam("of_partition"),
        cursors.next_offset == bindparam("expected_offset"),
        cursors.meter_id == bindparam("expected_meter_id"),
        cursors.window_number == bindparam("expected_number"),
    )
    return len(fresh) + session.connection().execute(statement, swaps).rowcount


def insert_window(session: Session, window: UsageWindow) -> int:
    """Insert a window; return its row's id. Raises IntegrityError if it is there."""
    session.add(window)
    session.flush()
    return window.id


def insert_all(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all of them or, by IntegrityError, none."""
    if rows:
        session.execute(insert(model), list(rows))


def add_to_rollups(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add quantities to hours and days; levels are taken from whoever ended last."""
    statement = dialect_insert(session, UsageRollup)
    added = statement.excluded
    is_later = added.last_ended_at >= UsageRollup.last_ended_at
    changes: dict[str, ColumnElement[Any]] = {
        name: getattr(UsageRollup, name) + added[name] for name in _SUMMED
    }
    for name in (*_LEVELS, "last_ended_at"):
        changes[name] = case((is_later, added[name]), else_=getattr(UsageRollup, name))
    keys = [UsageRollup.cluster_id, UsageRollup.granularity, UsageRollup.started_at]
    _upsert(session, statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def add_to_rollup_traffic(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add quantities to what principals did with topics in hours and days."""
    statement = dialect_insert(session, UsageRollupTraffic)
    added = statement.excluded
    changes = {name: getattr(UsageRollupTraffic, name) + added[name] for name in _TRAFFIC_SUMMED}
    keys = [
        UsageRollupTraffic.cluster_id,
        UsageRollupTraffic.granularity,
        UsageRollupTraffic.started_at,
        UsageRollupTraffic.topic_id,
        UsageRollupTraffic.principal,
    ]
    _upsert(session, statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def list_rollups(
    session: Session,
    scope: Scope,
    cluster_id: str,
    granularity: Granularity,
    period: tuple[datetime, datetime],
) -> Sequence[UsageRollup]:
    """List the hours or days of [start, end) in which a cluster was metered, in their order."""
    statement = scoped(UsageRollup, scope).where(
        *_within(UsageRollup, cluster_id, granularity, period)
    )
    return session.scalars(statement.order_by(UsageRollup.started_at)).all()


def list_grouped(
    session: Session,
    scope: Scope,
    cluster_id: str,
    granularity: Granularity,
    period: tuple[datetime, datetime],
    group: Sequence[InstrumentedAttribute[str]],
    count_max: int,
) -> Sequence[GroupedTraffic]:
    """List the sums of each `group` in [start, end), in their order, at most `count_max`."""
    sums = [
        # PostgreSQL sums 64-bit integers to decimals.
        func.sum(getattr(UsageRollupTraffic, name)).cast(BigInteger).label(name)
        for name in _TRAFFIC_SUMMED
    ]
    statement = scoped(UsageRollupTraffic, scope).with_only_columns(
        UsageRollupTraffic.started_at, *group, *sums
    )
    within = statement.where(*_within(UsageRollupTraffic, cluster_id, granularity, period))
    order = (UsageRollupTraffic.started_at, *group)
    grouped = within.group_by(*order).order_by(*order).limit(count_max)
    return [GroupedTraffic(**row) for row in session.execute(grouped).mappings()]


def find_collected_until(session: Session, scope: Scope, cluster_id: str) -> datetime | None:
    """Return the end of the last window that was collected of a cluster."""
    statement = scoped(UsageWindow, scope).where(UsageWindow.cluster_id == cluster_id)
    ended_at = statement.with_only_columns(UsageWindow.ended_at)
    return session.scalars(ended_at.order_by(UsageWindow.started_at.desc()).limit(1)).first()


def delete_windows(session: Session, ended_before: datetime, count_max: int) -> int:
    """Delete at most `count_max` windows of all organizations with all they hold; count them."""
    old = select(UsageWindow.id).where(UsageWindow.ended_at < ended_before)
    ids = session.scalars(old.order_by(UsageWindow.ended_at).limit(count_max)).all()
    if ids:
        session.execute(delete(UsageRange).where(UsageRange.window_id.in_(ids)))
        session.execute(delete(UsageTraffic).where(UsageTraffic.window_id.in_(ids)))
        session.execute(delete(UsageWindow).where(UsageWindow.id.in_(ids)))
    return len(ids)


def delete_rollups(session: Session, started_before: datetime, count_max: int) -> int:
    """Delete hours and days of all organizations, at most `count_max` rows; count them."""
    keys = (UsageRollup.cluster_id, UsageRollup.granularity, UsageRollup.started_at)
    old = select(*keys).where(UsageRollup.started_at < started_before).limit(count_max)
    return _changed(session, delete(UsageRollup).where(tuple_(*keys).in_(old)))


def delete_rollup_traffic(session: Session, started_before: datetime, count_max: int) -> int:
    """Delete the traffic of hours and days of all organizations, at most `count_max` rows."""
    row = UsageRollupTraffic
    keys = (row.cluster_id, row.granularity, row.started_at, row.topic_id, row.principal)
    old = select(*keys).where(row.started_at < started_before).limit(count_max)
    return _changed(session, delete(UsageRollupTraffic).where(tuple_(*keys).in_(old)))


def _within(
    model: type[UsageRollup | UsageRollupTraffic],
    cluster_id: str,
    granularity: Granularity,
    period: tuple[datetime, datetime],
) -> tuple[ColumnElement[bool], ...]:
    started_at, ended_at = period
    return (
        model.cluster_id == cluster_id,
        model.granularity == granularity.value,
        and_(model.started_at >= started_at, model.started_at < ended_at),
    )


def _upsert(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.connection().execute(statement, list(rows))


def _changed(session: Session, statement: Any) -> int:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
