"""Notices the first connection to a process that is stopped, and leaves it to be accepted."""

import asyncio
from collections.abc import Callable

from control_plane.provisioning.supervisor.limits import WAKE_INTERVAL_SECONDS
from control_plane.provisioning.supervisor.sockets import ListenerSockets


class Wakeup:
    """Listens while it is armed, and calls once when somebody connects.

    A process that was woken a short while ago refuses connections until the interval is over:
    whoever only knocks must not keep it awake.
    """

    def __init__(self, sockets: ListenerSockets, on_connection: Callable[[], None]) -> None:
        self._sockets = sockets
        self._on_connection = on_connection
        self._watched: list[int] = []
        self._later: asyncio.TimerHandle | None = None
        self._woke_at: float | None = None

    def arm(self) -> None:
        """Listen from now on, or from when the interval since the last time is over."""
        self.disarm()
        loop = asyncio.get_running_loop()
        left = 0.0 if self._woke_at is None else self._woke_at + WAKE_INTERVAL_SECONDS - loop.time()
        if left > 0:
            self._later = loop.call_later(left, self.arm)
            return
        self._sockets.listen()
        for one in self._sockets.sockets():
            loop.add_reader(one.fileno(), self._on_readable)
            self._watched.append(one.fileno())

    def disarm(self) -> None:
        """Stop noticing; whether connections are refused is not decided here."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        for descriptor in self._watched:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._watched = []

    def _on_readable(self) -> None:
        self.disarm()
        self._woke_at = asyncio.get_running_loop().time()
        self._on_connection()
