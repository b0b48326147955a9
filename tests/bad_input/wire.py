"""A Kafka connection with no manners: it sends the bytes it is told to, right or wrong."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import struct
from base64 import b64decode, b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from typing import Final, Self

from tests.fixtures.kafka_access import KafkaAccess, Mechanism

TIMEOUT_SECONDS: Final = 10
SILENCE_SECONDS: Final = 0.2
LAST_CORRELATION: Final = 2_000_000_000
FRAME_BYTES_MAX: Final = 16 * 1024 * 1024

ADDRESSES: Final = (str(ip_address("127.1.0.0") + number) for number in count(1))

API_VERSIONS: Final = 18
FETCH: Final = 1
METADATA: Final = 3
SASL_HANDSHAKE: Final = 17
SASL_AUTHENTICATE: Final = 36

UNSUPPORTED_VERSION: Final = 35
SASL_AUTHENTICATION_FAILED: Final = 58


class ClosedError(Exception):
    """The broker closed the connection."""


@dataclass(frozen=True, kw_only=True)
class ApiRange:
    """The versions of an API that a broker offers."""

    key: int
    first: int
    last: int


class Wire:
    """One connection; numbers its requests."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._correlation = 0

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a broker that has hung up already is no failure."""
        try:
            self._stream.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as error:
            raise ClosedError from error

    def end_sending(self) -> None:
        """Half-close: no more bytes will come."""
        try:
            self._stream.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise ClosedError from error

    def settle(self) -> None:
        """Read what is answered to what was sent, and to a good request behind it.

        The broker may hang up instead, or be silent: a join or a fetch may wait for long, and
        what was sent may have begun a frame that does not end.
        """
        self._stream.settimeout(SILENCE_SECONDS)
        try:
            self.frame(request_bytes(API_VERSIONS, 0, LAST_CORRELATION, b"", flexible=False))
            while struct.unpack_from(">i", self.read_frame()) != (LAST_CORRELATION,):
                pass
        except (ClosedError, TimeoutError):
            return

    def frame(self, body: bytes) -> None:
        """Send a body with its true length in front."""
        self.send(struct.pack(">i", len(body)) + body)

    def request(self, key: int, version: int, body: bytes, *, flexible: bool = False) -> bytes:
        """Send a request with a good header; the answer behind its correlation id."""
        self._correlation += 1
        self.frame(request_bytes(key, version, self._correlation, body, flexible=flexible))
        answer = self.read_frame()
        assert struct.unpack_from(">i", answer) == (self._correlation,)
        return answer[4:]

    def read_frame(self) -> bytes:
        """One whole frame; raises ClosedError when the broker hangs up instead."""
        (length,) = struct.unpack(">i", self._read(4))
        assert 0 <= length <= FRAME_BYTES_MAX
        return self._read(length)

    def assert_closed(self) -> None:
        """The broker hangs up, having said nothing."""
        try:
            answer = self._stream.recv(1)
        except (ConnectionResetError, ssl.SSLError):
            return
        assert answer == b""

    def _read(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count > 0:
            try:
                part = self._stream.recv(count)
            except (ConnectionResetError, ssl.SSLError) as error:
                raise ClosedError from error
            if not part:
                raise ClosedError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


@contextmanager
def connect(access: KafkaAccess, source: str | None = None) -> Generator[Wire]:
    """A fresh connection, with TLS where the listener has it, from an address of this machine."""
    host, _, port = access.bootstrap.rpartition(":")
    local = None if source is None else (source, 0)
    with socket.create_connection(
        (host, int(port)), timeout=TIMEOUT_SECONDS, source_address=local
    ) as plain:
        if access.protocol == "SASL_PLAINTEXT":
            yield Wire(plain)
            return
        context = ssl.create_default_context(cafile=access.ca_file)
        with context.wrap_socket(plain, server_hostname=host) as secure:
            yield Wire(secure)


@contextmanager
def authenticated(access: KafkaAccess) -> Generator[Wire]:
    """A connection that has said who it is, by PLAIN.

    From an address that nothing came from yet: plans limit how often one address may connect.
    """
    with connect(access, next(ADDRESSES)) as wire:
        handshake(wire, "PLAIN")
        answer = authenticate(wire, plain_token(access.username, access.password))
        assert answer.code == 0
        yield wire


def request_bytes(
    key: int, version: int, correlation: int, body: bytes, *, flexible: bool
) -> bytes:
    """A request header (version 2 if `flexible`, else 1) and a body."""
    client = b"bad-input"
    header = struct.pack(">hhih", key, version, correlation, len(client)) + client
    return header + (b"\x00" if flexible else b"") + body


def api_versions(wire: Wire) -> list[ApiRange]:
    """What the broker offers, asked in version 0."""
    code, offered = parse_api_versions(wire.request(API_VERSIONS, 0, b""))
    assert code == 0
    return offered


def parse_api_versions(answer: bytes) -> tuple[int, list[ApiRange]]:
    """The error code and the ranges of a version 0 answer."""
    code, count = struct.unpack_from(">hi", answer)
    assert len(answer) == 6 + 6 * count
    rows = (struct.unpack_from(">hhh", answer, 6 + 6 * index) for index in range(count))
    return code, [ApiRange(key=key, first=first, last=last) for key, first, last in rows]


@dataclass(frozen=True, kw_only=True)
class SaslAnswer:
    """What came back for a SASL token."""

    code: int
    message: str | None
    token: bytes

    @classmethod
    def parse(cls, answer: bytes) -> Self:
        code, length = struct.unpack_from(">hh", answer)
        at = 4 + max(length, 0)
        message = None if length < 0 else answer[4:at].decode()
        (size,) = struct.unpack_from(">i", answer, at)
        return cls(code=code, message=message, token=answer[at + 4 : at + 4 + size])


def handshake(wire: Wire, mechanism: str) -> int:
    """Choose a mechanism; the error code."""
    name = mechanism.encode()
    answer = wire.request(SASL_HANDSHAKE, 1, struct.pack(">h", len(name)) + name)
    (code,) = struct.unpack_from(">h", answer)
    assert isinstance(code, int)
    return code


def authenticate(wire: Wire, token: bytes) -> SaslAnswer:
    """Send one SASL token."""
    body = struct.pack(">i", len(token)) + token
    return SaslAnswer.parse(wire.request(SASL_AUTHENTICATE, 1, body))


def plain_token(username: str, password: str) -> bytes:
    return b"\x00".join((b"", username.encode(), password.encode()))


def log_in(wire: Wire, mechanism: Mechanism, username: str, password: str) -> SaslAnswer:
    """Go through a mechanism with a name and a password; the last answer."""
    assert handshake(wire, mechanism) == 0
    if mechanism == "PLAIN":
        return authenticate(wire, plain_token(username, password))
    return _scram(
        wire, mechanism.removeprefix("SCRAM-").replace("-", "").lower(), username, password
    )


def _scram(wire: Wire, digest: str, username: str, password: str) -> SaslAnswer:
    """The client's side of RFC 5802."""
    bare = f"n={username},r=rOprNGfwEbeRWgbNEkqO"
    first = authenticate(wire, f"n,,{bare}".encode())
    assert first.code == 0
    said = first.token.decode()
    nonce, salt, iterations = (part.split("=", 1)[1] for part in said.split(","))
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), b64decode(salt), int(iterations))
    without_proof = f"c=biws,r={nonce}"
    key = hmac.digest(salted, b"Client Key", digest)
    stored = hashlib.new(digest, key).digest()
    signature = hmac.digest(stored, f"{bare},{said},{without_proof}".encode(), digest)
    proof = bytes(left ^ right for left, right in zip(key, signature, strict=True))
    return authenticate(wire, f"{without_proof},p={b64encode(proof).decode()}".encode())
