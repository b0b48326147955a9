import json
import signal

import psutil

from tests.api.embedded.up_process import Place, create_cluster
from tests.fixtures.waiting import eventually


def test_down_stops_what_a_killed_service_left(place: Place) -> None:
    up = place.up()
    create_cluster(up.wait_ready())
    up.signal(signal.SIGKILL)
    up.wait()
    assert len(place.brokers()) == 1

    done = place.run("down")

    assert done.returncode == 0, done.stderr
    assert "supervisor and brokers" in done.stderr
    assert place.processes() == []
    assert "Nothing was running" in place.run("down").stderr


def test_down_stops_brokers_that_outlived_their_supervisor_too(place: Place) -> None:
    up = place.up()
    create_cluster(up.wait_ready())
    up.signal(signal.SIGKILL)
    up.wait()
    (broker,) = place.brokers()
    for pid in set(place.processes()) - {broker}:
        psutil.Process(pid).kill()
    eventually(lambda: place.processes() == [broker])

    done = place.run("down")

    assert done.returncode == 0, done.stderr
    assert "supervisor and brokers" in done.stderr
    assert place.processes() == []


def test_down_stops_a_running_service(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    done = place.run("down")
    assert f"process {up.process.pid}" in done.stderr
    assert up.wait() == 0
    assert place.processes() == []


def test_down_of_nothing_is_refused(place: Place) -> None:
    done = place.run("down")
    assert done.returncode == 1
    assert "no headrace data directory" in done.stderr
    assert not place.data_dir.exists()


def test_down_tells_scripts_what_it_stopped(place: Place) -> None:
    place.up().wait_ready()
    done = place.run("down", "-o", "json")
    assert len(json.loads(done.stdout)["stopped"]) == 1
