"""The negative control of usage-bytes: the same collection without what makes it count once."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from api.embedded.authority import Authority
from bench.proofs.log_scan import scan
from bench.proofs.usage_books import read_books
from bench.proofs.usage_load import Load, Writer, create_target, create_topic
from control_plane.clusters.plans import CATALOGUE
from control_plane.clusters.service import ClusterService, MeteredCluster
from control_plane.kit.clock import SystemClock
from control_plane.kit.db import Base, Database, dialect_insert
from control_plane.operations.service import OperationService
from control_plane.organizations.service import OrganizationService
from control_plane.provisioning.engines.native import NativeEngine, NativeSettings
from control_plane.provisioning.local import LocalProvisioner
from control_plane.usage.collector import Collector
from control_plane.usage.models import UsageWindow
from control_plane.usage.plan import Cursor, CursorMove, Partition
from migrations.upgrade import upgrade
from tools.paths import BROKER_BINARY
from tools.running_service import RunningService, start_service

ROUNDS: Final = 3
RECORDS_MIN: Final = 2000
WINDOW_SECONDS: Final = 2
# Clusters made after the service's own first look are not collected by it.
VARIABLES: Final = {
    "HEADRACE_USAGE_WINDOW_SECONDS": str(WINDOW_SECONDS),
    "HEADRACE_USAGE_COLLECT_SECONDS": "3600",
}


class ForgetfulEngine(NativeEngine):
    """The native engine, but for acknowledgements: they are lost on their way."""

    def acknowledge_usage(self, cluster_id: str, *, through: int) -> None:
        """Do nothing."""


def count_again_and_again() -> dict[str, int]:
    """Collect a broker's windows several times over; what was appended and what was counted."""
    with (
        capture_logs(),  # of this process: what it prints is the proof's one line
        tempfile.TemporaryDirectory() as directory,
        start_service(Path(directory), variables=VARIABLES) as service,
    ):
        target = create_target(service, "control")
        topic_id = create_topic(service, target, "orders")
        writer = Writer(0, target, ["orders"])
        writer.start()
        load = Load(service, target, [writer])
        try:
            load.await_acknowledged(RECORDS_MIN)
        finally:
            writer.stop()
        engine = _engine(service)
        engine.close_usage_window(target.cluster_id)
        logs = scan(service.data_dir / "clusters" / target.cluster_id, {topic_id})
        careful = _count(engine, target.cluster_id, Path(directory) / "with.db")
        with _without_cursors():
            careless = _count(engine, target.cluster_id, Path(directory) / "without.db")
    return {
        "rounds": ROUNDS,
        "appended_bytes": sum(log.size_bytes for log in logs.values()),
        "with_cursors": careful,
        "without_cursors": careless,
    }


def _count(engine: ForgetfulEngine, cluster_id: str, path: Path) -> int:
    """Collect everything several times into a new database; return the bytes of its hours."""
    clock = SystemClock()
    database = Database(f"sqlite:///{path}")
    try:
        upgrade(database.engine)
        with database.transaction() as session:
            owner = OrganizationService(clock).create(session, name="control")
        clusters = ClusterService(
            clock, OperationService(database, clock), {engine.name: engine}, CATALOGUE
        )
        cluster = MeteredCluster(cluster_id, owner.id, "control", "dev", engine.name, clock.now())
        for _ in range(ROUNDS):
            Collector(database, clock, clusters).collect(cluster, database.transaction)
    finally:
        database.dispose()
    return read_books(path, cluster_id).hours[0]


def _engine(service: RunningService) -> ForgetfulEngine:
    """Reach the brokers of a running service from this process; nothing is started by it."""
    settings = NativeSettings(
        clusters_dir=service.data_dir / "clusters",
        broker_binary=BROKER_BINARY,
        bind_host="127.0.0.1",
        public_host="localhost",
        token_issuer="headrace:none",  # noqa: S106 - a name
        usage_window_seconds=WINDOW_SECONDS,
    )
    authority = Authority.open(service.data_dir / "tls", SystemClock())
    return ForgetfulEngine(settings, LocalProvisioner(service.data_dir), authority, dict)


@contextmanager
def _without_cursors() -> Generator[None]:
    """Take compare-and-swap away, and the unique keys that stand behind it."""
    with patch.multiple(
        "control_plane.usage.repository",
        move_meter=_move_nothing,
        find_cursors=_find_nothing,
        swap_cursors=_pretend_to_swap,
        insert_window=_insert_window_or_find,
        insert_all=_insert_what_is_new,
    ):
        yield


def _move_nothing(*_arguments: object, **_options: object) -> bool:
    return True


def _find_nothing(*_arguments: object) -> dict[Partition, Cursor]:
    return {}


def _pretend_to_swap(
    _session: Session, _organization_id: str, _cluster_id: str, moves: Sequence[CursorMove]
) -> int:
    return len(moves)


def _insert_window_or_find(session: Session, window: UsageWindow) -> int:
    statement = select(UsageWindow.id).where(
        UsageWindow.meter_id == window.meter_id, UsageWindow.number == window.number
    )
    known = session.scalars(statement).first()
    if known is not None:
        return known
    session.add(window)
    session.flush()
    return window.id


def _insert_what_is_new(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        statement = dialect_insert(session, model).on_conflict_do_nothing()
        session.execute(statement.returning(*inspect(model).primary_key), list(rows))
