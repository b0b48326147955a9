"""`headrace up`: start, say so, serve, and stop in order on a signal."""

import asyncio
import logging
import logging.handlers
import os
import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop
from rich.console import Console

from api.embedded.announce import announce
from api.embedded.errors import EmbeddedError
from api.embedded.installation import InstallationLock, open_installation
from api.embedded.listeners import HttpSockets, open_sockets
from api.embedded.ready import save_owner_profile, write_ready_file
from api.embedded.server import HttpServers
from api.embedded.service import EmbeddedService, start_service
from control_plane.kit.clock import SystemClock
from control_plane.kit.settings import Settings
from control_plane.kit.telemetry import configure_logging
from control_plane.provisioning.local import LocalProvisioner
from headrace.errors import ConfigurationError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_BYTES_MAX = 16 * 1024 * 1024
EXIT_NOW = 130

_logger = structlog.stdlib.get_logger("embedded")


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `headrace up` was asked for; `port_tls` None means the port after `port`."""

    settings: Settings
    port_tls: int | None
    ready_file: Path | None


def run(options: UpOptions, console: Console) -> None:
    """Run until stopped. Raises EmbeddedError when it can not start."""
    os.umask(0o077)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(options, console))


async def _run(options: UpOptions, console: Console) -> None:
    stopping = asyncio.Event()
    provisioner = LocalProvisioner(options.settings.data_dir)
    _stop_on_signals(stopping, provisioner, options.ready_file)
    parts = ExitStack()
    try:
        sockets, service = await asyncio.to_thread(_start, options, console, provisioner, parts)
        servers = HttpServers(service.app, sockets, service.tls)
        try:
            await servers.start()
            if not stopping.is_set():
                await asyncio.to_thread(_tell, options, service, console, parts)
            ended = asyncio.create_task(servers.wait_until_ended())
            stop = asyncio.create_task(stopping.wait())
            await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            stop.cancel()
            _say(console, "Stopping.")
        finally:
            await servers.stop()
    finally:
        await asyncio.to_thread(parts.close)
    _say(console, "Stopped.")


def _start(
    options: UpOptions, console: Console, provisioner: LocalProvisioner, parts: ExitStack
) -> tuple[HttpSockets, EmbeddedService]:
    settings, clock = options.settings, SystemClock()
    installation = open_installation(settings.data_dir, clock)
    lock = InstallationLock(settings.data_dir)
    parts.callback(lock.release)
    if options.ready_file is not None:
        # One that a killed predecessor left would tell scripts of a service that is not there.
        options.ready_file.unlink(missing_ok=True)
    _open_log(installation.log_file, settings.log_level)
    if lock.predecessor is not None:
        _say(
            console,
            f"Taking over from process {lock.predecessor}, which ended without cleaning up.",
        )
    sockets = open_sockets(settings.host, settings.port, options.port_tls)
    parts.callback(sockets.close)
    return sockets, start_service(settings, installation, sockets, provisioner, clock, parts)


def _tell(options: UpOptions, service: EmbeddedService, console: Console, parts: ExitStack) -> None:
    """Tell scripts and people that it is ready."""
    try:
        profile = save_owner_profile(service.facts)
        if options.ready_file is not None:
            write_ready_file(options.ready_file, service.facts)
            parts.callback(options.ready_file.unlink, missing_ok=True)
    except (ConfigurationError, OSError) as error:
        raise EmbeddedError(f"can not say where the service is: {error}") from error
    announce(console, service, options.settings.data_dir, profile)


def _stop_on_signals(
    stopping: asyncio.Event, provisioner: LocalProvisioner, ready_file: Path | None
) -> None:
    """Stop in order on the first signal, at once on the second."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stopping.is_set():
            threading.Thread(target=_end_now, args=(provisioner, ready_file), daemon=True).start()
        stopping.set()

    for number in STOP_SIGNALS:
        # Who starts a service by nohup(1) wants it to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, on_signal)


def _end_now(provisioner: LocalProvisioner, ready_file: Path | None) -> None:
    with ExitStack() as last:
        last.callback(os._exit, EXIT_NOW)
        if ready_file is not None:
            last.callback(ready_file.unlink, missing_ok=True)
        provisioner.shutdown(brokers=True, now=True)


def _say(console: Console, text: str) -> None:
    try:
        console.print(text, highlight=False)
    except OSError:
        # The terminal may be closed, which is no reason not to end in order.
        _logger.info("terminal_gone", text=text)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, console.file.fileno())
        os.close(null)


def _open_log(path: Path, level: str) -> None:
    configure_logging(level)
    root = logging.getLogger()
    formatter = root.handlers[0].formatter
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES_MAX, backupCount=1)
    handler.setFormatter(formatter)
    root.handlers = [handler]
