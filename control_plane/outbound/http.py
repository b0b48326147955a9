"""HTTP to servers that customers name: the address that was checked is the one connected to.

A name is resolved once for each connection, every address it stands for is checked, and the
connection is made to one of them: a name that answers differently the next time gains nothing.
TLS still asks the server for the name. No proxy, no redirect, no connection that is kept.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.outbound.addresses import is_public
from control_plane.outbound.errors import OutboundError, OutboundUrlError

URL_LENGTH_MAX = 2048
ANSWER_BYTES_MAX = 64 * 1024
EXCHANGE_SECONDS_MAX = 15.0
ADDRESSES_TRIED_MAX = 4
PORT_HTTPS = 443
PORT_UNPRIVILEGED_MIN = 1024

# Returns the addresses of a host; raises OSError.
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host; it understands every notation of addresses."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Answer:
    """What a server answered; the body is cut off at the limit that was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundHttp:
    """Asks servers that customers name.

    `allows_private` lets addresses of this machine and its networks be named, and plain HTTP: for
    an installation whose users are its operators.
    """

    def __init__(
        self,
        *,
        allows_private: bool,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        seconds_max: float = EXCHANGE_SECONDS_MAX,
    ) -> None:
        self._allows_private = allows_private
        self._resolve = resolve
        self._trust = trust or ssl.create_default_context()
        self._seconds_max = seconds_max

    def check_url(self, url: str) -> None:
        """Raise OutboundUrlError for a URL that is never asked, whatever its name stands for."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise OutboundUrlError(f"the URL can not be read: {error}") from None
        if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise OutboundUrlError(
                f"a URL has at most {URL_LENGTH_MAX} visible ASCII characters",
                advice="write other letters of a path in percent encoding, of a host in punycode",
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and self._allows_private):
            raise OutboundUrlError("the URL does not begin with https://")
        if not parts.hostname or parts.username is not None or parts.password is not None:
            raise OutboundUrlError("the URL names no host, or a user beside it")
        if parts.fragment:
            raise OutboundUrlError("the URL has a fragment, which no server is told")
        unusual = port is not None and port != PORT_HTTPS and port < PORT_UNPRIVILEGED_MIN
        if unusual and not self._allows_private:
            raise OutboundUrlError(
                f"port {port} is not one for HTTPS",
                advice=f"use {PORT_HTTPS}, or {PORT_UNPRIVILEGED_MIN} and above",
            )

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """Make one exchange, within `seconds_max` from the first packet to the last.

        Raises OutboundUrlError, or OutboundError with the code of what went wrong.
        """
        require_no_unit_of_work()
        self.check_url(url)
        backend = _CheckedBackend(
            self._resolve,
            allows_private=self._allows_private,
            deadline=time.monotonic() + self._seconds_max,
        )
        pool = httpcore2.ConnectionPool(
            ssl_context=self._trust, max_connections=1, network_backend=backend
        )
        try:
            with (
                pool,
                pool.stream(
                    method,
                    url,
                    headers=[*headers.items(), ("Connection", "close")],
                    content=content,
                ) as response,
            ):
                return Answer(
                    response.status,
                    {
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    },
                    _read(response, answer_bytes_max),
                )
        except httpcore2.TimeoutException:
            raise OutboundError("timeout", "there was no whole answer in time") from None
        except httpcore2.ConnectError:
            raise OutboundError("connect_failed", "nobody took the connection") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            raise OutboundError("answer_invalid", "the connection broke, or was no HTTP") from None


def _read(response: httpcore2.Response, bytes_max: int) -> bytes:
    body = b""
    if bytes_max == 0:
        return body
    for chunk in response.iter_stream():
        body += chunk[: bytes_max - len(body)]
        if len(body) >= bytes_max:
            break
    return body


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects to addresses that were checked, and ends everything at one deadline."""

    def __init__(self, resolve: Resolve, *, allows_private: bool, deadline: float) -> None:
        self._resolve = resolve
        self._allows_private = allows_private
        self._deadline = deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except OSError:
            addresses = ()
        if not addresses:
            raise OutboundError("name_not_resolved", "the host's name stands for no address")
        if not self._allows_private and not all(map(is_public, addresses)):
            raise OutboundError(
                "address_not_allowed", "the host's name stands for an address that is not public"
            )
        *others, last = addresses[:ADDRESSES_TRIED_MAX]
        for address in others:
            try:
                return self._connect(address, port, local_address, socket_options)
            except httpcore2.ConnectError:
                continue
        return self._connect(last, port, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore2.NetworkStream:
        left = _left(self._deadline)
        stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore2.NetworkStream):
    """A stream of which no read or write goes on beyond a moment."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        left = _left(self._deadline)
        try:
            wrapped = self._stream.start_tls(ssl_context, server_hostname, left)
        except httpcore2.ConnectError:
            raise OutboundError("tls_failed", "the certificate or TLS was refused") from None
        return _TimedStream(wrapped, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time of the whole exchange is over")
    return left
