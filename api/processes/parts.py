"""What processes that serve one installation side by side have in common."""

import fcntl
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.cluster_services import ClusterServices, build_cluster_services
from api.deps import Core
from api.embedded.authority import Authority
from api.embedded.broker_binary import broker_version, find_broker_binary
from api.embedded.errors import EmbeddedError
from api.embedded.first_start import Owner, ensure_owner
from api.embedded.installation import (
    Installation,
    SharedInstallationLock,
    open_installation,
)
from api.embedded.service import ensure_master_key, open_core
from api.engines import build_engines
from api.processes.checks import require_prepared
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.secrets import MasterKeyError
from control_plane.kit.settings import Settings
from control_plane.kit.token_endpoint import TokenEndpoint
from control_plane.provisioning.local import LocalProvisioner
from migrations.upgrade import upgrade


@dataclass(frozen=True, slots=True)
class ProcessParts:
    """What an API process and a worker are both made of."""

    core: Core
    clusters: ClusterServices
    tokens: TokenEndpoint
    authority: Authority
    installation: Installation


def prepare(settings: Settings, clock: Clock) -> Owner:
    """Make what all processes find: keys, schema, authority, and the first organization.

    Repeating it changes nothing but what a new version needs. Raises EmbeddedError.
    """
    with ExitStack() as closing:
        installation = open_installation(settings.data_dir, clock)
        lock = SharedInstallationLock(settings.data_dir)
        closing.callback(lock.release)
        closing.enter_context(issuing(settings.data_dir))
        Authority.open(installation.tls_dir, clock)
        try:
            ensure_master_key(settings)
            database = Database(settings.resolved_database_url)
            closing.callback(database.dispose)
            upgrade(database.engine)
        except MasterKeyError as error:
            raise EmbeddedError(str(error)) from error
        except SQLAlchemyError as error:
            raise EmbeddedError(f"the database can not be used: {error}") from error
        core = open_core(settings, clock, closing)
        return ensure_owner(core, installation)


def open_parts(
    settings: Settings, clock: Clock, closing: ExitStack, *, rest_url: str
) -> ProcessParts:
    """Compose a process over what `prepare` made; `closing` takes it down.

    Raises EmbeddedError for what a person can mend.
    """
    installation = require_prepared(settings)
    binary = find_broker_binary(settings.broker_binary)
    broker_version(binary)
    lock = SharedInstallationLock(settings.data_dir)
    closing.callback(lock.release)
    with issuing(settings.data_dir):
        authority = Authority.open(installation.tls_dir, clock)
    core = open_core(settings, clock, closing)
    tokens = TokenEndpoint(core.signer)
    closing.callback(tokens.close)
    provisioner = LocalProvisioner(settings.data_dir, starts=False)
    engines = build_engines(core, installation, binary, provisioner, authority)
    clusters = build_cluster_services(core, engines, tokens, rest_url=rest_url)
    closing.callback(clusters.close)
    return ProcessParts(core, clusters, tokens, authority, installation)


@contextmanager
def issuing(data_dir: Path) -> Generator[None]:
    """Let one process at a time write keys and certificates of the installation."""
    descriptor = os.open(data_dir / "files.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
