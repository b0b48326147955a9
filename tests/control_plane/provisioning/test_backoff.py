from control_plane.provisioning.supervisor.backoff import Backoff
from control_plane.provisioning.supervisor.limits import BACKOFF_RESET_SECONDS, BACKOFF_SECONDS_MAX


def test_backoff_doubles_and_forgets_after_a_long_life() -> None:
    backoff = Backoff()
    delays = [backoff.after_life_of(1.0) for _ in range(12)]
    assert delays[:4] == [0.0, 0.1, 0.2, 0.4]
    assert delays[-1] == BACKOFF_SECONDS_MAX
    assert backoff.after_life_of(BACKOFF_RESET_SECONDS) == 0.0
