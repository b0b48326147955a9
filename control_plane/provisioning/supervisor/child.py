"""One running process, started here or adopted, watched by its pidfd."""

import asyncio
import os
import signal
from datetime import UTC, datetime


class Child:
    """A process that runs. ``exited`` gets words for how it ended, ``ready`` whether it serves."""

    def __init__(self, pid: int, pidfd: int, *, adopted: bool, started_at: str | None) -> None:
        self.pid = pid
        self.adopted = adopted
        self.started_at = started_at or datetime.now(UTC).isoformat(timespec="milliseconds")
        self.end_expected = False
        loop = asyncio.get_running_loop()
        self._born = loop.time()
        self._pidfd = pidfd
        self.exited: asyncio.Future[str] = loop.create_future()
        self.ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(pidfd, self._on_exit)

    @classmethod
    def started(cls, pid: int) -> "Child":
        return cls(pid, os.pidfd_open(pid), adopted=False, started_at=None)

    @property
    def lived_seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._born

    def terminate(self) -> None:
        """Ask it to end, as expected of it from now on."""
        self.end_expected = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it this instant, as expected of it from now on."""
        self.end_expected = True
        self._signal(signal.SIGKILL)

    async def end(self, grace_seconds: float) -> None:
        """Ask it to end, and kill it when it has not within the grace."""
        self.terminate()
        await asyncio.wait({self.exited}, timeout=grace_seconds)
        self.kill()
        await self.exited

    def release(self) -> None:
        """Stop watching and let it run on."""
        self.end_expected = True
        if not self.exited.done():
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self.exited.set_result("was left running")

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.done():
            signal.pidfd_send_signal(self._pidfd, number)

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        words = "ended (status unknown, it was adopted)" if self.adopted else _reap(self._pidfd)
        os.close(self._pidfd)
        self.exited.set_result(words)


def _reap(pidfd: int) -> str:
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    if result is None:
        return "ended"
    if result.si_code == os.CLD_EXITED:
        return f"exited with status {result.si_status}"
    return f"killed by {signal.Signals(result.si_status).name}"
