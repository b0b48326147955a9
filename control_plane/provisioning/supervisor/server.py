"""Requests and answers on the supervisor's Unix socket: one JSON object a line."""

import asyncio
import json
import logging
import socket
from pathlib import Path
from typing import Any, cast

from control_plane.provisioning.process import InvalidSpecError
from control_plane.provisioning.supervisor.errors import SupervisorError
from control_plane.provisioning.supervisor.limits import CONNECTIONS_MAX, MESSAGE_BYTES_MAX
from control_plane.provisioning.supervisor.service import Supervisor
from control_plane.provisioning.unix_sockets import reachable

_logger = logging.getLogger(__name__)


def bind(path: Path) -> socket.socket:
    """Bind the socket in place of one that an earlier supervisor left."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    with reachable(path) as address:
        bound.bind(address)
    path.chmod(0o600)
    return bound


class Server:
    """Serves clients, each with one request at a time."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._connections = 0

    async def start(self, bound: socket.socket) -> asyncio.Server:
        return await asyncio.start_unix_server(
            self._serve, sock=bound, limit=MESSAGE_BYTES_MAX, backlog=CONNECTIONS_MAX
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > CONNECTIONS_MAX:
                await _send(writer, _error(None, "connections_exhausted", "too many clients"))
                return
            while await self._serve_one(reader, writer):
                pass
        except ConnectionError:
            _logger.debug("client gone")
        finally:
            self._connections -= 1
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer the next request; return whether there may be another."""
        try:
            line = await reader.readline()
        except ValueError:
            message = f"a request has at most {MESSAGE_BYTES_MAX} bytes"
            await _send(writer, _error(None, "request_too_large", message))
            return False
        if not line.endswith(b"\n"):
            return False
        await _send(writer, await self._answer(line))
        return True

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request: Any = json.loads(line)
        except ValueError:
            return _error(None, "request_invalid", "a JSON object expected")
        if not isinstance(request, dict):
            return _error(None, "request_invalid", "a JSON object expected")
        fields = cast("dict[str, Any]", request)
        number: object = fields.get("id")
        params: object = fields.get("params", {})
        if not isinstance(params, dict):
            return _error(number, "request_invalid", "params: an object expected")
        return await self._call(number, str(fields.get("method")), cast("dict[str, Any]", params))

    async def _call(self, number: object, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"id": number, "result": await self._supervisor.call(method, params)}
        except SupervisorError as error:
            return _error(number, error.code, error.message)
        except InvalidSpecError as error:
            return _error(number, "request_invalid", str(error))
        except OSError as error:
            _logger.exception("request failed", extra={"method": method})
            return _error(number, "storage_failed", str(error))
        except Exception:
            # The edge of the process: whatever it is, the others' brokers must be served on.
            _logger.exception("request failed", extra={"method": method})
            return _error(number, "internal_error", "see the supervisor's log")


def _error(number: object, code: str, message: str) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": message}}


async def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")
    await writer.drain()
