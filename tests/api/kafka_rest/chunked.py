"""A client that writes a chunked request and reads the answer at the same time."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 20


class ChunkedPost:
    """A POST whose body is still being sent."""

    def __init__(self, connection: socket.socket, head: str) -> None:
        self._connection = connection
        self._incoming = connection.makefile("rb")
        connection.sendall(head.encode())

    def write(self, data: bytes) -> None:
        """Send a chunk."""
        self._connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        """Say that nothing more comes."""
        self._connection.sendall(b"0\r\n\r\n")

    def read_head(self) -> int:
        """Read the answer's head; return the status."""
        status = int(self._incoming.readline().split()[1])
        while self._incoming.readline() not in {b"\r\n", b""}:
            pass
        return status

    def read_chunk(self) -> bytes:
        """Read one chunk of the answer, empty at its end."""
        size = int(self._incoming.readline(), 16)
        data = self._incoming.read(size)
        assert self._incoming.readline() == b"\r\n"
        return data

    def read_reports(self) -> list[dict[str, Any]]:
        """Read one chunk as the reports it holds."""
        return [json.loads(line) for line in self.read_chunk().splitlines()]


@contextmanager
def chunked_post(url: str, path: str, secret: str) -> Generator[ChunkedPost]:
    """Begin a POST of JSON over plain HTTP."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    head = "\r\n".join(
        [
            f"POST {path} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: Bearer {secret}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
            "\r\n",
        ]
    )
    with socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS) as connection:
        yield ChunkedPost(connection, head)
