"""``python -m control_plane.provisioning.supervisor --data-dir D``."""

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from control_plane.provisioning.supervisor import server
from control_plane.provisioning.supervisor.errors import AlreadyRunningError
from control_plane.provisioning.supervisor.layout import (
    EXIT_ALREADY_RUNNING,
    Layout,
    SupervisorLock,
)
from control_plane.provisioning.supervisor.limits import HOUSEKEEPING_SECONDS, OPEN_FILES_MAX
from control_plane.provisioning.supervisor.logs import open_log
from control_plane.provisioning.supervisor.service import Supervisor
from control_plane.provisioning.supervisor.specs import SpecStore

_logger = logging.getLogger(__name__)


def main() -> int:
    """Run until asked to end; return the exit status."""
    return supervise(_parse_arguments())


def supervise(data_dir: Path) -> int:
    """Run the supervisor of a data directory until asked to end; return the exit status."""
    layout = Layout(data_dir)
    os.umask(0o077)
    layout.create()
    try:
        lock = SupervisorLock(layout.lock)
    except AlreadyRunningError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_ALREADY_RUNNING
    open_log(layout.log)
    _raise_open_files_limit()
    os.chdir("/")
    asyncio.run(_run(layout, lock))
    return 0


def _parse_arguments() -> Path:
    parser = argparse.ArgumentParser(prog="headrace-supervisor")
    parser.add_argument("--data-dir", required=True, type=Path)
    return parser.parse_args().data_dir.absolute()


def _raise_open_files_limit() -> None:
    """Room for the sockets of many brokers, which inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _run(layout: Layout, lock: SupervisorLock) -> None:
    bound = server.bind(layout.socket)
    supervisor = Supervisor(SpecStore(layout.specs))
    _logger.info("supervisor started", extra={"pid": os.getpid()})
    await supervisor.recover()
    _end_on_signals(supervisor)
    serving = await server.Server(supervisor).start(bound)
    housekeeping = asyncio.create_task(_keep_house(supervisor, lock))
    await supervisor.ended.wait()
    housekeeping.cancel()
    serving.close()
    _logger.info("supervisor ended", extra={"pid": os.getpid()})


def _end_on_signals(supervisor: Supervisor) -> None:
    """End on a signal without the brokers: they serve on and a successor adopts them."""
    loop = asyncio.get_running_loop()
    endings: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(
            number, lambda: endings.add(loop.create_task(supervisor.end(brokers=False)))
        )


async def _keep_house(supervisor: Supervisor, lock: SupervisorLock) -> None:
    while True:
        await asyncio.sleep(HOUSEKEEPING_SECONDS)
        if not lock.is_intact():
            _logger.warning("data directory is gone")
            await supervisor.end(brokers=True)
            return
        try:
            supervisor.bound_logs()
        except OSError:
            _logger.exception("a log could not be bounded")


if __name__ == "__main__":
    sys.exit(main())
