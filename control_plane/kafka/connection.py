"""One connection to one broker, for the few requests that confluent_kafka does not offer."""

import socket
import ssl
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from control_plane.kafka.admin_clients import Connection
from control_plane.kafka.errors import ClusterRequestFailedError, unavailable
from control_plane.kafka.wire import ApiKey, Reader, WireError, Writer
from control_plane.kit.unit_of_work import require_no_unit_of_work

CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 7.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024
CLIENT_ID = "headrace-control-plane"
MECHANISM = "OAUTHBEARER"

ResultT = TypeVar("ResultT")


class SignedToken(Protocol):
    """A token in compact form."""

    @property
    def value(self) -> str: ...


class TokenSigner(Protocol):
    """Signs the tokens by which somebody acts on a cluster."""

    def sign(self, subject: str, cluster_id: str) -> SignedToken: ...


class BrokerConnection:
    """Asks one thing after the other."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._correlation_id = 0

    def ask(
        self,
        api: ApiKey,
        version: int,
        body: bytes,
        read: Callable[[Reader], ResultT],
        *,
        is_flexible: bool = False,
    ) -> ResultT:
        """Send a request and return what `read` makes of its answer.

        `is_flexible` says that the version has tagged fields (KIP-482).
        """
        self._correlation_id += 1
        header = Writer().int16(api).int16(version).int32(self._correlation_id).text(CLIENT_ID)
        if is_flexible:
            header.no_tags()
        self._stream.sendall(Writer().blob(header.done() + body).done())
        (length,) = struct.unpack(">i", self._take(4))
        if not 0 <= length <= ANSWER_BYTES_MAX:
            raise WireError(f"an answer of {length} bytes")
        answer = Reader(self._take(length))
        if answer.int32() != self._correlation_id:
            raise WireError("the answer belongs to another request")
        if is_flexible:
            answer.skip_tags()
        return read(answer)

    def _take(self, length: int) -> bytes:
        taken = bytearray()
        while len(taken) < length:
            part = self._stream.recv(min(length - len(taken), 1 << 16))
            if not part:
                raise ConnectionError("the broker closed the connection")
            taken += part
        return bytes(taken)


class BrokerConnections:
    """Opens connections to brokers as whoever asks, by a token like every other client of ours."""

    def __init__(self, tokens: TokenSigner) -> None:
        self._tokens = tokens

    @contextmanager
    def open(
        self, connection: Connection, address: tuple[str, int] | None = None
    ) -> Generator[BrokerConnection]:
        """Connect to the broker at `address`, or to the first that the cluster is reached by.

        Raises ClusterUnavailableError where it does not answer, ClusterRequestFailedError where it
        answers what can not be read.
        """
        require_no_unit_of_work()
        place = address or _first_address(connection.servers)
        try:
            with _connect(place, connection) as stream:
                broker = BrokerConnection(stream)
                _log_in(broker, self._tokens.sign(connection.subject, connection.cluster_id))
                yield broker
        except WireError as error:
            raise ClusterRequestFailedError(f"the cluster answered strangely: {error}") from error
        except OSError as error:
            raise unavailable(str(error) or "no answer in time", is_outcome_unknown=True) from error


def _connect(address: tuple[str, int], connection: Connection) -> socket.socket:
    stream = socket.create_connection(address, CONNECT_SECONDS_MAX)
    stream.settimeout(ANSWER_SECONDS_MAX)
    if connection.security_protocol == "SASL_PLAINTEXT":
        return stream
    context = ssl.create_default_context(cadata=connection.ca_certificate)
    return context.wrap_socket(stream, server_hostname=address[0])


def _log_in(broker: BrokerConnection, token: SignedToken) -> None:
    """Log in by SASL/OAUTHBEARER (RFC 7628)."""
    refused = broker.ask(
        ApiKey.SASL_HANDSHAKE, 1, Writer().text(MECHANISM).done(), lambda answer: answer.int16()
    )
    if refused:
        raise unavailable(f"it refused {MECHANISM} with error {refused}")
    message = f"n,,\x01auth=Bearer {token.value}\x01\x01".encode()
    refused, words = broker.ask(
        ApiKey.SASL_AUTHENTICATE,
        1,
        Writer().blob(message).done(),
        lambda answer: (answer.int16(), answer.nullable_text()),
    )
    if refused:
        raise unavailable(words or "the login was refused")


def _first_address(servers: str) -> tuple[str, int]:
    host, _, port = servers.partition(",")[0].rpartition(":")
    return host.strip("[]"), int(port)
