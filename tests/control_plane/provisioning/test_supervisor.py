import os
import resource
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from control_plane.provisioning.errors import (
    AddressUnavailableError,
    BrokerNotReadyError,
    ProvisioningError,
)
from control_plane.provisioning.local import LocalProvisioner
from control_plane.provisioning.process import Listener
from control_plane.provisioning.supervisor.limits import (
    MESSAGE_BYTES_MAX,
    OPEN_FILES_MAX,
)
from tests.control_plane.provisioning.supervised import (
    Installation,
    ask,
    is_gone,
    is_refused,
    is_stopped,
    observed,
)
from tests.fixtures.waiting import eventually

_DATA_BYTES = 256 * 1024**2


def test_ensure_returns_when_the_process_serves_each_socket_under_its_name(
    installation: Installation,
) -> None:
    spec = installation.spec(names=("one", "two", "three"))
    status = installation.provisioner.ensure(spec)

    assert status.state == "running"
    assert status.listeners == spec.listeners
    assert [ask(one) for one in spec.listeners] == [
        (status.pid, one.port) for one in spec.listeners
    ]


def test_process_is_in_a_session_of_its_own_with_only_its_own_descriptors(
    installation: Installation,
) -> None:
    status = installation.provisioner.ensure(installation.spec())
    assert status.pid is not None

    assert os.getsid(status.pid) == status.pid
    opened = {one.path for one in psutil.Process(status.pid).open_files()}
    assert opened == {str(installation.directory() / "process.log")}


def test_process_leaves_no_core_and_opens_so_many_files(installation: Installation) -> None:
    status = installation.provisioner.ensure(
        replace(installation.spec(), data_bytes_max=_DATA_BYTES)
    )
    assert status.pid is not None

    assert resource.prlimit(status.pid, resource.RLIMIT_CORE) == (0, 0)
    assert resource.prlimit(status.pid, resource.RLIMIT_DATA) == (_DATA_BYTES, _DATA_BYTES)
    soft, hard = resource.prlimit(status.pid, resource.RLIMIT_NOFILE)
    assert soft == hard
    assert 0 < hard <= OPEN_FILES_MAX


def test_process_that_takes_more_memory_than_it_may_ends(installation: Installation) -> None:
    spec = installation.spec()
    hoard = "taken = []\nwhile True: taken.append(bytes(1 << 20))"
    with pytest.raises(BrokerNotReadyError, match="MemoryError"):
        installation.provisioner.ensure(
            replace(spec, command=(sys.executable, "-c", hoard), data_bytes_max=_DATA_BYTES)
        )


def test_reserved_address_refuses_connections_and_other_binders(
    installation: Installation,
) -> None:
    (reserved,) = installation.provisioner.reserve("p1", [Listener("one", "127.0.0.1", 0)])

    assert is_refused(reserved)
    for reuse in (0, 1):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            with pytest.raises(OSError, match="in use"):
                other.bind((reserved.host, reserved.port))
    again = installation.provisioner.reserve("p1", [Listener("one", "127.0.0.1", 0)])
    assert again == (reserved,)


def test_address_of_somebody_else_is_named(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressUnavailableError, match=f"127.0.0.1:{port}"):
            installation.provisioner.reserve("p1", [Listener("one", "127.0.0.1", port)])
    assert installation.provisioner.list() == ()


def test_restart_refuses_no_connection(installation: Installation) -> None:
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)
    answers: list[int] = []
    failures: list[OSError] = []
    done = threading.Event()

    def connect_all_the_time() -> None:
        while not done.is_set():
            try:
                answers.append(ask(spec.listeners[0])[0])
            except (ConnectionRefusedError, TimeoutError) as error:
                failures.append(error)
            except (ConnectionResetError, ValueError):
                # It was connected to the process that ended, and cut off by its end.
                continue

    client = threading.Thread(target=connect_all_the_time)
    client.start()
    eventually(lambda: answers)
    after = installation.provisioner.restart("p1")
    eventually(lambda: answers[-1] == after.pid)
    done.set()
    client.join()

    assert failures == []
    assert set(answers) == {before.pid, after.pid}
    assert after.listeners == before.listeners


def test_killed_process_is_started_again_on_its_sockets(installation: Installation) -> None:
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)
    assert before.pid is not None

    os.kill(before.pid, signal.SIGKILL)
    # The connection waits in the backlog until the next process serves it.
    eventually(lambda: observed(installation).pid != before.pid)
    pid, _ = ask(spec.listeners[0])

    eventually(lambda: observed(installation).state == "running")
    after = observed(installation)
    assert (pid, after.restarts, after.last_exit) == (after.pid, 1, "killed by SIGKILL")
    assert after.listeners == spec.listeners


def test_new_generation_replaces_the_process_and_keeps_the_ports(
    installation: Installation,
) -> None:
    before = installation.provisioner.ensure(installation.spec(generation=1))
    after = installation.provisioner.ensure(installation.spec(generation=2))

    assert after.generation == 2
    assert after.pid != before.pid
    assert after.listeners == before.listeners


def test_same_spec_again_changes_nothing(installation: Installation) -> None:
    spec = installation.spec()
    first = installation.provisioner.ensure(spec)
    assert installation.provisioner.ensure(spec) == first


def test_listener_can_be_added_and_dropped(installation: Installation) -> None:
    first = installation.provisioner.ensure(installation.spec(names=("one",)))
    (one,) = first.listeners
    spec = installation.spec(names=("one",))
    wider = installation.provisioner.ensure(
        replace(spec, listeners=(one, Listener("two", "127.0.0.1", 0)))
    )
    assert wider.listeners[0] == one
    assert ask(wider.listeners[1]) == (wider.pid, wider.listeners[1].port)

    narrow = installation.provisioner.ensure(spec)
    assert narrow.listeners == (one,)
    assert is_refused(wider.listeners[1])


