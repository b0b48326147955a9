"""Finding the processes that outlived an earlier supervisor, and taking over their sockets."""

import asyncio
import json
import logging
import os
import signal
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from control_plane.provisioning.process import LISTENERS_MAX, ProcessSpec
from control_plane.provisioning.supervisor.limits import (
    HANDOVER_BYTES_MAX,
    HANDOVER_SECONDS_MAX,
    STOP_SECONDS_MAX,
)
from control_plane.provisioning.unix_sockets import reachable

_logger = logging.getLogger(__name__)

_RETRY_SECONDS = 0.02
_PEER_CREDENTIALS = struct.Struct("3i")

Command = tuple[str, ...]


class HandoverError(ValueError):
    """A process answered on its handover socket with something that can not be used."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A process that was found running, with duplicates of its listening sockets."""

    pid: int
    pidfd: int
    sockets: dict[str, socket.socket]


def running_commands() -> dict[Command, int]:
    """Map the command lines of this user's processes to their pids."""
    found: dict[Command, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid == os.geteuid():
                command = (entry / "cmdline").read_bytes().decode(errors="surrogateescape")
                found[tuple(command.split("\0")[:-1])] = int(entry.name)
        except OSError:
            # It ended while we looked.
            continue
    return found


async def find_survivor(spec: ProcessSpec, commands: Mapping[Command, int]) -> Survivor | None:
    """Return the live process of this spec, None if there is none.

    One that does not hand its sockets over in time is killed: it can not be watched over, and
    it would keep its successor from the port and the log.
    """
    pid = commands.get(spec.command)
    if pid is None:
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        async with asyncio.timeout(HANDOVER_SECONDS_MAX):
            sockets = await _take_over(spec, pid)
    except (TimeoutError, ValueError):
        _logger.exception("process not adopted", extra={"process_id": spec.process_id})
        await _kill(pidfd)
        return None
    return Survivor(pid, pidfd, sockets)


async def _take_over(spec: ProcessSpec, pid: int) -> dict[str, socket.socket]:
    while True:
        try:
            return await asyncio.to_thread(_receive, spec.handover_socket, pid)
        except OSError:
            # It may still be starting, its socket not yet there.
            await asyncio.sleep(_RETRY_SECONDS)


def _receive(path: str, pid: int) -> dict[str, socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(HANDOVER_SECONDS_MAX)
        with reachable(path) as address:
            connection.connect(address)
        _require_peer(connection, pid)
        message, descriptors, _, _ = socket.recv_fds(
            connection, HANDOVER_BYTES_MAX, LISTENERS_MAX, socket.MSG_CMSG_CLOEXEC
        )
        sockets = [socket.socket(fileno=one) for one in descriptors]
        try:
            while not message.endswith(b"\n") and len(message) < HANDOVER_BYTES_MAX:
                part = connection.recv(HANDOVER_BYTES_MAX)
                if not part:
                    break
                message += part
            return dict(zip(_listener_names(message), sockets, strict=True))
        except (OSError, ValueError):
            for one in sockets:
                one.close()
            raise


def _require_peer(connection: socket.socket, pid: int) -> None:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
    peer_pid = _PEER_CREDENTIALS.unpack(raw)[0]
    if peer_pid != pid:
        raise HandoverError(f"its handover socket is served by process {peer_pid}, not {pid}")


def _listener_names(message: bytes) -> list[str]:
    answer: Any = json.loads(message)
    names: Any = (
        cast("dict[str, Any]", answer).get("listeners") if isinstance(answer, dict) else None
    )
    if not isinstance(names, list):
        raise HandoverError("its handover message names no listeners")
    return [str(name) for name in cast("list[object]", names)]


async def _kill(pidfd: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await ended.wait()
    except ProcessLookupError:
        return
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
