"""Notices the first connection to a process that is stopped, and leaves it to be accepted."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable

from control_plane.provisioning.networks import allows
from control_plane.provisioning.supervisor.backlog import waiting
from control_plane.provisioning.supervisor.limits import WAKE_INTERVAL_SECONDS
from control_plane.provisioning.supervisor.sockets import ListenerSockets


class Wakeup:
    """Listens while it is armed, and calls once when somebody connects.

    A process that was woken a short while ago refuses connections until the interval is over:
    whoever only knocks must not keep it awake. Whoever comes from elsewhere than the networks that
    it is armed for wakes nothing, and is turned away.
    """

    def __init__(self, sockets: ListenerSockets, on_connection: Callable[[], None]) -> None:
        self._sockets = sockets
        self._networks: tuple[str, ...] = ()
        self._on_connection = on_connection
        self._watched: list[int] = []
        self._later: asyncio.TimerHandle | None = None
        self._woke_at: float | None = None

    def arm(self, networks: tuple[str, ...] = ()) -> None:
        """Listen from now on, or from when the interval since the last time is over.

        Without `networks` everybody wakes the process.
        """
        self.disarm()
        self._networks = networks
        loop = asyncio.get_running_loop()
        left = 0.0 if self._woke_at is None else self._woke_at + WAKE_INTERVAL_SECONDS - loop.time()
        if left > 0:
            self._later = loop.call_later(left, self.arm, networks)
            return
        self._sockets.listen()
        for one in self._sockets.sockets():
            loop.add_reader(one.fileno(), functools.partial(self._on_readable, one))
            self._watched.append(one.fileno())

    def disarm(self) -> None:
        """Stop noticing; whether connections are refused is not decided here."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        for descriptor in self._watched:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._watched = []

    def _on_readable(self, listening: socket.socket) -> None:
        if self._networks and self._turn_away(listening):
            return
        self.disarm()
        self._woke_at = asyncio.get_running_loop().time()
        self._on_connection()

    def _turn_away(self, listening: socket.socket) -> bool:
        """Close what waits if nobody of them may wake the process; return whether that is so.

        A backlog is first in, first out: as many as were seen are those that were seen.
        """
        peers = waiting(listening)
        if any(allows(self._networks, peer) for peer in peers):
            return False
        timeout = listening.gettimeout()
        listening.settimeout(0)
        # One that left meanwhile may be gone, and who comes next is looked at anew.
        with contextlib.suppress(BlockingIOError):
            for _ in peers:
                connection, _ = listening.accept()
                connection.close()
        listening.settimeout(timeout)
        return True
