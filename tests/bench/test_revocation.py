"""The judge of the proof that a revoked key stops."""

import pytest

from bench.proofs.revocation import (
    HTTP_SECONDS_MAX,
    KAFKA_SECONDS_MAX,
    User,
    seconds_used,
    stopped,
)


def user(*, successes: list[float], failures: list[float]) -> User:
    return User("PLAIN", lambda: True, successes, failures)


def test_the_time_is_that_of_the_last_success() -> None:
    assert seconds_used(user(successes=[9.0, 10.5], failures=[11.0]), 10.0) == 0.5
    assert seconds_used(user(successes=[9.0], failures=[11.0]), 10.0) == 0.0


@pytest.mark.parametrize(
    ("successes", "failures"),
    [([9.0, 12.0], []), ([9.0, 12.0], [11.0]), ([], [11.0]), ([], [])],
)
def test_who_goes_on_or_never_began_has_not_stopped(
    successes: list[float], failures: list[float]
) -> None:
    used = seconds_used(user(successes=successes, failures=failures), 10.0)
    assert used is None
    assert not stopped({"PLAIN": used})


def test_http_has_the_narrower_bar() -> None:
    assert stopped({"http": HTTP_SECONDS_MAX, "PLAIN": KAFKA_SECONDS_MAX})
    assert not stopped({"http": HTTP_SECONDS_MAX + 0.1, "PLAIN": 1.0})
    assert not stopped({"http": 1.0, "PLAIN": KAFKA_SECONDS_MAX + 0.1})
