"""`headrace api`: one of any number of processes that serve HTTP."""

import asyncio
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import uvloop
from fastapi import FastAPI

from api.app import create_app
from api.composition import build_container, in_process
from api.deps import Core, JobService
from api.embedded.authority import ServerFiles
from api.embedded.listeners import HttpSockets, open_sockets
from api.embedded.server import HttpServers
from api.embedded.service import JOBS_STOP_SECONDS_MAX, certificate_hosts, in_url
from api.gateway_services import build_http_gateway
from api.processes.checks import require_queue
from api.processes.parts import issuing, open_parts
from control_plane.kit.clock import SystemClock
from control_plane.kit.job_dispatcher import JobDispatcher
from control_plane.kit.job_queue import job_queue
from control_plane.kit.settings import JobsMode, Settings
from control_plane.kit.telemetry import configure_logging
from control_plane.provisioning.files import write_atomically

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_api(settings: Settings, port_tls: int | None, ready_file: Path | None) -> None:
    """Serve until asked to end. Raises EmbeddedError when it can not start."""
    os.umask(0o077)
    configure_logging(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, port_tls, ready_file))


async def _run(settings: Settings, port_tls: int | None, ready_file: Path | None) -> None:
    stopping = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    closing = ExitStack()
    try:
        sockets, app, tls = await asyncio.to_thread(_start, settings, port_tls, closing)
        servers = HttpServers(app, sockets, tls)
        try:
            await servers.start()
            if ready_file is not None:
                _write_ready_file(ready_file, settings, sockets, closing)
            ended = asyncio.create_task(servers.wait_until_ended())
            stop = asyncio.create_task(stopping.wait())
            await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            stop.cancel()
        finally:
            await servers.stop()
    finally:
        await asyncio.to_thread(closing.close)


def _start(
    settings: Settings, port_tls: int | None, closing: ExitStack
) -> tuple[HttpSockets, FastAPI, ServerFiles]:
    sockets = open_sockets(settings.host, settings.port, port_tls)
    closing.callback(sockets.close)
    rest_url = settings.public_url or _own_url(settings, sockets)
    parts = open_parts(settings, SystemClock(), closing, rest_url=rest_url)
    with issuing(settings.data_dir):
        hosts = certificate_hosts(settings.public_host)
        tls = parts.authority.server_files(parts.installation.tls_dir, hosts)
    gateway = build_http_gateway(parts.core, parts.clusters, parts.tokens)
    container = build_container(
        parts.core, parts.clusters, parts.clusters.access, gateway, _job_service
    )
    container.job_runner.start()
    closing.callback(container.job_runner.stop, JOBS_STOP_SECONDS_MAX)
    container.periodic.start()
    closing.callback(container.periodic.stop)
    return sockets, create_app(container), tls


def _job_service(core: Core) -> JobService:
    if core.settings.jobs is JobsMode.IN_PROCESS:
        return in_process(core)
    app = job_queue(require_queue(core.settings), sweep_seconds=core.settings.job_sweep_seconds)
    return JobDispatcher(app, core.database, core.clock, core.jobs)


def _own_url(settings: Settings, sockets: HttpSockets) -> str:
    return f"https://{in_url(settings.public_host)}:{sockets.https_port}"


def _write_ready_file(
    path: Path, settings: Settings, sockets: HttpSockets, closing: ExitStack
) -> None:
    facts = {
        "api_url": f"http://127.0.0.1:{sockets.http_port}",
        "api_url_tls": _own_url(settings, sockets),
        "ca_file": str(settings.data_dir / "tls" / "ca.pem"),
    }
    write_atomically(path, json.dumps(facts).encode() + b"\n")
    closing.callback(path.unlink, missing_ok=True)
