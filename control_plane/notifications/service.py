"""Rules of webhooks: who is told of what, and what a customer may do with the deliveries."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.events import Event
from control_plane.kit.ids import new_id
from control_plane.kit.jobs import enqueue
from control_plane.kit.pagination import Page, PageRequest
from control_plane.kit.scope import Scope
from control_plane.kit.secrets import SecretPlace, Vault
from control_plane.notifications import repository
from control_plane.notifications.errors import (
    DeliveryNotFoundError,
    DeliveryPendingError,
    EventTypeUnknownError,
    WebhookDisabledError,
    WebhookLimitError,
    WebhookNotFoundError,
)
from control_plane.notifications.event_types import EVENT_TYPES, TEST_TYPE, public_type
from control_plane.notifications.models import Delivery, Webhook
from control_plane.notifications.signing import new_secret
from control_plane.notifications.states import DeliveryStatus, DisabledReason
from control_plane.outbound.http import OutboundHttp

DELIVER_JOB = "webhooks.deliver"

WEBHOOKS_MAX = 10
PENDING_MAX = 10_000
REPLAYS_MAX = 1_000
OLD_SECRET_SECONDS = 24 * 3600
OVERFLOW_CODE = "too_many_pending"


class WebhookService:
    """Webhooks of organizations, and what they are to be told; nothing here calls them."""

    def __init__(self, vault: Vault, clock: Clock, http: OutboundHttp) -> None:
        self._vault = vault
        self._clock = clock
        self._http = http

    def create(
        self,
        session: Session,
        scope: Scope,
        *,
        url: str,
        description: str,
        event_types: Sequence[str] | None,
    ) -> tuple[Webhook, str]:
        """Add a webhook and return it with its secret, which is not shown again.

        Raises OutboundUrlError, EventTypeUnknownError or WebhookLimitError.
        """
        self._http.check_url(url)
        if repository.count_webhooks(session, scope) >= WEBHOOKS_MAX:
            raise WebhookLimitError(
                f"the organization has {WEBHOOKS_MAX} webhooks", advice="delete one first"
            )
        now = self._clock.now()
        secret = new_secret()
        webhook = Webhook(
            id=new_id("whk"),
            organization_id=scope.organization_id,
            url=url,
            description=description,
            event_types=_checked(event_types),
            is_enabled=True,
            failures=0,
            created_at=now,
            updated_at=now,
        )
        webhook.secret_sealed = self._seal(session, webhook, "secret_sealed", secret)
        session.add(webhook)
        session.flush()
        return webhook, secret

    def get(self, session: Session, scope: Scope, webhook_id: str) -> Webhook:
        """Return a webhook; raise WebhookNotFoundError."""
        webhook = repository.find_webhook(session, scope, webhook_id)
        if webhook is None:
            raise WebhookNotFoundError("there is no such webhook")
        return webhook

    def list(self, session: Session, scope: Scope, page: PageRequest) -> Page[Webhook]:
        return repository.list_webhooks(session, scope, page)

    def set_url(self, webhook: Webhook, url: str) -> None:
        """Have a webhook call another URL. Raises OutboundUrlError."""
        self._http.check_url(url)
        webhook.url = url
        self._begin_anew(webhook)

    def set_event_types(self, webhook: Webhook, event_types: Sequence[str] | None) -> None:
        """Have a webhook told of other events. Raises EventTypeUnknownError."""
        webhook.event_types = _checked(event_types)
        webhook.updated_at = self._clock.now()

    def set_description(self, webhook: Webhook, description: str) -> None:
        webhook.description = description
        webhook.updated_at = self._clock.now()

    def enable(self, session: Session, webhook: Webhook) -> None:
        """Call a webhook again; what waits for it is due."""
        webhook.is_enabled = True
        webhook.disabled_reason = None
        self._begin_anew(webhook)
        enqueue(session, DELIVER_JOB, webhook.id, now=self._clock.now())

    def disable(self, webhook: Webhook, reason: DisabledReason) -> None:
        """Call a webhook no more; what waits for it goes on waiting, until it is too old."""
        webhook.is_enabled = False
        webhook.disabled_reason = reason.value
        webhook.updated_at = self._clock.now()

    def rotate_secret(self, session: Session, webhook: Webhook) -> str:
        """Return a new secret; messages are signed with the old one too for a day."""
        now = self._clock.now()
        secret = new_secret()
        old = self.open_secret(session, webhook)
        webhook.old_secret_sealed = self._seal(session, webhook, "old_secret_sealed", old)
        webhook.old_secret_ends_at = now + timedelta(seconds=OLD_SECRET_SECONDS)
        webhook.secret_sealed = self._seal(session, webhook, "secret_sealed", secret)
        webhook.updated_at = now
        session.flush()
        return secret

    def delete(self, session: Session, webhook: Webhook) -> None:
        """Remove a webhook and everything that it was or was to be told."""
        repository.delete_deliveries_of(session, webhook.id)
        session.delete(webhook)
        session.flush()

    def tell(self, session: Session, event: Event) -> None:
        """Write down, for every webhook that wants the event, that it is to be told."""
        event_type = public_type(event.type, event.data.get("kind"))
        if event_type is None:
            return
        webhooks = repository.list_enabled(session, Scope(event.organization_id))
        wanting = [webhook for webhook in webhooks if _wants(webhook, event_type)]
        if not wanting:
            return
        event_id = new_id("evt")
        now = self._clock.now()
        body = message_body(event_type, event.data, now)
        for webhook in wanting:
            delivery = self._add(session, webhook, event_id, event_type, body)
            if repository.count_pending(session, webhook.id) > PENDING_MAX:
                delivery.status = DeliveryStatus.FAILED.value
                delivery.error_code = OVERFLOW_CODE
                delivery.finished_at = now
                delivery.next_attempt_at = None
            else:
                enqueue(session, DELIVER_JOB, webhook.id, now=now)

    def add_test(self, session: Session, webhook: Webhook) -> Delivery:
        """Write down a message that tells of nothing, for the caller to send at once."""
        data = {"webhook_id": webhook.id}
        body = message_body(TEST_TYPE, data, self._clock.now())
        delivery = self._add(session, webhook, new_id("evt"), TEST_TYPE, body)
        delivery.next_attempt_at = None  # no job takes it up
        return delivery

    def get_delivery(
        self, session: Session, scope: Scope, webhook_id: str, delivery_id: str
    ) -> Delivery:
        """Return a delivery; raise WebhookNotFoundError or DeliveryNotFoundError."""
        self.get(session, scope, webhook_id)
        delivery = repository.find_delivery(session, scope, webhook_id, delivery_id)
        if delivery is None:
            raise DeliveryNotFoundError("there is no such delivery of this webhook")
        return delivery

    def list_deliveries(
        self,
        session: Session,
        scope: Scope,
        webhook_id: str,
        page: PageRequest,
        *,
        status: DeliveryStatus | None = None,
    ) -> Page[Delivery]:
        """List what a webhook was told, newest first; raise WebhookNotFoundError."""
        self.get(session, scope, webhook_id)
        return repository.list_deliveries(session, scope, webhook_id, page, status)

    def replay(self, session: Session, scope: Scope, webhook_id: str, delivery_id: str) -> Delivery:
        """Have a delivery made again, as the same message.

        Raises WebhookNotFoundError, DeliveryNotFoundError, DeliveryPendingError or
        WebhookDisabledError.
        """
        delivery = self.get_delivery(session, scope, webhook_id, delivery_id)
        if delivery.status == DeliveryStatus.PENDING:
            raise DeliveryPendingError("this delivery is still being tried")
        self._require_enabled(self.get(session, scope, webhook_id))
        self._again(session, [delivery])
        return delivery

    def replay_failed(
        self, session: Session, scope: Scope, webhook_id: str, since: datetime
    ) -> int:
        """Have deliveries that were given up made again, oldest first; return how many.

        At most `REPLAYS_MAX`: asking again takes the next ones. Raises WebhookNotFoundError or
        WebhookDisabledError.
        """
        self._require_enabled(self.get(session, scope, webhook_id))
        failed = repository.list_failed(session, scope, webhook_id, since, REPLAYS_MAX)
        self._again(session, failed)
        return len(failed)

    def open_secret(self, session: Session, webhook: Webhook) -> str:
        place = _place(webhook, "secret_sealed")
        return self._vault.open(session, place, webhook.secret_sealed).decode()

    def open_secrets(self, session: Session, webhook: Webhook) -> Sequence[str]:
        """Return the secrets in force: the newest, and for a while the one before."""
        found = [self.open_secret(session, webhook)]
        ends_at = webhook.old_secret_ends_at
        if webhook.old_secret_sealed is not None and ends_at is not None:
            place = _place(webhook, "old_secret_sealed")
            if self._clock.now() < ends_at:
                found.append(self._vault.open(session, place, webhook.old_secret_sealed).decode())
        return found

    def _begin_anew(self, webhook: Webhook) -> None:
        webhook.failures = 0
        webhook.failing_since = None
        webhook.resting_until = None
        webhook.updated_at = self._clock.now()

    def _add(
        self, session: Session, webhook: Webhook, event_id: str, event_type: str, body: str
    ) -> Delivery:
        now = self._clock.now()
        delivery = Delivery(
            id=new_id("whd"),
            organization_id=webhook.organization_id,
            webhook_id=webhook.id,
            event_id=event_id,
            event_type=event_type,
            body=body,
            status=DeliveryStatus.PENDING.value,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
        session.add(delivery)
        session.flush()
        return delivery

    def _again(self, session: Session, deliveries: Sequence[Delivery]) -> None:
        now = self._clock.now()
        for delivery in deliveries:
            delivery.status = DeliveryStatus.PENDING.value
            delivery.attempts = 0
            delivery.next_attempt_at = now
            delivery.finished_at = None
        session.flush()
        for webhook_id in {delivery.webhook_id for delivery in deliveries}:
            enqueue(session, DELIVER_JOB, webhook_id, now=now)

    def _seal(self, session: Session, webhook: Webhook, column: str, secret: str) -> bytes:
        return self._vault.seal(session, _place(webhook, column), secret.encode())

    @staticmethod
    def _require_enabled(webhook: Webhook) -> None:
        if not webhook.is_enabled:
            raise WebhookDisabledError(
                f"the webhook is not called: {webhook.disabled_reason}",
                advice="enable it first",
            )


def message_body(event_type: str, data: object, now: datetime) -> str:
    """Return the body of a message in the shape that Standard Webhooks recommends."""
    timestamp = now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps(
        {"type": event_type, "timestamp": timestamp, "data": data}, separators=(",", ":")
    )


def _wants(webhook: Webhook, event_type: str) -> bool:
    return webhook.event_types is None or event_type in webhook.event_types


def _checked(event_types: Sequence[str] | None) -> list[str] | None:
    if event_types is None:
        return None
    unknown = sorted(set(event_types) - set(EVENT_TYPES))
    if unknown:
        raise EventTypeUnknownError(
            f"no event is of the type {unknown[0]!r}", advice="one of: " + ", ".join(EVENT_TYPES)
        )
    return sorted(set(event_types))


def _place(webhook: Webhook, column: str) -> SecretPlace:
    return SecretPlace(webhook.organization_id, Webhook.__tablename__, webhook.id, column)
