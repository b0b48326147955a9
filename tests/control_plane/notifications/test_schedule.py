from datetime import UTC, datetime, timedelta

from control_plane.notifications.schedule import (
    ATTEMPTS_MAX,
    DISABLED_AFTER,
    is_given_up,
    next_attempt_at,
    resting_until,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def waits(chance: float) -> list[timedelta]:
    found = [next_attempt_at(attempts, NOW, chance) for attempts in range(1, ATTEMPTS_MAX)]
    return [at - NOW for at in found if at is not None]


def test_it_is_tried_for_about_a_day_with_growing_delays() -> None:
    middle = waits(0.5)
    assert len(middle) == ATTEMPTS_MAX - 1
    assert middle == sorted(middle)
    assert timedelta(hours=24) < sum(middle, timedelta()) < timedelta(hours=30)


def test_then_it_is_given_up() -> None:
    assert next_attempt_at(ATTEMPTS_MAX, NOW, 0.5) is None


def test_chance_spreads_what_failed_together() -> None:
    assert all(low < high for low, high in zip(waits(0), waits(1), strict=True))


def test_a_webhook_that_fails_rests_longer_and_longer_up_to_a_bound() -> None:
    rests = [resting_until(failures, NOW) - NOW for failures in range(1, 40)]
    assert rests == sorted(rests)
    assert rests[0] == timedelta(seconds=5)
    assert rests[-1] == timedelta(minutes=5)


def test_it_is_given_up_after_days_of_failures_alone() -> None:
    assert not is_given_up(NOW, NOW + DISABLED_AFTER - timedelta(seconds=1))
    assert is_given_up(NOW, NOW + DISABLED_AFTER)
