"""Listening sockets that outlive the processes which serve them.

A socket here is either listening or only bound. Bound, it refuses connections at once and keeps
the port from everybody else: SO_REUSEADDR stays off until it listens, because Linux lets two
sockets with that option share a port while neither listens.
"""

import errno
import random
import socket
from collections.abc import Iterable

from control_plane.provisioning.process import Listener
from control_plane.provisioning.supervisor.errors import SupervisorError
from control_plane.provisioning.supervisor.limits import (
    BACKLOG,
    PORT_ATTEMPTS_MAX,
    PORT_CHOICES,
)


class ListenerSockets:
    """The sockets of one process, by listener name, in the order of its specification."""

    def __init__(self) -> None:
        self._sockets: dict[str, socket.socket] = {}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return tuple(_listener_of(name, held) for name, held in self._sockets.items())

    def descriptors(self) -> dict[str, int]:
        return {name: held.fileno() for name, held in self._sockets.items()}

    def bind(self, wanted: Iterable[Listener]) -> tuple[Listener, ...]:
        """Hold exactly these addresses, keeping the sockets that already fit.

        Raises SupervisorError `address_unavailable`; nothing has changed then.
        """
        wanted = tuple(wanted)
        kept = {one.name: self._sockets[one.name] for one in wanted if self._fits(one)}
        opened: dict[str, socket.socket] = {}
        try:
            for listener in wanted:
                if listener.name not in kept:
                    opened[listener.name] = _bind(listener)
        except SupervisorError:
            _close(opened.values())
            raise
        _close(held for name, held in self._sockets.items() if name not in kept)
        self._sockets = {one.name: (kept | opened)[one.name] for one in wanted}
        return self.listeners

    def adopt(self, sockets: dict[str, socket.socket]) -> None:
        """Hold these sockets, which another process had, in place of any held before."""
        self.close()
        self._sockets = dict(sockets)

    def sockets(self) -> tuple[socket.socket, ...]:
        return tuple(self._sockets.values())

    def listen(self) -> None:
        for held in self._sockets.values():
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.listen(BACKLOG)

    def lend(self) -> None:
        """Let a process bind these addresses itself while they stay held here.

        Linux lets sockets with SO_REUSEADDR share an address as long as one of them listens at
        most. When the process ends, connections are refused, and it alone may come back.
        """
        self.refuse()
        for held in self._sockets.values():
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def refuse(self) -> None:
        """Stop listening but stay bound; connections still in the backlog are reset."""
        for held in self._sockets.values():
            if held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                held.shutdown(socket.SHUT_RDWR)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)

    def close(self) -> None:
        _close(self._sockets.values())
        self._sockets = {}

    def _fits(self, wanted: Listener) -> bool:
        held = self._sockets.get(wanted.name)
        if held is None:
            return False
        found = _listener_of(wanted.name, held)
        return found.host == wanted.host and wanted.port in (0, found.port)


def _listener_of(name: str, held: socket.socket) -> Listener:
    host, port = held.getsockname()[:2]
    return Listener(name, host, port)


def _close(sockets: Iterable[socket.socket]) -> None:
    for held in sockets:
        held.close()


def _bind(listener: Listener) -> socket.socket:
    if listener.port:
        try:
            return _bind_port(listener.host, listener.port)
        except OSError as error:
            raise _unavailable(f"{listener.host}:{listener.port}", error) from error
    # A port that the kernel chose would be given back by `refuse`: it keeps only named ones.
    for port in random.sample(PORT_CHOICES, PORT_ATTEMPTS_MAX):
        try:
            return _open(listener.host, port, reuse=False)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _unavailable(listener.host, error) from error
    raise SupervisorError("address_unavailable", f"no free port found on {listener.host}")


def _bind_port(host: str, port: int) -> socket.socket:
    try:
        return _open(host, port, reuse=False)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    # Connections of an earlier run that linger in TIME_WAIT do not make a port somebody else's.
    return _open(host, port, reuse=True)


def _open(host: str, port: int, *, reuse: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        opened.bind((host, port))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        opened.close()
        raise
    return opened


def _unavailable(address: str, error: OSError) -> SupervisorError:
    return SupervisorError("address_unavailable", f"{address} can not be bound: {error.strerror}")
