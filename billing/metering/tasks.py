"""The job of metering: counts what the outbox says of one cluster."""

from __future__ import annotations

import structlog
from sqlalchemy.orm import Session

from billing.catalog.prices import PriceBooks
from billing.catalog.service import CatalogService
from billing.metering.errors import UsageMessageInvalidError, UsageRefusedError
from billing.metering.messages import parse
from billing.metering.service import MeteringService
from control_plane.kit import outbox
from control_plane.kit.jobs import JobContext, JobQueue, JobRegistry
from control_plane.kit.outbox import OutboxMessage

USAGE_SUBJECT = "usage.window_closed"
MESSAGES_AT_ONCE = 100

log = structlog.stdlib.get_logger("metering")


class UsageConsumer:
    """Takes usage messages and counts each once; what can not be counted is set aside."""

    def __init__(self, catalog: CatalogService, metering: MeteringService) -> None:
        self._catalog = catalog
        self._metering = metering

    def run(self, context: JobContext) -> None:
        """Count all messages that wait for the cluster that the job is about."""
        while self._run_once(context) == MESSAGES_AT_ONCE:
            pass

    def _run_once(self, context: JobContext) -> int:
        with context.apply() as session:
            messages = outbox.take(session, USAGE_SUBJECT, context.key, MESSAGES_AT_ONCE)
            books = self._catalog.books(session)
            for message in messages:
                self._count(session, message, books)
            outbox.settle(session, [message.id for message in messages])
        return len(messages)

    def _count(self, session: Session, message: OutboxMessage, books: PriceBooks) -> None:
        try:
            window = parse(message.body)
            if window.cluster_id != message.key:
                raise UsageMessageInvalidError(f"cluster_id: {message.key} sent it")
            self._metering.count(session, window, books)
        except UsageRefusedError as error:
            log.error(  # noqa: TRY400 - the code and detail say all; where it was raised does not
                "usage_message_refused",
                code=error.code,
                detail=str(error),
                message_id=message.id,
                cluster_id=message.key,
            )
            self._metering.refuse(session, message, error)


def register(registry: JobRegistry, consumer: UsageConsumer) -> None:
    """Add the job of metering to a process."""
    registry.register(USAGE_SUBJECT, consumer.run, queue=JobQueue.BILLING)
