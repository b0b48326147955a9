"""Calls webhooks and writes down how it went."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import structlog
from prometheus_client import Counter
from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.events import Event
from control_plane.kit.jobs import JobContext, enqueue
from control_plane.notifications import repository
from control_plane.notifications.event_types import DISABLED_TYPE, TEST_TYPE
from control_plane.notifications.models import Delivery, Webhook
from control_plane.notifications.schedule import is_given_up, next_attempt_at, resting_until
from control_plane.notifications.service import DELIVER_JOB, WebhookService
from control_plane.notifications.signing import signing_headers
from control_plane.notifications.states import DeliveryStatus, DisabledReason
from control_plane.outbound.errors import OutboundError, OutboundUrlError
from control_plane.outbound.http import OutboundHttp

USER_AGENT = "headrace-webhooks/1"
ROUND_DELIVERIES_MAX = 100
ROUND_SECONDS_MAX = 30
ROUNDS_PER_SWEEP_MAX = 500
KEPT = timedelta(days=30)
STATUS_CODE = "status_not_2xx"

DELIVERIES = Counter("headrace_webhook_deliveries", "Attempts to call webhooks", ["outcome"])

log = structlog.stdlib.get_logger("notifications")


@dataclass(frozen=True)
class Message:
    """What is sent where; the secrets sign it."""

    url: str
    event_id: str
    body: bytes
    secrets: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    """How one attempt went: delivered without an error code."""

    response_status: int | None = None
    error_code: str | None = None

    @property
    def is_delivered(self) -> bool:
        return self.error_code is None


class Deliverer:
    """Makes deliveries: those that are due, and single ones that somebody waits for."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        webhooks: WebhookService,
        http: OutboundHttp,
        chance: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._webhooks = webhooks
        self._http = http
        self._chance = chance

    def run(self, context: JobContext) -> None:
        """Call one webhook with what is due, until it fails once or a while is over."""
        with self._database.snapshot() as session:
            webhook = repository.find_any_webhook(session, context.key)
            due = self._due(session, webhook)
        deadline = self._clock.monotonic() + ROUND_SECONDS_MAX
        for delivery_id in due:
            outcome = self._deliver(delivery_id, context.apply)
            if outcome is None or not outcome.is_delivered:
                return
            if self._clock.monotonic() >= deadline:
                return  # the sweep goes on, after others had their turn

    def sweep(self, context: JobContext) -> None:
        """Ask for a round for every webhook for which something has become due."""
        now = self._clock.now()
        with self._database.snapshot() as session:
            webhook_ids = repository.list_to_call(session, now, ROUNDS_PER_SWEEP_MAX)
        if webhook_ids:
            with context.apply() as session:
                for webhook_id in webhook_ids:
                    enqueue(session, DELIVER_JOB, webhook_id, now=now)

    def purge(self, context: JobContext) -> None:
        """Delete what is too old to be sent or looked at."""
        with context.apply() as session:
            count = repository.delete_deliveries_before(session, self._clock.now() - KEPT)
        if count:
            log.info("deliveries_purged", count=count)

    def deliver_now(self, delivery_id: str) -> None:
        """Make one attempt of a delivery while the caller waits. Call it outside transactions."""
        self._deliver(delivery_id, self._database.transaction)

    def _due(self, session: Session, webhook: Webhook | None) -> Sequence[str]:
        now = self._clock.now()
        if webhook is None or not webhook.is_enabled:
            return []
        if webhook.resting_until is not None and webhook.resting_until > now:
            return []
        due = repository.list_due(session, webhook.id, now, ROUND_DELIVERIES_MAX)
        return [delivery.id for delivery in due]

    def _deliver(
        self, delivery_id: str, apply: Callable[[], AbstractContextManager[Session]]
    ) -> Outcome | None:
        """Make one attempt; None if there is nothing to attempt any more."""
        with self._database.snapshot() as session:
            message = self._message(session, delivery_id)
        if message is None:
            return None
        outcome = self._send(message)
        DELIVERIES.labels("delivered" if outcome.is_delivered else "failed").inc()
        with apply() as session:
            self._record(session, delivery_id, outcome)
        return outcome

    def _message(self, session: Session, delivery_id: str) -> Message | None:
        delivery = repository.find_any_delivery(session, delivery_id)
        if delivery is None or delivery.status != DeliveryStatus.PENDING:
            return None
        webhook = repository.find_any_webhook(session, delivery.webhook_id)
        if webhook is None:
            return None
        secrets = self._webhooks.open_secrets(session, webhook)
        return Message(webhook.url, delivery.event_id, delivery.body.encode(), secrets)

    def _send(self, message: Message) -> Outcome:
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            **signing_headers(message.event_id, timestamp, message.body, message.secrets),
        }
        try:
            answer = self._http.ask(
                "POST", message.url, headers=headers, content=message.body, answer_bytes_max=0
            )
        except OutboundError as error:
            return Outcome(error_code=error.code)
        except OutboundUrlError as error:  # what may be named was narrowed after it was
            return Outcome(error_code=error.code)
        is_taken = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        return Outcome(answer.status, None if is_taken else STATUS_CODE)

    def _record(self, session: Session, delivery_id: str, outcome: Outcome) -> None:
        delivery = repository.find_any_delivery(session, delivery_id)
        if delivery is None or delivery.status != DeliveryStatus.PENDING:
            return
        webhook = repository.find_any_webhook(session, delivery.webhook_id)
        assert webhook is not None, "deliveries go with their webhook"
        now = self._clock.now()
        delivery.attempts += 1
        delivery.last_attempt_at = now
        delivery.response_status = outcome.response_status
        delivery.error_code = outcome.error_code
        if outcome.is_delivered:
            self._finish(delivery, DeliveryStatus.DELIVERED)
            webhook.failures, webhook.failing_since, webhook.resting_until = 0, None, None
            return
        is_test = delivery.event_type == TEST_TYPE
        again_at = None if is_test else next_attempt_at(delivery.attempts, now, self._chance())
        delivery.next_attempt_at = again_at
        if again_at is None:
            self._finish(delivery, DeliveryStatus.FAILED)
        if not is_test:
            self._note_failure(session, webhook, outcome)

    def _note_failure(self, session: Session, webhook: Webhook, outcome: Outcome) -> None:
        now = self._clock.now()
        webhook.failures += 1
        failing_since = webhook.failing_since or now
        webhook.failing_since = failing_since
        webhook.resting_until = resting_until(webhook.failures, now)
        if not webhook.is_enabled:
            return
        if outcome.response_status == HTTPStatus.GONE:
            self._give_up(session, webhook, DisabledReason.GONE)
        elif is_given_up(failing_since, now):
            self._give_up(session, webhook, DisabledReason.FAILING)

    def _give_up(self, session: Session, webhook: Webhook, reason: DisabledReason) -> None:
        self._webhooks.disable(webhook, reason)
        log.info("webhook_disabled", webhook=webhook.id, reason=reason.value)
        data = {"webhook_id": webhook.id, "url": webhook.url, "reason": reason.value}
        session.flush()
        self._webhooks.tell(session, Event(DISABLED_TYPE, webhook.organization_id, data))

    def _finish(self, delivery: Delivery, status: DeliveryStatus) -> None:
        delivery.status = status.value
        delivery.finished_at = self._clock.now()
        delivery.next_attempt_at = None
