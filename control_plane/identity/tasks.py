"""Jobs of identity: keys that expire, and sign-ins that are over."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from control_plane.identity import repository
from control_plane.identity.models import ApiKey
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.jobs import JobContext, JobRegistry, enqueue

EXPIRE_JOB = "api_keys.expire"
RETIRE_JOB = "api_keys.retire_secret"
PURGE_JOB = "sessions.purge"
PURGE_EVERY_SECONDS = 3600
_AT = "@"

# Publishes the credentials of an organization's cluster, or of all its clusters for None.
Publish = Callable[[str, str | None], None]


def enqueue_expiry(session: Session, api_key: ApiKey, now: datetime) -> None:
    """Have the brokers told, at the instant when a key that expires does so."""
    if api_key.expires_at is not None:
        delay = (api_key.expires_at - now).total_seconds()
        enqueue(session, EXPIRE_JOB, api_key.id, now=now, delay_seconds=delay)


def enqueue_retirement(session: Session, api_key: ApiKey, now: datetime) -> None:
    """Have the brokers told at the instant when the secret before ends."""
    until = api_key.previous_secret_until
    if until is not None:
        # Each rotation has a job of its own: one that waits is only ever brought forward.
        key = f"{api_key.id}{_AT}{int(until.timestamp())}"
        delay = (until - now).total_seconds()
        enqueue(session, RETIRE_JOB, key, now=now, delay_seconds=delay)


def register(
    registry: JobRegistry,
    database: Database,
    clock: Clock,
    publish: Publish,
    retire: Callable[[Session, ApiKey], None],
) -> None:
    """Add the jobs of identity to a process."""

    def expire(context: JobContext) -> None:
        with database.snapshot() as session:
            row = repository.find_api_key_to_authenticate(session, context.key)
        if row is not None:
            publish(row.organization_id, row.cluster_id)

    def retire_secret(context: JobContext) -> None:
        api_key_id, _, _ = context.key.partition(_AT)
        with context.apply() as session:
            row = repository.find_api_key_to_authenticate(session, api_key_id)
            if row is None:
                return
            retire(session, row)
            place = (row.organization_id, row.cluster_id)
        publish(*place)

    def purge(context: JobContext) -> None:
        with context.apply() as session:
            repository.delete_stale_sign_ins(session, clock.now())

    registry.register(EXPIRE_JOB, expire)
    registry.register(RETIRE_JOB, retire_secret)
    registry.register(PURGE_JOB, purge, every_seconds=PURGE_EVERY_SECONDS)
