"""Asking a process on its admin socket whether it serves."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast

from control_plane.provisioning.supervisor.limits import HEALTH_BYTES_MAX, HEALTH_SECONDS_MAX
from control_plane.provisioning.unix_sockets import reachable

_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_STATUS_OK = b"200"


@dataclass(frozen=True, slots=True)
class Health:
    """What a process says of itself."""

    ready: bool
    pid: int | None
    generation: int | None
    started_at: str | None


async def ask_health(admin_socket: str) -> Health | None:
    """Return the answer of ``GET /healthz``, None while there is none that can be understood."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS_MAX):
            return _parse(*await _get(admin_socket))
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None


async def _get(admin_socket: str) -> tuple[bytes, bytes]:
    with reachable(admin_socket) as address:
        reader, writer = await asyncio.open_unix_connection(address, limit=HEALTH_BYTES_MAX)
    try:
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        return head, await reader.readexactly(_content_length(head))
    finally:
        writer.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
            if 0 <= length <= HEALTH_BYTES_MAX:
                return length
    raise ValueError("no usable Content-Length")


def _parse(head: bytes, body: bytes) -> Health:
    answer: Any = json.loads(body)
    fields = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
    pid, generation = fields.get("pid"), fields.get("generation")
    started_at = fields.get("started_at")
    return Health(
        ready=head.split(maxsplit=2)[1] == _STATUS_OK and fields.get("status") == "ready",
        pid=pid if isinstance(pid, int) else None,
        generation=generation if isinstance(generation, int) else None,
        started_at=started_at if isinstance(started_at, str) else None,
    )
