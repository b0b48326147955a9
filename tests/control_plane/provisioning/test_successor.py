"""A supervisor that dies, is replaced or is shut down, and what becomes of its processes."""

import os
import signal

import pytest

from control_plane.provisioning.errors import (
    ProvisioningError,
    SupervisorUnavailableError,
)
from control_plane.provisioning.local import LocalProvisioner, SupervisorKeeper
from control_plane.provisioning.supervisor.service import VERSION
from tests.control_plane.provisioning.supervised import (
    Installation,
    ask,
    is_gone,
    is_refused,
    observed,
)
from tests.fixtures.waiting import eventually


def test_killed_supervisor_leaves_processes_serving_and_its_successor_adopts_them(
    installation: Installation,
) -> None:
    specs = [installation.spec(name) for name in ("p1", "p2", "p3")]
    before = [installation.provisioner.ensure(spec) for spec in specs]
    stopped = installation.provisioner.ensure(installation.spec("p4", state="stopped"))

    installation.kill_supervisor()
    assert [ask(spec.listeners[0])[0] for spec in specs] == [one.pid for one in before]

    after = installation.provisioner.list()
    assert [one.pid for one in after] == [*(one.pid for one in before), None]
    assert [one.listeners for one in after] == [
        *(one.listeners for one in before),
        stopped.listeners,
    ]
    eventually(
        lambda: (
            [one.state for one in installation.provisioner.list()]
            == ["running", "running", "running", "stopped"]
        )
    )
    assert is_refused(stopped.listeners[0])
    # The successor owns the very same sockets: it can restart a process and lose no connection.
    restarted = installation.provisioner.restart("p1")
    assert ask(specs[0].listeners[1]) == (restarted.pid, specs[0].listeners[1].port)


def test_successor_starts_what_died_with_its_supervisor(installation: Installation) -> None:
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None
    installation.kill_supervisor()
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: is_refused(spec.listeners[0]))

    installation.provisioner.start()

    eventually(lambda: observed(installation).state == "running")
    assert ask(spec.listeners[0])[0] == observed(installation).pid
    assert observed(installation).listeners == before.listeners


def test_adopted_process_that_dies_is_started_again(installation: Installation) -> None:
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None
    installation.kill_supervisor()
    installation.provisioner.start()

    os.kill(before.pid, signal.SIGKILL)

    eventually(lambda: observed(installation).restarts == 1)
    eventually(lambda: observed(installation).state == "running")
    assert ask(spec.listeners[0])[0] == observed(installation).pid


def test_survivor_that_does_not_hand_over_is_replaced(installation: Installation) -> None:
    spec = installation.spec()
    (installation.directory() / "mute").touch()
    before = installation.provisioner.ensure(spec)
    installation.kill_supervisor()
    (installation.directory() / "mute").unlink()

    installation.provisioner.start()

    eventually(lambda: observed(installation).state == "running")
    assert observed(installation).pid != before.pid
    assert ask(spec.listeners[0])[0] == observed(installation).pid


def test_only_one_supervisor_runs_for_a_data_directory(installation: Installation) -> None:
    first = installation.supervisor_pid
    LocalProvisioner(installation.data_dir).start()
    assert installation.supervisor_pid == first

    status = installation.provisioner.ensure(installation.spec())
    (installation.data_dir / "supervisor" / "supervisor.sock").unlink()
    # Without the socket a client starts another supervisor, which finds the lock taken.
    with pytest.raises(ProvisioningError, match="another supervisor"):
        LocalProvisioner(installation.data_dir, start_seconds_max=1).start()
    assert status.pid is not None
    assert not is_gone(status.pid)
    installation.kill_supervisor()


def test_keeper_starts_a_successor_at_once(installation: Installation) -> None:
    status = installation.provisioner.ensure(installation.spec())
    keeper = SupervisorKeeper(installation.provisioner)
    keeper.start()
    first = installation.supervisor_pid

    installation.kill_supervisor()

    eventually(lambda: installation.supervisor_pid != first)
    eventually(installation.provisioner.is_running)
    assert observed(installation).pid == status.pid
    keeper.stop()


def test_supervisor_of_another_version_hands_over_to_its_successor(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = installation.provisioner.ensure(installation.spec())
    first = installation.supervisor_pid
    monkeypatch.setattr("control_plane.provisioning.local.VERSION", VERSION + 1)

    installation.provisioner.start()

    assert installation.supervisor_pid != first
    assert observed(installation).pid == status.pid


def test_nobody_starts_a_supervisor_again_that_was_shut_down(installation: Installation) -> None:
    installation.provisioner.shutdown(brokers=True)
    with pytest.raises(SupervisorUnavailableError):
        installation.provisioner.list()
    assert not installation.provisioner.is_running()


def test_supervisor_ends_with_its_processes_when_its_directory_is_gone(
    installation: Installation,
) -> None:
    status = installation.provisioner.ensure(installation.spec())
    assert status.pid is not None
    pid = status.pid
    installation.data_dir.rename(installation.data_dir.with_name("moved"))
    eventually(lambda: is_gone(pid))
