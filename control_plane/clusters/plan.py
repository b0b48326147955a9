"""Decides what has to be done so that what is seen of a cluster becomes what is wanted."""

from dataclasses import dataclass
from enum import StrEnum, unique

from control_plane.clusters.states import Presence


@unique
class Step(StrEnum):
    """One repeatable thing the reconciler can do to a cluster."""

    FORK = "fork"
    START = "start"
    PUBLISH = "publish"
    REST = "rest"
    STOP = "stop"
    REMOVE = "remove"


@unique
class Brokers(StrEnum):
    """What is seen of a cluster's broker processes, taken together."""

    UNKNOWN = "unknown"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


_STILL = frozenset({Brokers.UNKNOWN, Brokers.STOPPED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of the spec that decides what is done.

    `awaits_data` tells of a fork whose data is not there yet: no broker may run before it is.
    """

    presence: Presence
    generation: int
    credentials_generation: int
    wakes: bool = False
    awaits_data: bool = False

    @property
    def is_running(self) -> bool:
        """Whether brokers are to run."""
        return self.presence is Presence.RUNNING

    @property
    def rests(self) -> bool:
        """Whether no broker is to run while the data is kept."""
        return self.presence in {Presence.STOPPED, Presence.KEPT}


@dataclass(frozen=True, slots=True)
class Observed:
    """What is seen of the cluster; a generation is 0 while no broker answers.

    `wakes` tells that a stopped cluster waits for connections, `is_on_trial` that one which was
    woken may run on for now: nobody has logged in yet, and there is time left.
    """

    brokers: Brokers
    generation: int
    credentials_generation: int
    wakes: bool = False
    is_on_trial: bool = False


def steps(wanted: Wanted, observed: Observed) -> tuple[Step, ...]:
    """Return the steps that are left, in order; none when the cluster is as wanted.

    A removal is never judged unnecessary by what is seen: it is carried out once after the intent
    was recorded, so that it also takes the files that no process shows.
    """
    if wanted.presence is Presence.ABSENT:
        return (Step.REMOVE,)
    if wanted.presence is Presence.KEPT:
        is_still = observed.brokers in _STILL and not observed.wakes
        return () if is_still else (Step.STOP,)
    if wanted.awaits_data:
        return (Step.FORK, Step.START if wanted.is_running else Step.REST)
    if wanted.presence is Presence.STOPPED:
        return _steps_of_rest(wanted, observed)
    if observed.brokers is not Brokers.RUNNING or observed.generation != wanted.generation:
        return (Step.START,)
    is_old = observed.credentials_generation < wanted.credentials_generation
    return (Step.PUBLISH,) if is_old else ()


def _steps_of_rest(wanted: Wanted, observed: Observed) -> tuple[Step, ...]:
    if observed.brokers not in _STILL:
        return () if wanted.wakes and observed.is_on_trial else (Step.REST,)
    if observed.wakes != wanted.wakes:
        return (Step.REST,)
    # Whoever wakes it must be judged by the keys that are good then.
    is_old = observed.credentials_generation < wanted.credentials_generation
    return (Step.REST,) if wanted.wakes and is_old else ()
