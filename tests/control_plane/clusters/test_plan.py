"""What the reconciler has to do for a wanted and an observed cluster."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.clusters.plan import Brokers, Observed, Step, Wanted, steps
from control_plane.clusters.states import Presence

WANTED = Wanted(presence=Presence.RUNNING, generation=2, credentials_generation=5)
SEEN = Observed(
    brokers=Brokers.RUNNING,
    generation=2,
    credentials_generation=5,
)

wanted_clusters = st.builds(
    Wanted,
    presence=st.sampled_from(Presence),
    generation=st.integers(1, 3),
    credentials_generation=st.integers(1, 3),
    wakes=st.booleans(),
    awaits_data=st.booleans(),
)
observed_clusters = st.builds(
    Observed,
    brokers=st.sampled_from(Brokers),
    generation=st.integers(0, 3),
    credentials_generation=st.integers(0, 3),
    wakes=st.booleans(),
)


def carried_out(step: Step, wanted: Wanted, observed: Observed) -> Observed:
    """Model what a step that succeeds leaves to be seen."""
    match step:
        case Step.START:
            return replace(
                observed,
                brokers=Brokers.RUNNING,
                generation=wanted.generation,
                credentials_generation=wanted.credentials_generation,
            )
        case Step.PUBLISH:
            return replace(observed, credentials_generation=wanted.credentials_generation)
        case Step.REST:
            return replace(
                observed,
                brokers=Brokers.STOPPED,
                wakes=wanted.wakes,
                credentials_generation=wanted.credentials_generation,
            )
        case Step.STOP:
            return replace(observed, brokers=Brokers.STOPPED, wakes=False)
        case Step.REMOVE:
            return replace(observed, brokers=Brokers.UNKNOWN)
        case Step.FORK:
            return observed


class TestSteps:
    def test_nothing_is_left_for_a_cluster_that_is_as_wanted(self) -> None:
        assert steps(WANTED, SEEN) == ()

    def test_a_new_cluster_is_started(self) -> None:
        seen = Observed(
            brokers=Brokers.UNKNOWN,
            generation=0,
            credentials_generation=0,
        )
        assert steps(WANTED, seen) == (Step.START,)

    def test_a_cluster_whose_broker_is_gone_or_not_ready_is_started(self) -> None:
        for brokers in (Brokers.UNKNOWN, Brokers.STOPPED, Brokers.STARTING):
            assert steps(WANTED, replace(SEEN, brokers=brokers)) == (Step.START,)

    def test_a_changed_spec_starts_it_anew(self) -> None:
        assert steps(replace(WANTED, generation=3), SEEN) == (Step.START,)

    def test_new_credentials_need_no_start(self) -> None:
        assert steps(replace(WANTED, credentials_generation=6), SEEN) == (Step.PUBLISH,)

    @pytest.mark.parametrize(
        ("presence", "step"), [(Presence.STOPPED, Step.REST), (Presence.KEPT, Step.STOP)]
    )
    def test_a_cluster_is_stopped_once(self, presence: Presence, step: Step) -> None:
        wanted = replace(WANTED, presence=presence)
        assert steps(wanted, SEEN) == (step,)
        for brokers in (Brokers.STOPPED, Brokers.UNKNOWN):
            assert steps(wanted, replace(SEEN, brokers=brokers)) == ()

    def test_a_woken_cluster_runs_on_for_its_trial(self) -> None:
        wanted = replace(WANTED, presence=Presence.STOPPED, wakes=True)
        assert steps(wanted, replace(SEEN, is_on_trial=True)) == ()
        assert steps(wanted, SEEN) == (Step.REST,)
        assert steps(replace(wanted, wakes=False), replace(SEEN, is_on_trial=True)) == (Step.REST,)

    def test_a_resting_cluster_learns_whether_it_wakes_and_for_whom(self) -> None:
        wanted = replace(WANTED, presence=Presence.STOPPED, wakes=True)
        still = replace(SEEN, brokers=Brokers.STOPPED, wakes=True)
        assert steps(wanted, still) == ()
        assert steps(wanted, replace(still, wakes=False)) == (Step.REST,)
        assert steps(wanted, replace(still, credentials_generation=4)) == (Step.REST,)

    @given(wanted=wanted_clusters, observed=observed_clusters)
    def test_a_fork_takes_its_data_before_anything_else(
        self, wanted: Wanted, observed: Observed
    ) -> None:
        is_kept = wanted.presence in {Presence.RUNNING, Presence.STOPPED}
        left = steps(wanted, observed)
        assert (left[:1] == (Step.FORK,)) == (wanted.awaits_data and is_kept)
        assert Step.FORK not in left[1:]

    @given(observed=observed_clusters)
    def test_a_removal_is_carried_out_whatever_is_seen(self, observed: Observed) -> None:
        assert steps(replace(WANTED, presence=Presence.ABSENT), observed) == (Step.REMOVE,)

    @given(wanted=wanted_clusters, observed=observed_clusters)
    def test_removes_only_what_is_wanted_absent(
        self,
        wanted: Wanted,
        observed: Observed,
    ) -> None:
        is_removed = Step.REMOVE in steps(wanted, observed)
        assert is_removed == (wanted.presence is Presence.ABSENT)

    @given(wanted=wanted_clusters, observed=observed_clusters)
    def test_settles_after_its_own_steps(self, wanted: Wanted, observed: Observed) -> None:
        for step in steps(wanted, observed):
            observed = carried_out(step, wanted, observed)
        # What a fork's data is for is recorded with what was seen.
        left = steps(replace(wanted, awaits_data=False), observed)
        assert left == ((Step.REMOVE,) if wanted.presence is Presence.ABSENT else ())
