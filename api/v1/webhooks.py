"""Webhooks: URLs of an organization that are told of events (Standard Webhooks)."""

from typing import Annotated

from fastapi import Depends, Query, Response, status
from pydantic import Field, StringConstraints

from api.auth import require
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.idempotency import Reply
from api.schemas import Instant, ListResponse, RequestModel, ResponseModel, to_list
from api.v1.router import BODY_PROBLEMS, POST_PROBLEMS, v1_router
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.notifications.errors import (
    DeliveryNotFoundError,
    DeliveryPendingError,
    EventTypeUnknownError,
    WebhookDisabledError,
    WebhookLimitError,
    WebhookNotFoundError,
)
from control_plane.notifications.event_types import EVENT_TYPES
from control_plane.notifications.models import CODE_LENGTH_MAX, Webhook
from control_plane.notifications.states import DeliveryStatus, DisabledReason
from control_plane.outbound.errors import OutboundUrlError
from control_plane.outbound.http import URL_LENGTH_MAX

router = v1_router("webhooks")

DESCRIPTION_LENGTH_MAX = 200

Reader = Annotated[Principal, Depends(require(Action.WEBHOOKS_READ))]
Changer = Annotated[Principal, Depends(require(Action.WEBHOOKS_UPDATE))]

Url = Annotated[str, Field(max_length=URL_LENGTH_MAX, examples=["https://example.com/headrace"])]
Description = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=DESCRIPTION_LENGTH_MAX,
        pattern=r"^[^\x00-\x1f\x7f]*$",
    ),
]
EventTypes = Annotated[
    list[Annotated[str, Field(max_length=CODE_LENGTH_MAX)]],
    Field(min_length=1, max_length=len(EVENT_TYPES), examples=[["operation.failed"]]),
]


class WebhookCreate(RequestModel):
    """A new webhook."""

    url: Url
    description: Description = ""
    event_types: Annotated[
        EventTypes | None, Field(description="Only these types of events; all without.")
    ] = None


class WebhookUpdate(RequestModel):
    """What is to change; what is left out stays."""

    url: Url | None = None
    description: Description | None = None
    event_types: Annotated[EventTypes | None, Field(description="Null for all types.")] = None
    enabled: Annotated[
        bool | None, Field(description="False to call it no more, true to call it again.")
    ] = None


class WebhookReplay(RequestModel):
    """Which deliveries are made again."""

    since: Annotated[Instant, Field(description="Those given up whose events came then or later.")]


class WebhookResponse(ResponseModel):
    """A webhook, without its secret."""

    id: Annotated[str, Field(examples=["whk_4q8x0n1w2e3r5t6y"])]
    url: Url
    description: str
    event_types: list[str] | None
    enabled: bool
    disabled_reason: DisabledReason | None
    failing_since: Annotated[
        Instant | None, Field(description="When the first failure after the last success was.")
    ]
    old_secret_ends_at: Annotated[
        Instant | None, Field(description="Until when messages are signed with both secrets.")
    ]
    created_at: Instant
    updated_at: Instant


class WebhookWithSecret(WebhookResponse):
    """A webhook with its secret, which is not shown again."""

    secret: Annotated[
        str, Field(description="Verifies `webhook-signature`.", examples=["whsec_..."])
    ]


class DeliveryResponse(ResponseModel):
    """One event for one webhook, and how telling it goes."""

    id: Annotated[str, Field(examples=["whd_4q8x0n1w2e3r5t6y"])]
    webhook_id: str
    event_id: Annotated[str, Field(description="What `webhook-id` is, in every attempt.")]
    event_type: Annotated[str, Field(examples=["cluster.created"])]
    body: Annotated[str, Field(description="What is sent, byte for byte.")]
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Instant | None
    last_attempt_at: Instant | None
    response_status: Annotated[int | None, Field(description="HTTP status of the last answer.")]
    error_code: Annotated[str | None, Field(examples=["timeout"])]
    created_at: Instant
    finished_at: Instant | None


class ReplayedResponse(ResponseModel):
    """How many deliveries are made again."""

    replayed: int


@router.post(
    "/webhooks",
    operation_id="create_webhook",
    status_code=status.HTTP_201_CREATED,
    responses=problems(*POST_PROBLEMS, EventTypeUnknownError, OutboundUrlError, WebhookLimitError),
)
def create_webhook(
    body: WebhookCreate,
    caller: Annotated[Principal, Depends(require(Action.WEBHOOKS_CREATE))],
    core: CoreServices,
    reply: Reply,
) -> WebhookWithSecret:
    """Have a URL told of events; the secret that signs them is shown this once."""
    with core.database.transaction() as session:
        webhook, secret = core.webhooks.create(
            session,
            caller.scope,
            url=body.url,
            description=body.description,
            event_types=body.event_types,
        )
        created = _with_secret(webhook, secret)
        reply.keep(session, status.HTTP_201_CREATED, created)
    return created


@router.get("/webhooks", operation_id="list_webhooks")
def list_webhooks(
    caller: Reader, core: CoreServices, page: PageQuery
) -> ListResponse[WebhookResponse]:
    """List the webhooks of your organization."""
    with core.database.snapshot() as session:
        return to_list(core.webhooks.list(session, caller.scope, page), _response)


@router.get(
    "/webhooks/{webhook_id}", operation_id="get_webhook", responses=problems(WebhookNotFoundError)
)
def get_webhook(webhook_id: str, caller: Reader, core: CoreServices) -> WebhookResponse:
    """Show one webhook."""
    with core.database.snapshot() as session:
        return _response(core.webhooks.get(session, caller.scope, webhook_id))


