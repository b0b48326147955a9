"""Bytes that may be in flight, taken before work and given back after it (one event loop)."""

import asyncio
from collections import deque


class ByteBudget:
    """A bounded number of bytes, handed out in the order of asking."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.used_bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def try_take(self, count: int) -> bool:
        """Take `count` bytes if they are free and nobody waits for them already."""
        if self._waiting or self.used_bytes + count > self.bytes_max:
            return False
        self.used_bytes += count
        return True

    async def take(self, count: int) -> None:
        """Wait for `count` bytes, which may not be more than there are in all."""
        assert count <= self.bytes_max
        if self.try_take(count):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        try:
            await turn
        except asyncio.CancelledError:
            self._withdraw(count, turn)
            raise

    def give_back(self, count: int) -> None:
        """Return bytes that were taken, and let in who can be let in now."""
        assert count <= self.used_bytes
        self.used_bytes -= count
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            count, turn = self._waiting[0]
            if self.used_bytes + count > self.bytes_max:
                return
            self._waiting.popleft()
            if not turn.done():
                self.used_bytes += count
                turn.set_result(None)

    def _withdraw(self, count: int, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled():
            self.give_back(count)  # the turn came in the same moment
            return
        self._waiting = deque(entry for entry in self._waiting if entry[1] is not turn)
        self._admit()
