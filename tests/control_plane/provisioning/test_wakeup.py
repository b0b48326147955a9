"""A stopped process that waits for its first connection."""

import socket
from dataclasses import replace

import pytest

from control_plane.provisioning.process import ProcessSpec
from tests.control_plane.provisioning.supervised import (
    Installation,
    ask,
    is_gone,
    is_refused,
    observed,
)
from tests.fixtures.waiting import eventually


def is_ended(connection: socket.socket) -> bool:
    """Whether the other end closes the connection; waits for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def is_ended_yet(connection: socket.socket) -> bool:
    connection.setblocking(False)  # noqa: FBT003 - the name of the method says what it is
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.fixture
def waiting(installation: Installation) -> ProcessSpec:
    """The spec of a process that is stopped and wakes."""
    spec = installation.spec()
    installation.provisioner.ensure(spec)
    resting = replace(spec, state="stopped", wakes=True)
    assert installation.provisioner.ensure(resting).state == "stopped"
    return spec


def test_the_first_connection_starts_it_and_is_answered(
    installation: Installation, waiting: ProcessSpec
) -> None:
    assert (observed(installation).state, observed(installation).wakes) == ("stopped", True)
    pid, port = ask(waiting.listeners[1])
    status = observed(installation)
    assert (pid, port) == (status.pid, waiting.listeners[1].port)
    assert status.woken_at is not None


def test_who_comes_from_elsewhere_wakes_nothing_and_is_turned_away(
    installation: Installation, waiting: ProcessSpec
) -> None:
    confined = replace(waiting, state="stopped", wakes=True, wakes_from=("127.0.0.2/32",))
    installation.provisioner.ensure(confined)
    address = (waiting.listeners[0].host, waiting.listeners[0].port)
    for _ in range(3):
        with socket.create_connection(address, source_address=("127.0.0.3", 0)) as stranger:
            assert is_ended(stranger)
    assert (observed(installation).state, observed(installation).wakes) == ("stopped", True)
    with socket.create_connection(address, source_address=("127.0.0.2", 0)) as allowed:
        eventually(lambda: observed(installation).state == "running")
        assert not is_ended_yet(allowed), "it waits in the backlog, or is served"


def test_to_want_it_running_then_ends_nothing(
    installation: Installation, waiting: ProcessSpec
) -> None:
    pid, _ = ask(waiting.listeners[0])
    status = installation.provisioner.ensure(waiting)
    assert (status.pid, status.woken_at) == (pid, None)


def test_who_knocks_again_soon_is_refused(installation: Installation, waiting: ProcessSpec) -> None:
    pid, _ = ask(waiting.listeners[0])
    installation.provisioner.ensure(replace(waiting, state="stopped", wakes=True))
    assert is_gone(pid)
    assert all(is_refused(one) for one in waiting.listeners)


def test_stop_and_remove_end_the_waiting(installation: Installation, waiting: ProcessSpec) -> None:
    installation.provisioner.stop("p1")
    assert all(is_refused(one) for one in waiting.listeners)
    assert not observed(installation).wakes
    installation.provisioner.remove("p1")


def test_a_successor_goes_on_waiting(installation: Installation, waiting: ProcessSpec) -> None:
    installation.kill_supervisor()
    installation.provisioner.start()
    eventually(lambda: observed(installation).wakes)
    pid, _ = ask(waiting.listeners[0])
    assert observed(installation).pid == pid


def test_one_that_was_woken_survives_its_supervisor(
    installation: Installation, waiting: ProcessSpec
) -> None:
    pid, _ = ask(waiting.listeners[0])
    installation.kill_supervisor()
    installation.provisioner.start()
    assert observed(installation).pid == pid
    assert observed(installation).woken_at is not None