@router.patch(
    "/webhooks/{webhook_id}",
    operation_id="update_webhook",
    responses=problems(
        *BODY_PROBLEMS, EventTypeUnknownError, OutboundUrlError, WebhookNotFoundError
    ),
)
def update_webhook(
    webhook_id: str, body: WebhookUpdate, caller: Changer, core: CoreServices
) -> WebhookResponse:
    """Change a webhook, stop calling it, or call it again."""
    given = body.model_fields_set
    with core.database.transaction() as session:
        webhook = core.webhooks.get(session, caller.scope, webhook_id)
        if body.url is not None:
            core.webhooks.set_url(webhook, body.url)
        if body.description is not None:
            core.webhooks.set_description(webhook, body.description)
        if "event_types" in given:
            core.webhooks.set_event_types(webhook, body.event_types)
        if body.enabled is True and not webhook.is_enabled:
            core.webhooks.enable(session, webhook)
        if body.enabled is False and webhook.is_enabled:
            core.webhooks.disable(webhook, DisabledReason.OWNER)
        session.flush()
        return _response(webhook)


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="delete_webhook",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses=problems(WebhookNotFoundError),
)
def delete_webhook(
    webhook_id: str,
    caller: Annotated[Principal, Depends(require(Action.WEBHOOKS_DELETE))],
    core: CoreServices,
) -> Response:
    """Remove a webhook and its deliveries."""
    with core.database.transaction() as session:
        core.webhooks.delete(session, core.webhooks.get(session, caller.scope, webhook_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/webhooks/{webhook_id}:rotate-secret",
    operation_id="rotate_webhook_secret",
    responses=problems(*POST_PROBLEMS, WebhookNotFoundError),
)
def rotate_webhook_secret(
    webhook_id: str, caller: Changer, core: CoreServices, reply: Reply
) -> WebhookWithSecret:
    """Make a new secret; for a day messages are signed with the old one too."""
    with core.database.transaction() as session:
        webhook = core.webhooks.get(session, caller.scope, webhook_id)
        rotated = _with_secret(webhook, core.webhooks.rotate_secret(session, webhook))
        reply.keep(session, status.HTTP_200_OK, rotated)
    return rotated


@router.post(
    "/webhooks/{webhook_id}:test",
    operation_id="test_webhook",
    responses=problems(*POST_PROBLEMS, WebhookNotFoundError),
)
def test_webhook(webhook_id: str, caller: Changer, core: CoreServices) -> DeliveryResponse:
    """Send a message of type `webhook.test` now, once, and tell how it went."""
    with core.database.transaction() as session:
        webhook = core.webhooks.get(session, caller.scope, webhook_id)
        delivery_id = core.webhooks.add_test(session, webhook).id
    core.deliverer.deliver_now(delivery_id)
    with core.database.snapshot() as session:
        sent = core.webhooks.get_delivery(session, caller.scope, webhook_id, delivery_id)
        return DeliveryResponse.model_validate(sent)


@router.post(
    "/webhooks/{webhook_id}:replay",
    operation_id="replay_webhook",
    responses=problems(*POST_PROBLEMS, WebhookDisabledError, WebhookNotFoundError),
)
def replay_webhook(
    webhook_id: str, body: WebhookReplay, caller: Changer, core: CoreServices, reply: Reply
) -> ReplayedResponse:
    """Make deliveries again that were given up, at most 1,000 at a time, oldest first."""
    with core.database.transaction() as session:
        count = core.webhooks.replay_failed(session, caller.scope, webhook_id, body.since)
        replayed = ReplayedResponse(replayed=count)
        reply.keep(session, status.HTTP_200_OK, replayed)
    return replayed


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="list_webhook_deliveries",
    responses=problems(WebhookNotFoundError),
)
def list_webhook_deliveries(
    webhook_id: str,
    caller: Reader,
    core: CoreServices,
    page: PageQuery,
    status: Annotated[DeliveryStatus | None, Query(description="Only those that stand so.")] = None,
) -> ListResponse[DeliveryResponse]:
    """List what a webhook was or is to be told in the last 30 days, newest first."""
    with core.database.snapshot() as session:
        found = core.webhooks.list_deliveries(
            session, caller.scope, webhook_id, page, status=status
        )
        return to_list(found, DeliveryResponse.model_validate)


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}:replay",
    operation_id="replay_webhook_delivery",
    responses=problems(
        *POST_PROBLEMS,
        DeliveryNotFoundError,
        DeliveryPendingError,
        WebhookDisabledError,
        WebhookNotFoundError,
    ),
)
def replay_webhook_delivery(
    webhook_id: str, delivery_id: str, caller: Changer, core: CoreServices, reply: Reply
) -> DeliveryResponse:
    """Make one delivery again, as the same message with the same `webhook-id`."""
    with core.database.transaction() as session:
        delivery = core.webhooks.replay(session, caller.scope, webhook_id, delivery_id)
        replayed = DeliveryResponse.model_validate(delivery)
        reply.keep(session, 200, replayed)
    return replayed


def _response(webhook: Webhook) -> WebhookResponse:
    reason = webhook.disabled_reason
    return WebhookResponse(
        id=webhook.id,
        url=webhook.url,
        description=webhook.description,
        event_types=webhook.event_types,
        enabled=webhook.is_enabled,
        disabled_reason=None if reason is None else DisabledReason(reason),
        failing_since=webhook.failing_since,
        old_secret_ends_at=webhook.old_secret_ends_at,
        created_at=webhook.created_at,
        updated_at=webhook.updated_at,
    )


def _with_secret(webhook: Webhook, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**_response(webhook).model_dump(), secret=secret)