def test_stopped_process_refuses_at_once_and_keeps_its_ports(installation: Installation) -> None:
    spec = installation.spec()
    running = installation.provisioner.ensure(spec)
    assert running.pid is not None

    stopped = installation.provisioner.stop("p1")

    assert (stopped.state, stopped.pid) == ("stopped", None)
    assert is_gone(running.pid)
    assert all(is_refused(one) for one in spec.listeners)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((spec.listeners[0].host, spec.listeners[0].port))
    with pytest.raises(ProvisioningError, match="stopped"):
        installation.provisioner.restart("p1")
    again = installation.provisioner.ensure(spec)
    assert ask(spec.listeners[0])[0] == again.pid


def test_connection_in_the_backlog_of_a_stopped_process_is_reset(
    installation: Installation,
) -> None:
    spec = installation.spec()
    pid = installation.provisioner.ensure(spec).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: is_stopped(pid))
    with socket.create_connection((spec.listeners[0].host, spec.listeners[0].port)) as waiting:
        installation.provisioner.stop("p1")
        with pytest.raises(ConnectionResetError):
            waiting.recv(1)


def test_crash_loop_is_backed_off_and_its_clients_wait(installation: Installation) -> None:
    spec = installation.spec()
    crash = installation.directory() / "crash"
    crash.touch()
    with pytest.raises(BrokerNotReadyError, match="exited with status 7: told to crash"):
        installation.provisioner.ensure(spec)
    eventually(lambda: observed(installation).restarts >= 3)
    eventually(lambda: observed(installation).state == "backing_off")
    assert observed(installation).last_exit == "exited with status 7"

    with socket.create_connection((spec.listeners[0].host, spec.listeners[0].port)) as waiting:
        crash.unlink()
        answer = waiting.makefile().readline()
    eventually(lambda: observed(installation).state == "running")
    assert answer.startswith(f"{observed(installation).pid} ")


def test_process_that_can_not_be_started_is_reported_and_tried_again(
    installation: Installation,
) -> None:
    spec = installation.spec()
    broken = replace(spec, command=("/nonexistent/broker",))
    with pytest.raises(BrokerNotReadyError, match="No such file"):
        installation.provisioner.ensure(broken)
    assert observed(installation).state == "backing_off"
    assert installation.provisioner.ensure(spec).state == "running"


def test_process_that_ignores_the_request_to_end_is_killed(installation: Installation) -> None:
    (installation.directory()).mkdir(parents=True)
    (installation.directory() / "mute").touch()
    status = installation.provisioner.ensure(installation.spec())
    assert status.pid is not None

    assert installation.provisioner.stop("p1").last_exit == "killed by SIGKILL"
    assert is_gone(status.pid)


def test_remove_leaves_no_process_no_port_and_no_spec(installation: Installation) -> None:
    spec = installation.spec()
    status = installation.provisioner.ensure(spec)
    assert status.pid is not None

    installation.provisioner.remove("p1")

    assert is_gone(status.pid)
    for one in spec.listeners:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((one.host, one.port))
    assert list((installation.data_dir / "supervisor" / "specs").iterdir()) == []
    assert installation.provisioner.observe("p1") is None
    installation.provisioner.remove("p1")


def test_shutdown_ends_processes_only_if_asked_to(installation: Installation) -> None:
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)

    assert installation.provisioner.shutdown(brokers=False)
    assert not installation.provisioner.is_running()
    assert ask(spec.listeners[0])[0] == before.pid
    installation.provisioner.start()
    assert observed(installation).pid == before.pid

    assert installation.provisioner.shutdown(brokers=True)
    assert is_refused(spec.listeners[0])
    assert not installation.provisioner.shutdown(brokers=True)


def test_data_directory_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(["a-rather-long-directory-name"] * 8))
    installation = Installation(deep, LocalProvisioner(deep))
    spec = installation.spec()
    before = installation.provisioner.ensure(spec)
    installation.kill_supervisor()
    after = installation.provisioner.observe("p1")
    installation.provisioner.shutdown(brokers=True)

    assert after is not None
    assert after.pid == before.pid


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        (b"not json\n", "request_invalid"),
        (b"[]\n", "request_invalid"),
        (b'{"id": 1, "method": "list", "params": []}\n', "request_invalid"),
        (b'{"id": 1, "method": "explode"}\n', "method_unknown"),
        (b'{"id": 1, "method": "ensure", "params": {"spec": {}}}\n', "request_invalid"),
        (b'{"id": 1, "method": "remove", "params": {"process_id": "../x"}}\n', "request_invalid"),
        (b'{"id": 1, "method": "restart", "params": {"process_id": "p9"}}\n', "process_unknown"),
        pytest.param(b"x" * (MESSAGE_BYTES_MAX + 1) + b"\n", "request_too_large", id="too-large"),
    ],
)
def test_bad_request_is_refused_by_code(
    installation: Installation, request_line: bytes, code: str
) -> None:
    before = installation.supervisor_pid
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(installation.data_dir / "supervisor" / "supervisor.sock"))
        client.sendall(request_line)
        assert f'"code": "{code}"' in client.makefile().readline()
    assert installation.provisioner.is_running()
    assert installation.supervisor_pid == before


def test_process_list_is_complete_over_several_pages(installation: Installation) -> None:
    ids = [f"p{number:03}" for number in range(101)]
    for one in ids:
        installation.provisioner.ensure(installation.spec(one, names=("one",), state="stopped"))
    assert [status.process_id for status in installation.provisioner.list()] == ids
