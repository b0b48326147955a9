"""Processes that can not inherit sockets and bind their addresses themselves, as a JVM does."""

import os
import signal
import socket
from dataclasses import replace

import pytest

from control_plane.provisioning.errors import ProvisioningError
from control_plane.provisioning.process import Listener
from tests.control_plane.provisioning.supervised import (
    Installation,
    ask,
    is_gone,
    is_refused,
    observed,
)
from tests.fixtures.waiting import eventually


def can_be_taken(listener: Listener) -> bool:
    with socket.socket() as other:
        return other.connect_ex((listener.host, listener.port)) != 0 and _binds(other, listener)


def _binds(other: socket.socket, listener: Listener) -> bool:
    try:
        other.bind((listener.host, listener.port))
    except OSError:
        return False
    return True


def test_it_serves_its_addresses_and_starts_again_on_them(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True)
    before = installation.provisioner.ensure(spec)
    assert [ask(one)[0] for one in spec.listeners] == [before.pid, before.pid]

    after = installation.provisioner.restart("p1")
    assert after.pid != before.pid
    assert ask(spec.listeners[0]) == (after.pid, spec.listeners[0].port)


def test_one_that_dies_is_started_again(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True)
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: observed(installation).restarts == 1)
    eventually(lambda: observed(installation).state == "running")
    assert ask(spec.listeners[1])[0] == observed(installation).pid


def test_a_stopped_one_refuses_and_its_addresses_stay_its_own(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True)
    installation.provisioner.ensure(spec)
    installation.provisioner.stop("p1")
    assert all(is_refused(one) for one in spec.listeners)
    assert not any(can_be_taken(one) for one in spec.listeners)
    again = installation.provisioner.ensure(spec)
    assert ask(spec.listeners[0])[0] == again.pid


def test_a_successor_finds_it_alive_and_keeps_watching(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True)
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None
    installation.kill_supervisor()

    # The same again asks nothing of it, though nobody but itself holds its addresses now.
    assert installation.provisioner.ensure(spec).pid == before.pid
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: observed(installation).pid not in {before.pid, None})
    eventually(lambda: observed(installation).state == "running")
    installation.provisioner.stop("p1")
    assert not any(can_be_taken(one) for one in spec.listeners)


def test_a_successor_stops_what_it_found_alive(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True)
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None
    installation.kill_supervisor()
    stopped = installation.provisioner.stop("p1")
    assert stopped.state == "stopped"
    assert is_gone(before.pid)
    assert not any(can_be_taken(one) for one in spec.listeners)


def test_it_can_not_be_woken(installation: Installation) -> None:
    spec = installation.spec(binds_itself=True, state="stopped")
    with pytest.raises(ProvisioningError, match="can not be woken"):
        installation.provisioner.ensure(replace(spec, wakes=True))
