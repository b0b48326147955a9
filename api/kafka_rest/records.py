"""Producing records: POST /kafka/v3/clusters/{cluster_id}/topics/{topic}/records."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.auth import require
from api.deps import Services
from api.errors import ContentTypeUnsupportedError, problems
from api.idempotency import IdempotencyKeyUnsupportedError, refuse_idempotency_key
from api.kafka_rest.documents import StreamIdleError
from api.kafka_rest.produce import MEDIA_TYPE, ProduceResponse
from api.rate_limits import RateLimitExceededError, peer_of
from control_plane.clusters.errors import (
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterSuspendedError,
    NetworkNotAllowedError,
)
from control_plane.identity.errors import (
    AuthenticationDelayedError,
    CredentialsInvalidError,
    PermissionDeniedError,
)
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from data_plane.gateway import errors
from data_plane.gateway.codecs import TYPES
from data_plane.gateway.endpoints import Route

router = APIRouter(prefix="/kafka/v3", tags=["records"])


may_produce = require(Action.RECORDS_PRODUCE)


def _require_json(request: Request) -> None:
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise ContentTypeUnsupportedError(
            f"this route reads {MEDIA_TYPE} only",
            advice=f"send the header Content-Type: {MEDIA_TYPE}",
        )


_DATA: dict[str, Any] = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "enum": list(TYPES)},
        "data": {"description": "Base64 for BINARY, a string for STRING, any JSON for JSON."},
    },
}
_RECORD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "partition_id": {"type": ["integer", "null"], "minimum": 0},
        "headers": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "value": {"type": ["string", "null"], "contentEncoding": "base64"},
                },
            },
        },
        "key": _DATA,
        "value": _DATA,
        "timestamp": {
            "description": "RFC 3339, or milliseconds since 1970; absent means now.",
            "oneOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": 1},
                {"type": "null"},
            ],
        },
    },
}
_EXAMPLE = {
    "key": {"type": "STRING", "data": "mill-7"},
    "value": {"type": "JSON", "data": {"litres_per_second": 412}},
}
_REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["error_code"],
    "properties": {
        "error_code": {"type": "integer", "description": "200 for a record that was written."},
        "cluster_id": {"type": "string"},
        "topic_name": {"type": "string"},
        "partition_id": {"type": "integer"},
        "offset": {"type": "integer"},
        "timestamp": {"type": "string", "format": "date-time"},
        "key": {"type": "object"},
        "value": {"type": "object"},
        "message": {"type": "string", "description": "In a stream: why it was not written."},
        "code": {"type": "string", "description": "In a stream: the stable code of the problem."},
    },
}


@router.post(
    "/clusters/{cluster_id}/topics/{topic}/records",
    operation_id="produce_records",
    response_class=Response,
    dependencies=[
        Depends(may_produce),
        Depends(refuse_idempotency_key),
        Depends(_require_json),
    ],
    responses={
        200: {
            "description": "The record was written. For several records: a report of each, in "
            "order, one JSON object after another, while the request is still being sent.",
            "content": {MEDIA_TYPE: {"schema": _REPORT}},
        },
        **problems(
            AuthenticationDelayedError,
            CredentialsInvalidError,
            PermissionDeniedError,
            RateLimitExceededError,
            ClusterNotFoundError,
            ClusterNotReadyError,
            ClusterSuspendedError,
            NetworkNotAllowedError,
            IdempotencyKeyUnsupportedError,
            ContentTypeUnsupportedError,
            StreamIdleError,
            errors.TopicNotFoundError,
            errors.PartitionNotFoundError,
            errors.MalformedJsonError,
            errors.RecordInvalidError,
            errors.RecordSchemaUnsupportedError,
            errors.RecordRefusedError,
            errors.RecordTooLargeError,
            errors.AccessDeniedError,
            errors.ClusterReadOnlyError,
            errors.CredentialBusyError,
            errors.GatewayBusyError,
            errors.ClusterUnreachableError,
            errors.ProduceTimeoutError,
            errors.ClusterFailedError,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MEDIA_TYPE: {"schema": _RECORD, "example": _EXAMPLE}},
        }
    },
)
async def produce_records(
    cluster_id: str,
    topic: str,
    request: Request,
    caller: Annotated[Principal, Depends(may_produce)],
    services: Services,
) -> Response:
    """Write one record, or a stream of them.

    One JSON object is one record, answered with its own status. Several, one after another, are a
    stream: the answer is 200 and a report of each record, each with its own `error_code`; read
    the reports while you write.
    """

    async def admit(*, afresh: bool = False) -> Route:
        routes, address = services.gateway.routes, peer_of(request.scope)
        return await routes.route(caller, cluster_id, address, afresh=afresh)

    producers = services.gateway.gateway.producers
    return ProduceResponse(producers, await admit(), admit, topic, request.stream())
