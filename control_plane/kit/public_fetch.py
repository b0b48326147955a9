"""Fetches a small document from an address that a customer names, and from nowhere it should not.

What is dialled is what was checked: the name is looked up once, and its addresses are judged
before one of them is connected to. Redirects are not followed, and no proxy is asked.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from control_plane.kit.unit_of_work import require_no_unit_of_work

URL_LENGTH_MAX = 2_000

_OK = 200
# Addresses of the older family, as the newer one reaches them (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class FetchProblemError(Exception):
    """Why nothing was fetched, in words that its customer may read."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much is read, and how long it may take in all; private addresses only if allowed."""

    bytes_max: int
    seconds_max: float
    allows_private: bool = False


def check_url(url: str, *, allows_private: bool) -> SplitResult:
    """Return the parts of a URL that may be fetched; raise FetchProblemError otherwise.

    Plain HTTP is for installations that allow private addresses.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FetchProblemError(f"not a URL: {error}") from error
    schemes = ("https", "http") if allows_private else ("https",)
    if parts.scheme not in schemes:
        raise FetchProblemError(f"the URL has to begin with {schemes[0]}://")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise FetchProblemError("the URL needs a host, and no user name")
    if parts.fragment or len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable():
        raise FetchProblemError(
            f"a URL has no fragment, at most {URL_LENGTH_MAX} characters, and only those of ASCII"
        )
    return parts


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet, and leads to no other one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _TRANSLATED or address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, in the order in which they are to be tried."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchProblemError(f"{host} can not be looked up: {error}") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def fetch(
    url: str,
    limits: FetchLimits,
    *,
    resolve: Resolve = look_up,
    trust: ssl.SSLContext | None = None,
) -> bytes:
    """Return the body of a 200 answer; raise FetchProblemError for everything else."""
    require_no_unit_of_work()
    parts = check_url(url, allows_private=limits.allows_private)
    connection = _Connection(parts, limits, resolve, trust)
    deadline = threading.Timer(limits.seconds_max, connection.cut_off)
    deadline.daemon = True
    deadline.start()
    try:
        return _ask(connection, parts, limits)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.is_cut_off:
            raise FetchProblemError(f"no answer within {limits.seconds_max:g} s") from error
        raise FetchProblemError(f"{parts.hostname} did not answer: {error}") from error
    finally:
        deadline.cancel()
        connection.close()


def _ask(connection: "_Connection", parts: SplitResult, limits: FetchLimits) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("GET", target, headers={"Accept": "application/json"})
    answer = connection.getresponse()
    if answer.status != _OK:
        raise FetchProblemError(f"the answer has status {answer.status}, not {_OK}")
    body = answer.read(limits.bytes_max + 1)
    if connection.is_cut_off:
        raise FetchProblemError(f"no whole answer within {limits.seconds_max:g} s")
    if len(body) > limits.bytes_max:
        raise FetchProblemError(f"the answer has more than {limits.bytes_max} bytes")
    return body


class _Connection(http.client.HTTPConnection):
    """Dials only addresses that were judged, and can be cut off from another thread."""

    def __init__(
        self,
        parts: SplitResult,
        limits: FetchLimits,
        resolve: Resolve,
        trust: ssl.SSLContext | None,
    ) -> None:
        assert parts.hostname is not None, "the URL was checked"
        is_secure = parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)
        super().__init__(parts.hostname, port, timeout=limits.seconds_max)
        self._limits = limits
        self._resolve = resolve
        self._trust = (trust or ssl.create_default_context()) if is_secure else None
        self.is_cut_off = False

    def connect(self) -> None:
        dialled = self._dial()
        # Kept first, so that a handshake that never ends can be cut off.
        self.sock = dialled
        if self._trust is not None:
            self.sock = self._trust.wrap_socket(dialled, server_hostname=self.host)

    def cut_off(self) -> None:
        """End whatever is going on."""
        self.is_cut_off = True
        dialled = self.sock
        if dialled is not None:
            with contextlib.suppress(OSError):
                dialled.shutdown(socket.SHUT_RDWR)

    def _dial(self) -> socket.socket:
        failure: OSError | None = None
        for text in self._allowed():
            try:
                return socket.create_connection((text, self.port), self._limits.seconds_max)
            except OSError as error:
                failure = error
        assert failure is not None, "there is an address"
        raise failure

    def _allowed(self) -> Sequence[str]:
        found = self._resolve(self.host, self.port)
        allows_private = self._limits.allows_private
        allowed = [text for text in found if allows_private or is_public(ip_address(text))]
        if not allowed:
            raise FetchProblemError(f"{self.host} is at no public address")
        return allowed
