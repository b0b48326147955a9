"""When a delivery that failed is tried again, and when a webhook is given up. Pure."""

from datetime import datetime, timedelta

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600

# After the first failure, after the second, and so on: about 28 hours in all.
RETRY_DELAYS_SECONDS = (
    20,
    2 * MINUTE_SECONDS,
    10 * MINUTE_SECONDS,
    30 * MINUTE_SECONDS,
    1 * HOUR_SECONDS,
    2 * HOUR_SECONDS,
    4 * HOUR_SECONDS,
    8 * HOUR_SECONDS,
    12 * HOUR_SECONDS,
)
ATTEMPTS_MAX = len(RETRY_DELAYS_SECONDS) + 1
# A tenth more or less, so that what failed together does not come back together.
JITTER = 0.1

DISABLED_AFTER = timedelta(days=3)

BACKOFF_SECONDS_FIRST = 5
BACKOFF_SECONDS_MAX = 5 * MINUTE_SECONDS


def next_attempt_at(attempts: int, now: datetime, chance: float) -> datetime | None:
    """Return when to try again after `attempts` failures, None once it is enough.

    `chance` is a random number from 0 to 1.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    delay = RETRY_DELAYS_SECONDS[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return now + timedelta(seconds=delay)


def resting_until(failures: int, now: datetime) -> datetime:
    """Return until when a webhook is left alone after `failures` in a row."""
    seconds = BACKOFF_SECONDS_FIRST * 2 ** min(failures - 1, 16)
    return now + timedelta(seconds=min(seconds, BACKOFF_SECONDS_MAX))


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether a webhook has failed for so long, without one success, that it is called no more."""
    return now - failing_since >= DISABLED_AFTER
