"""Counts what clusters keep while their brokers are stopped: there is no broker to say it.

A cluster keeps what its broker told at the end of its last window: stopped, nothing changes it.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from control_plane.clusters.service import MeteredCluster
from control_plane.kit.scope import Scope
from control_plane.usage import repository
from control_plane.usage.models import UsageRest
from control_plane.usage.page_writer import PageWriter
from control_plane.usage.plan import hours_between


class Rests:
    """Writes windows of time without brokers: bytes kept, and nothing else.

    Each is written once: the rest's row is locked, and its end moves in the same transaction.
    """

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer

    def begin(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """Note that no broker runs from `at` on; a cluster that rests already goes on resting."""
        if repository.find_rest(session, cluster.id) is not None:
            return
        scope = Scope(cluster.organization_id, cluster.id)
        last = repository.find_last_window(session, scope, cluster.id)
        at = _whole_ms(at)
        if repository.reopen_rest(session, cluster.id, at):
            return
        session.add(
            UsageRest(
                organization_id=cluster.organization_id,
                cluster_id=cluster.id,
                started_at=at,
                metered_until=at,
                stored_bytes=0 if last is None else last.stored_bytes,
            )
        )
        session.flush()

    def count(self, session: Session, cluster: MeteredCluster, until: datetime) -> None:
        """Count what is kept from where the rest was metered up to `until`."""
        rest = repository.lock_rest(session, cluster.id)
        if rest is not None:
            self._count(session, cluster, rest, _whole_ms(until))

    def end(self, session: Session, cluster: MeteredCluster, at: datetime) -> None:
        """End the rest, metered up to `at`; without one do nothing."""
        rest = repository.lock_rest(session, cluster.id)
        if rest is None:
            return
        self._count(session, cluster, rest, _whole_ms(at))
        rest.ended_at = rest.metered_until
        session.flush()

    def _count(
        self, session: Session, cluster: MeteredCluster, rest: UsageRest, until: datetime
    ) -> None:
        spans = hours_between(rest.metered_until, until)
        if not spans:
            return
        self._writer.write_rest(session, cluster, spans, rest.stored_bytes)
        rest.metered_until = until
        session.flush()


def _whole_ms(at: datetime) -> datetime:
    """Windows are told in milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
