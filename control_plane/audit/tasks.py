"""Jobs of the audit log: events that other parts leave, and calls that were cut off."""

from control_plane.audit.service import (
    CONTROL_PLANE,
    EVENT_SUBJECT,
    Actor,
    AuditService,
    Entry,
    Outcome,
)
from control_plane.kit import outbox
from control_plane.kit.jobs import JobContext, JobRegistry

STALE_JOB = "audit.give_up"
STALE_EVERY_SECONDS = 60
TAKEN_MAX = 100


def register(registry: JobRegistry, audit: AuditService) -> None:
    """Add the jobs of the audit log to a process."""

    def append(context: JobContext) -> None:
        while True:
            with context.apply() as session:
                messages = outbox.take(session, EVENT_SUBJECT, context.key, TAKEN_MAX)
                for message in messages:
                    audit.append(
                        session,
                        Entry(
                            organization_id=context.key,
                            actor=Actor(CONTROL_PLANE, CONTROL_PLANE),
                            action=message.body["action"],
                            resource_id=message.body["resource_id"],
                        ),
                        Outcome(message.body["outcome"]),
                        message.body["result"],
                    )
                outbox.settle(session, [message.id for message in messages])
            if len(messages) < TAKEN_MAX:
                return

    def give_up(context: JobContext) -> None:
        with context.apply() as session:
            audit.give_up_stale(session)

    registry.register(EVENT_SUBJECT, append)
    registry.register(STALE_JOB, give_up, every_seconds=STALE_EVERY_SECONDS)
