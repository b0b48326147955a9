"""How long to wait before a process that died is started again."""

from control_plane.provisioning.supervisor.limits import (
    BACKOFF_RESET_SECONDS,
    BACKOFF_SECONDS_FIRST,
    BACKOFF_SECONDS_MAX,
)


class Backoff:
    """Nothing after the first death, then 100 ms doubling to 30 s; a long life resets it."""

    def __init__(self) -> None:
        self._next_seconds = 0.0

    def after_life_of(self, lived_seconds: float) -> float:
        """Return the seconds to wait now that a run of this length has ended."""
        if lived_seconds >= BACKOFF_RESET_SECONDS:
            self.reset()
        delay = self._next_seconds
        self._next_seconds = min(max(2 * delay, BACKOFF_SECONDS_FIRST), BACKOFF_SECONDS_MAX)
        return delay

    def reset(self) -> None:
        self._next_seconds = 0.0
