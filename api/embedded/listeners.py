"""The sockets of the HTTP and HTTPS servers, opened before anything else is started."""

import errno
import socket
from dataclasses import dataclass

from api.embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class HttpSockets:
    """Listening sockets: plain HTTP on loopback alone, HTTPS where it was asked for."""

    http: socket.socket
    https: socket.socket

    @property
    def http_port(self) -> int:
        return self.http.getsockname()[1]

    @property
    def https_port(self) -> int:
        return self.https.getsockname()[1]

    def close(self) -> None:
        self.http.close()
        self.https.close()


def open_sockets(host: str, port: int, port_tls: int | None) -> HttpSockets:
    """Listen; port 0 takes a free one. Raises EmbeddedError for a port that is taken.

    Without `port_tls` it is the port after `port`, or a free one if that is taken.
    """
    http = _listen(LOOPBACK, port, "--port")
    try:
        if port_tls is not None:
            return HttpSockets(http, _listen(host, port_tls, "--port-tls"))
        return HttpSockets(http, _listen_near(host, 0 if port == 0 else port + 1))
    except EmbeddedError:
        http.close()
        raise


def is_port_free(host: str, port: int) -> bool:
    try:
        _open(host, port).close()
    except OSError:
        return False
    return True


def _listen_near(host: str, port: int) -> socket.socket:
    try:
        return _open(host, port)
    except (OSError, OverflowError):
        return _listen(host, 0, "--host")


def _listen(host: str, port: int, option: str) -> socket.socket:
    try:
        return _open(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedError(
                f"port {port} on {host} is in use; "
                f"choose another with {option}, or 0 for a free one"
            ) from error
        raise EmbeddedError(f"can not listen on {host}:{port}: {error.strerror}") from error


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
