"""The rows that a page of usage windows becomes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from control_plane.usage.plan import CountedWindow, TopicPrincipal, Traffic
from control_plane.usage.rollups import additions

Row = dict[str, Any]


def range_rows(owner: Mapping[str, Any], counted: CountedWindow) -> list[Row]:
    """Return a row for each range, with the columns of `owner` in all of them."""
    return [
        {
            **owner,
            "topic_id": one.topic_id,
            "partition": one.partition,
            "first_offset": one.first_offset,
            "next_offset": one.next_offset,
            "topic": one.topic,
            "bytes": one.bytes,
            "records": one.records,
        }
        for one in counted.ranges
    ]


def traffic_rows(owner: Mapping[str, Any], traffic: Mapping[TopicPrincipal, Traffic]) -> list[Row]:
    """Return a row for each topic and principal."""
    return [
        {
            **owner,
            "topic_id": topic_id,
            "principal": principal,
            "topic": part.topic,
            **_quantities(part),
        }
        for (topic_id, principal), part in traffic.items()
    ]


def _quantities(part: Traffic) -> dict[str, int]:
    return {
        "bytes_in": part.bytes_in,
        "records_in": part.records_in,
        "produce_requests": part.produce_requests,
        "bytes_out": part.bytes_out,
        "read_requests": part.read_requests,
    }


def rollup_rows(
    owner: Mapping[str, Any], windows: Sequence[CountedWindow]
) -> tuple[list[Row], list[Row]]:
    """Return what is added to hours and days, and to their traffic."""
    rollups: list[Row] = []
    traffic: list[Row] = []
    for (granularity, started_at), added in additions(windows).items():
        bucket = {**owner, "granularity": granularity.value, "started_at": started_at}
        traffic += traffic_rows(bucket, added.traffic)
        rollups.append(
            {
                **bucket,
                **_quantities(added.total),
                "running_ms": added.running_ms,
                "stored_byte_seconds": added.stored_byte_seconds,
                "stored_bytes": added.last.window.stored_bytes,
                "partitions": added.last.window.partitions,
                "connections": added.last.window.connections,
                "last_ended_at": added.last.ended_at,
            }
        )
    return rollups, traffic
