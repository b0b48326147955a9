"""Reading records: a partition from an offset or a time, without any state on the server."""

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.auth import require
from api.deps import Services
from api.errors import problems
from api.rate_limits import peer_of
from api.schemas import Moment, RequestModel
from api.v1.read_start import OFFSET_PATTERN, read_start
from api.v1.record_pages import PageResponse, RecordFormat, encode_page
from api.v1.router import v1_router
from control_plane.clusters.errors import (
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterSuspendedError,
    NetworkNotAllowedError,
)
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from data_plane.gateway import errors
from data_plane.gateway.consumers import ReadRequest
from data_plane.gateway.limits import (
    PARTITION_MAX,
    READ_BYTES_DEFAULT,
    READ_BYTES_MAX,
    READ_WAIT_MS_MAX,
)

CLIENT_CLOSED_REQUEST = 499  # nobody receives it; logs show it

router = v1_router("records")


class ReadQuery(RequestModel):
    """Where to begin, how much to return, how long to wait and how to write it."""

    offset: Annotated[
        str | None,
        Field(
            pattern=OFFSET_PATTERN,
            description="The first offset to read: a number, `earliest` or `latest`. Without it "
            "and `since`: `earliest`.",
            examples=["earliest", "1204"],
        ),
    ] = None
    since: Annotated[
        Moment | None,
        Field(
            description="In place of `offset`: begin at the first record whose timestamp is not "
            "before this date (its beginning in UTC) or instant of RFC 3339. Where all are older, "
            "reading begins at the end, as with `latest`. Records behind it may be older, where "
            "producers' clocks or their own timestamps say so.",
            examples=["2026-11-22T09:30:00Z", "2026-11-22"],
        ),
    ] = None
    max_bytes: Annotated[
        int,
        Field(
            ge=1,
            le=READ_BYTES_MAX,
            description="Keys, values and headers in one answer. One record always fits.",
        ),
    ] = READ_BYTES_DEFAULT
    wait_ms: Annotated[
        int,
        Field(ge=0, le=READ_WAIT_MS_MAX, description="How long to wait for a first record."),
    ] = 0
    format: Annotated[
        RecordFormat,
        Field(
            description="How to write keys, values and headers. What `text` or `json` can not "
            "write is written in base64 (or text); each says how by its `encoding`.",
        ),
    ] = RecordFormat.BASE64


@router.get(
    "/clusters/{cluster_id}/topics/{topic}/partitions/{partition}/records",
    operation_id="read_records",
    response_class=Response,
    responses={
        200: {"model": PageResponse, "description": "Records, and where to read on."},
        **problems(
            ClusterNotFoundError,
            ClusterNotReadyError,
            ClusterSuspendedError,
            NetworkNotAllowedError,
            errors.TopicNotFoundError,
            errors.PartitionNotFoundError,
            errors.OffsetOutOfRangeError,
            errors.ReadStartAmbiguousError,
            errors.ReadSinceFutureError,
            errors.AccessDeniedError,
            errors.CredentialBusyError,
            errors.GatewayBusyError,
            errors.ClusterUnreachableError,
            errors.ClusterFailedError,
        ),
    },
)
async def read_records(
    cluster_id: str,
    topic: str,
    partition: Annotated[int, Path(ge=0, le=PARTITION_MAX)],
    query: Annotated[ReadQuery, Query()],
    request: Request,
    caller: Annotated[Principal, Depends(require(Action.RECORDS_CONSUME))],
    services: Services,
) -> Response:
    """Read records of one partition in the order of their offsets.

    Nothing is remembered between reads: go on from `next_offset`. No record is cut or skipped.
    """
    start = read_start(query.offset, query.since, services.core.clock)
    route = await services.gateway.routes.route(caller, cluster_id, peer_of(request.scope))
    wanted = ReadRequest(topic, partition, start, query.max_bytes, query.wait_ms / 1000)
    reading = asyncio.ensure_future(
        services.gateway.gateway.consumers.read(
            route, wanted, lambda page: encode_page(page, query.format)
        )
    )
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({reading, gone}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            return Response(reading.result(), media_type="application/json")
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    except errors.ClusterRefusedCredentialError:
        await services.gateway.routes.route(caller, cluster_id, peer_of(request.scope), afresh=True)
        raise
    finally:
        gone.cancel()
        reading.cancel()


async def _gone(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
