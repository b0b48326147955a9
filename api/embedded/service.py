"""The parts of the embedded service, started one after the other and stopped in reverse."""

import ipaddress
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app
from api.cluster_services import build_cluster_services
from api.composition import build_container, build_core
from api.deps import Core
from api.embedded.authority import Authority, ServerFiles
from api.embedded.broker_binary import broker_version, find_broker_binary
from api.embedded.errors import EmbeddedError
from api.embedded.first_start import Owner, ensure_owner, issue_sign_in
from api.embedded.installation import Installation
from api.embedded.listeners import LOOPBACK, HttpSockets
from api.embedded.ready import ReadyFacts
from api.engines import build_engines
from api.gateway_services import build_http_gateway
from billing.catalog.errors import PriceBookError
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.secrets import DataKey, MasterKey, MasterKeyError
from control_plane.kit.settings import Settings
from control_plane.kit.token_endpoint import TokenEndpoint
from control_plane.provisioning.errors import SupervisorUnavailableError
from control_plane.provisioning.local import LocalProvisioner, SupervisorKeeper
from migrations.upgrade import SchemaVersionError

JOBS_STOP_SECONDS_MAX = 3.0


@dataclass(frozen=True, slots=True)
class EmbeddedService:
    """A service whose parts run; what is left is to serve `app` on the sockets."""

    app: FastAPI
    tls: ServerFiles
    facts: ReadyFacts
    owner: Owner
    is_first_start: bool


def start_service(
    settings: Settings,
    installation: Installation,
    sockets: HttpSockets,
    provisioner: LocalProvisioner,
    clock: Clock,
    parts: ExitStack,
) -> EmbeddedService:
    """Start everything but the HTTP servers; closing `parts` stops it again.

    Raises EmbeddedError for what a person can mend.
    """
    binary = find_broker_binary(settings.broker_binary)
    broker_version(binary)
    authority = Authority.open(installation.tls_dir, clock)
    tls = authority.server_files(installation.tls_dir, certificate_hosts(settings.public_host))
    core = open_core(settings, clock, parts)
    core.idempotency.lapse_all()
    owner = ensure_owner(core, installation)
    _start_supervisor(provisioner, parts)
    tokens = TokenEndpoint(core.signer)
    parts.callback(tokens.close)
    engines = build_engines(core, installation, binary, provisioner, authority)
    rest_url = f"https://{in_url(settings.public_host)}:{sockets.https_port}"
    clusters = build_cluster_services(core, engines, tokens, rest_url=rest_url)
    parts.callback(clusters.close)
    gateway = build_http_gateway(core, clusters, tokens)
    container = build_container(core, clusters, clusters.access, gateway)
    container.job_runner.start()
    parts.callback(container.job_runner.stop, JOBS_STOP_SECONDS_MAX)
    container.periodic.start()
    parts.callback(container.periodic.stop)
    return EmbeddedService(
        app=create_app(container),
        tls=tls,
        facts=_facts(core, owner, sockets, rest_url, installation.tls_dir / "ca.pem"),
        owner=owner,
        is_first_start=owner.is_new,
    )


def certificate_hosts(public_host: str) -> tuple[str, ...]:
    local = ("localhost", LOOPBACK, "::1")
    return local if public_host in local else (public_host, *local)


def public_host_of(host: str) -> str:
    """Return the name under which clients reach a server that listens on `host`."""
    if host == LOOPBACK:
        return "localhost"
    return socket.gethostname() if ipaddress.ip_address(host).is_unspecified else host


def open_core(settings: Settings, clock: Clock, parts: ExitStack) -> Core:
    """Open the database and the services over it. Raises EmbeddedError for what can be mended."""
    try:
        ensure_master_key(settings)
        core = build_core(settings, clock)
    except (MasterKeyError, PriceBookError, SchemaVersionError) as error:
        raise EmbeddedError(str(error)) from error
    except SQLAlchemyError as error:
        raise EmbeddedError(f"the database can not be used: {error}") from error
    parts.callback(core.database.dispose)
    return core


def ensure_master_key(settings: Settings) -> None:
    """Make the master key of a new installation. Raises MasterKeyError if it can not."""
    key_file = settings.resolved_master_key_file
    # A database that holds sealed values is of no use with any other key than its own.
    if not key_file.exists() and not _has_sealed_values(settings.resolved_database_url):
        MasterKey.create(key_file)


def _has_sealed_values(database_url: str) -> bool:
    database = Database(database_url)
    try:
        if not inspect(database.engine).has_table(DataKey.__tablename__):
            return False
        with database.snapshot() as session:
            return session.scalars(select(DataKey).limit(1)).first() is not None
    finally:
        database.dispose()


def _start_supervisor(provisioner: LocalProvisioner, parts: ExitStack) -> None:
    try:
        provisioner.start()
    except SupervisorUnavailableError as error:
        raise EmbeddedError(error.detail) from error
    parts.callback(lambda: provisioner.shutdown(brokers=True))
    keeper = SupervisorKeeper(provisioner)
    keeper.start()
    parts.callback(keeper.stop)


def _facts(
    core: Core, owner: Owner, sockets: HttpSockets, rest_url: str, ca_file: Path
) -> ReadyFacts:
    api_url = f"http://{LOOPBACK}:{sockets.http_port}"
    token = issue_sign_in(core, owner.organization_id)
    return ReadyFacts(
        api_url=api_url,
        api_url_tls=rest_url,
        ca_file=str(ca_file),
        api_key=owner.api_key,
        organization_id=owner.organization_id,
        console_url=f"{api_url}/console" + (f"/sign-in?token={token}" if token else ""),
        operator_api_key=owner.operator_api_key,
    )


def in_url(host: str) -> str:
    """Return a host name or address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
