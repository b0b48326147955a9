"""What `headrace doctor` looks at, one function for each question."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.embedded.broker_binary import broker_version, find_broker_binary
from api.embedded.errors import EmbeddedError
from api.embedded.installation import Installation, find_installation, lock_holder
from api.embedded.kafka_home import kafka_home
from api.embedded.listeners import LOOPBACK, is_port_free
from control_plane.clusters.plans import CATALOGUE
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.secrets import MasterKey, MasterKeyError
from control_plane.kit.settings import Settings
from control_plane.provisioning.engines.apache_kafka import ApacheKafkaEngine
from control_plane.provisioning.engines.kafka.distribution import find_distribution
from control_plane.provisioning.errors import EngineUnusableError
from control_plane.provisioning.local import LocalProvisioner
from migrations.upgrade import SchemaVersionError, require_current

Verdict = Literal["ok", "warning", "failed"]

PYTHON_MIN = (3, 11)
MACHINES = ("x86_64", "aarch64")
DISK_WARNING_BYTES = 2 * 1024**3
DISK_FAILED_BYTES = 128 * 1024**2
CERTIFICATE_WARNING_DAYS = 30
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows a time before this program was written."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question, and what to do if it is not a good one."""

    check: str
    verdict: Verdict
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What is looked at."""

    settings: Settings
    installation: Installation | None
    is_running: bool
    clock: Clock


def examine(settings: Settings, clock: Clock) -> list[Finding]:
    """Answer every question, whatever the answers to those before."""
    findings = [_python(), _platform()]
    try:
        installation = find_installation(settings.data_dir)
    except EmbeddedError as error:
        advice = "name another directory by --data-dir"
        return [*findings, Finding("data directory", "failed", str(error), advice)]
    holder = lock_holder(settings.data_dir) if installation else None
    examined = Examined(settings, installation, holder is not None, clock)
    findings.append(_data_directory(examined))
    findings.append(_lock(holder))
    for check in _CHECKS:
        findings.extend(check(examined))
    return findings


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < PYTHON_MIN:
        return Finding("python", "failed", version, "install Python 3.11 or newer")
    return Finding("python", "ok", version)


def _platform() -> Finding:
    detail = f"{platform.system()} {platform.release()} {platform.machine()}"
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        return Finding("platform", "failed", detail, "use Linux on x86_64 or aarch64")
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        advice = "use a kernel of version 5.3 or newer, in a sandbox that allows pidfd_open"
        return Finding("platform", "failed", f"{detail}: pidfd_open: {error.strerror}", advice)
    return Finding("platform", "ok", detail)


def _data_directory(examined: Examined) -> Finding:
    path = examined.settings.data_dir
    if examined.installation is None:
        return Finding("data directory", "ok", f"{path} is not there yet; `headrace up` makes it")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data directory", "failed", f"{path} is not writable", f"chmod u+rwx {path}")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        detail = f"{path} has mode {mode:o}: others of this machine may look into it"
        return Finding("data directory", "warning", detail, f"chmod 700 {path}")
    return Finding("data directory", "ok", f"{path} ({examined.installation.id})")


def _lock(holder: int | None) -> Finding:
    if holder is None:
        return Finding("service", "ok", "not running")
    return Finding("service", "ok", f"running as process {holder}")


def _ports(examined: Examined) -> Iterator[Finding]:
    if examined.is_running:
        return
    settings = examined.settings
    for port, option in ((settings.port, "--port"), (settings.port_tls, "--port-tls")):
        if port == 0 or is_port_free(LOOPBACK, port):
            yield Finding(f"port {port}", "ok", "free")
        else:
            yield Finding(f"port {port}", "failed", "in use by another program", f"use {option}")


def _disk(examined: Examined) -> Iterator[Finding]:
    path = next(
        one
        for one in (examined.settings.data_dir, *examined.settings.data_dir.parents)
        if one.exists()
    )
    free = shutil.disk_usage(path).free
    detail = f"{free / 1024**3:.1f} GiB free"
    if free < DISK_FAILED_BYTES:
        yield Finding("disk space", "failed", detail, "make room: brokers stop when writes fail")
    elif free < DISK_WARNING_BYTES:
        yield Finding("disk space", "warning", detail, "make room before it is used up")
    else:
        yield Finding("disk space", "ok", detail)


def _broker(examined: Examined) -> Iterator[Finding]:
    try:
        binary = find_broker_binary(examined.settings.broker_binary)
        yield Finding("broker", "ok", f"{broker_version(binary)} ({binary})")
    except EmbeddedError as error:
        yield Finding("broker", "failed", str(error), "make setup")


def _kafka(examined: Examined) -> Iterator[Finding]:
    home = kafka_home(examined.settings.kafka_home)
    plans = ", ".join(one.id for one in CATALOGUE.values() if one.engine == ApacheKafkaEngine.name)
    if home is None:
        yield Finding("apache kafka", "ok", f"not installed: the plan {plans} is not offered")
        return
    try:
        found = find_distribution(home)
        detail = f"{found.version} ({found.libs}): the plan {plans} is offered"
        yield Finding("apache kafka", "ok", detail)
    except EngineUnusableError as error:
        advice = error.advice or "set HEADRACE_KAFKA_HOME to the folder of an unpacked release"
        yield Finding("apache kafka", "failed", error.detail, advice)


def _database(examined: Examined) -> Iterator[Finding]:
    settings = examined.settings
    is_file = settings.database_url is None
    if examined.installation is None or (
        is_file and not (settings.data_dir / "headrace.db").exists()
    ):
        return
    database = Database(settings.resolved_database_url)
    try:
        require_current(database.engine)
        problem = _damage(database) if is_file else None
        if problem is None:
            yield Finding("database", "ok", database.engine.dialect.name)
        else:
            yield Finding("database", "failed", problem, "restore headrace.db from a backup")
    except SchemaVersionError as error:
        yield Finding("database", "failed", str(error), "`headrace up` upgrades an older schema")
    except SQLAlchemyError as error:
        yield Finding("database", "failed", str(error), "restore headrace.db from a backup")
    finally:
        database.dispose()


def _damage(database: Database) -> str | None:
    """Return what SQLite finds wrong with its file, None if nothing."""
    with database.snapshot() as session:
        found = session.execute(text("PRAGMA quick_check(1)")).scalar_one()
    return None if found == "ok" else f"the file is damaged: {found}"


def _master_key(examined: Examined) -> Iterator[Finding]:
    database_file = examined.settings.data_dir / "headrace.db"
    if examined.installation is None or not database_file.exists():
        return
    path = examined.settings.resolved_master_key_file
    try:
        MasterKey.load(path)
        yield Finding("master key", "ok", str(path))
    except MasterKeyError as error:
        advice = f"restore {path} from a backup; the database is of no use without it"
        yield Finding("master key", "failed", str(error), advice)


def _supervisor(examined: Examined) -> Iterator[Finding]:
    if examined.installation is None:
        return
    is_answering = LocalProvisioner(examined.settings.data_dir).is_running()
    if examined.is_running and not is_answering:
        advice = "see supervisor/supervisor.log in the data directory"
        yield Finding("supervisor", "failed", "does not answer", advice)
    elif is_answering and not examined.is_running:
        advice = "`headrace up` adopts its brokers, `headrace down` stops them"
        yield Finding("supervisor", "warning", "runs without its service", advice)
    else:
        yield Finding("supervisor", "ok", "answers" if is_answering else "not running")


def _certificates(examined: Examined) -> Iterator[Finding]:
    if examined.installation is None:
        return
    for name in ("ca.pem", "server.pem"):
        path = examined.installation.tls_dir / name
        if path.exists():
            yield _certificate(path, examined.clock)


def _certificate(path: Path, clock: Clock) -> Finding:
    name = f"certificate {path.name}"
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return Finding(name, "failed", f"can not be read: {error}", "restore it from a backup")
    now, ends_at = clock.now(), certificate.not_valid_after_utc
    detail = f"good until {ends_at:%Y-%m-%d}"
    if not certificate.not_valid_before_utc <= now < ends_at:
        return Finding(name, "failed", f"not {detail}", "start the service again to renew it")
    if (ends_at - now).days < CERTIFICATE_WARNING_DAYS:
        return Finding(name, "warning", detail, "start the service again to renew it")
    return Finding(name, "ok", detail)


def _clock(examined: Examined) -> Iterator[Finding]:
    now = examined.clock.now()
    earliest = max(
        RELEASED, examined.installation.created_at if examined.installation else RELEASED
    )
    detail = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < earliest:
        advice = "set the clock: certificates and tokens are judged by it"
        yield Finding("clock", "failed", f"{detail} is in the past", advice)
    else:
        yield Finding("clock", "ok", detail)


_CHECKS: tuple[Callable[[Examined], Iterator[Finding]], ...] = (
    _ports,
    _disk,
    _broker,
    _kafka,
    _database,
    _master_key,
    _supervisor,
    _certificates,
    _clock,
)
