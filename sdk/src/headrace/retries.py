"""When a failed request is tried again, and how long is waited before. Pure."""

from dataclasses import dataclass

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
IN_FLIGHT_CODE = "idempotency_key_in_flight"
SERVER_DELAY_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and the growth of the waits between."""

    attempts_max: int = 5
    first_delay_seconds: float = 0.1
    delay_seconds_max: float = 5.0

    def delay_seconds(self, attempt: int, retry_after: str | None, jitter: float) -> float:
        """Return the wait after failed attempt `attempt` (from 1); `jitter` is in [0, 1).

        What the service asks for in Retry-After (seconds) is the least that is waited.
        """
        growing = self.first_delay_seconds * 2 ** (attempt - 1)
        own = min(growing, self.delay_seconds_max) * (0.5 + jitter / 2)
        asked = float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
        return max(own, min(asked, SERVER_DELAY_SECONDS_MAX))


def is_retried(status: int, code: str) -> bool:
    """Whether a request that was answered so may succeed later, unchanged."""
    return status in RETRIED_STATUSES or code == IN_FLIGHT_CODE
