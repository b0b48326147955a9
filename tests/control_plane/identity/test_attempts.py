import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.identity.attempts import (
    FIRST_WAIT_SECONDS,
    FORGOTTEN_SECONDS,
    KEPT_MAX,
    NAME_FREE,
    NAMES_FREE,
    PAIR_FREE,
    PROVEN_SECONDS,
    WAIT_SECONDS_MAX,
    FailedAttempts,
)

NOW = 1000.0
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def attempts() -> FailedAttempts:
    return FailedAttempts()


def fail(attempts: FailedAttempts, times: int, address: str = HERE, name: str = "a") -> None:
    for _ in range(times):
        attempts.fail(address, name, NOW)


class TestOneNameFromOneAddress:
    def test_the_first_failures_are_free(self, attempts: FailedAttempts) -> None:
        fail(attempts, PAIR_FREE - 1)
        assert attempts.wait_seconds(HERE, "a", NOW) == 0
        fail(attempts, 1)
        assert attempts.wait_seconds(HERE, "a", NOW) == FIRST_WAIT_SECONDS

    def test_the_wait_doubles_up_to_its_most(self, attempts: FailedAttempts) -> None:
        fail(attempts, PAIR_FREE - 1)
        waits: list[float] = []
        for _ in range(8):
            fail(attempts, 1)
            waits.append(attempts.wait_seconds(HERE, "a", NOW))
        assert waits == [1, 2, 4, 8, 16, 32, WAIT_SECONDS_MAX, WAIT_SECONDS_MAX]

    def test_ten_thousand_failures_wait_no_longer(self, attempts: FailedAttempts) -> None:
        fail(attempts, 10_000)
        assert attempts.wait_seconds(HERE, "a", NOW) == WAIT_SECONDS_MAX

    def test_after_the_wait_it_is_tried(self, attempts: FailedAttempts) -> None:
        fail(attempts, PAIR_FREE + 2)
        assert attempts.wait_seconds(HERE, "a", NOW + 3.9) > 0
        assert attempts.wait_seconds(HERE, "a", NOW + 4) == 0

    def test_a_success_makes_it_all_free_again(self, attempts: FailedAttempts) -> None:
        fail(attempts, PAIR_FREE)
        attempts.succeed(HERE, "a", NOW + 1)
        attempts.fail(HERE, "a", NOW + 1)
        assert attempts.wait_seconds(HERE, "a", NOW + 1) == 0

    def test_failures_are_forgotten(self, attempts: FailedAttempts) -> None:
        fail(attempts, PAIR_FREE + 5)
        later = NOW + FORGOTTEN_SECONDS + 1
        attempts.fail(HERE, "a", later)
        assert attempts.wait_seconds(HERE, "a", later) == 0

    def test_other_names_and_other_addresses_do_not_wait(self, attempts: FailedAttempts) -> None:
        fail(attempts, 1000)
        assert attempts.wait_seconds(HERE, "b", NOW) == 0
        assert attempts.wait_seconds(THERE, "a", NOW) == 0


class TestManyNamesFromOneAddress:
    def test_who_never_proved_itself_there_waits(self, attempts: FailedAttempts) -> None:
        attempts.succeed(HERE, "known", NOW)
        for number in range(NAMES_FREE):
            assert attempts.wait_seconds(HERE, "fresh", NOW) == 0
            attempts.fail(HERE, f"guess {number}", NOW)
        assert attempts.wait_seconds(HERE, "fresh", NOW) == FIRST_WAIT_SECONDS
        assert attempts.wait_seconds(HERE, "known", NOW) == 0
        assert attempts.wait_seconds(THERE, "fresh", NOW) == 0
        assert attempts.wait_seconds(HERE, "fresh", NOW + FIRST_WAIT_SECONDS) == 0

    def test_a_proof_is_good_for_a_day(self, attempts: FailedAttempts) -> None:
        attempts.succeed(HERE, "known", NOW)
        later = NOW + PROVEN_SECONDS + 1
        for number in range(NAMES_FREE):
            attempts.fail(HERE, f"guess {number}", later)
        assert attempts.wait_seconds(HERE, "known", later) > 0


class TestOneNameFromManyAddresses:
    @pytest.fixture(autouse=True)
    def guess(self, attempts: FailedAttempts) -> None:
        for number in range(NAME_FREE):
            attempts.fail(f"198.51.100.{number}", "a", NOW)

    def test_those_who_failed_wait(self, attempts: FailedAttempts) -> None:
        assert attempts.wait_seconds("198.51.100.1", "a", NOW) == FIRST_WAIT_SECONDS

    def test_nobody_else_does(self, attempts: FailedAttempts) -> None:
        assert attempts.wait_seconds(HERE, "a", NOW) == 0
        assert attempts.wait_seconds("198.51.100.1", "b", NOW) == 0

    def test_nor_who_proved_itself_and_then_failed_once(self, attempts: FailedAttempts) -> None:
        attempts.succeed(HERE, "a", NOW)
        attempts.fail(HERE, "a", NOW)
        assert attempts.wait_seconds(HERE, "a", NOW) == 0


def test_memory_is_bounded(attempts: FailedAttempts) -> None:
    for number in range(KEPT_MAX + 100):
        attempts.fail(f"address {number}", f"name {number}", NOW)
        attempts.succeed(f"address {number}", f"name {number}", NOW)
        attempts.fail(f"address {number}", f"name {number}", NOW)
    assert len(attempts) <= 4 * KEPT_MAX


@given(st.lists(st.tuples(st.sampled_from([HERE, THERE]), st.sampled_from("abc"), st.booleans())))
def test_nobody_waits_longer_than_the_most(steps: list[tuple[str, str, bool]]) -> None:
    attempts, now = FailedAttempts(), NOW
    for address, name, is_right in steps * 30:
        wait = attempts.wait_seconds(address, name, now)
        assert 0 <= wait <= WAIT_SECONDS_MAX
        now += wait
        assert attempts.wait_seconds(address, name, now) == pytest.approx(0, abs=1e-6)
        (attempts.succeed if is_right else attempts.fail)(address, name, now)
