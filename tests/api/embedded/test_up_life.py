import json
import os
import pty
import signal
import socket
import tomllib

import httpx2
import psutil
import pytest

from tests.api.embedded.up_process import STOP_SECONDS_MAX, Place, api, create_cluster
from tests.fixtures.waiting import eventually


def connect(address: str) -> None:
    host, port = address.rsplit(":", 1)
    socket.create_connection((host, int(port))).close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_everything_in_order(place: Place, number: signal.Signals) -> None:
    up = place.up()
    cluster = create_cluster(up.wait_ready())
    assert len(place.brokers()) == 1

    up.signal(number)

    assert up.wait() == 0, up.output
    assert place.processes() == []
    assert not up.ready_file.exists()
    supervisor_log = (place.data_dir / "supervisor" / "supervisor.log").read_text()
    assert "supervisor ended" in supervisor_log
    with pytest.raises(ConnectionRefusedError):
        connect(cluster["endpoints"]["kafka"]["sasl_plaintext"])


def test_second_signal_ends_at_once_what_does_not_end(place: Place) -> None:
    up = place.up()
    create_cluster(up.wait_ready())
    (broker,) = place.brokers()
    os.kill(broker, signal.SIGSTOP)

    up.signal(signal.SIGINT)
    eventually(lambda: "Stopping." in up.output)
    up.signal(signal.SIGINT)

    assert up.wait() == 130
    eventually(lambda: place.processes() == [])


def test_ending_at_once_leaves_no_ready_file(place: Place) -> None:
    up = place.up()
    up.wait_ready()

    up.signal(signal.SIGTERM)
    up.signal(signal.SIGINT)

    up.wait()
    assert not up.ready_file.exists()
    eventually(lambda: place.processes() == [])


def test_closing_the_terminal_stops_everything(place: Place) -> None:
    ready_file = place.directory / "ready.json"
    command = place.command("up", "--port", "0", "--ready-file", str(ready_file))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, place.environment())  # noqa: S606 - in a terminal of its own
    eventually(ready_file.exists)
    create_cluster(json.loads(ready_file.read_text()))

    os.close(terminal)

    try:
        assert psutil.Process(pid).wait(STOP_SECONDS_MAX) == 0
    except psutil.TimeoutExpired:
        os.kill(pid, signal.SIGKILL)
        raise
    assert place.processes() == []


def test_killed_service_leaves_brokers_serving_and_the_next_one_adopts_them(place: Place) -> None:
    first = place.up()
    before = first.wait_ready()
    cluster = create_cluster(before)
    brokers = place.brokers()

    first.signal(signal.SIGKILL)
    first.wait()
    connect(cluster["endpoints"]["kafka"]["sasl_ssl"])
    assert place.brokers() == brokers

    second = place.up()
    eventually(lambda: "ended without cleaning up" in second.output)
    eventually(lambda: "is running" in second.output)
    after = second.wait_ready()
    assert (after["api_key"], after["organization_id"], after["ca_file"]) == (
        before["api_key"],
        before["organization_id"],
        before["ca_file"],
    )
    assert after["api_url"] != before["api_url"]
    with api(after) as client:
        found = client.get(f"/v1/clusters/{cluster['id']}").json()
    assert found["status"] == "running"
    assert found["endpoints"]["kafka"] == cluster["endpoints"]["kafka"]
    assert place.brokers() == brokers
    assert "shown only now" not in second.output


def test_cluster_is_back_at_its_address_after_an_orderly_stop(place: Place) -> None:
    first = place.up()
    cluster = create_cluster(first.wait_ready())
    first.signal(signal.SIGTERM)
    first.wait()

    ready = place.up().wait_ready()

    connect(cluster["endpoints"]["kafka"]["sasl_ssl"])
    with api(ready) as client:
        reply = client.post(
            f"/v1/clusters/{cluster['id']}/topics", json={"name": "greetings", "partitions": 1}
        )
    assert reply.status_code == 201, reply.text


def test_a_default_profile_of_another_service_is_kept(place: Place) -> None:
    place.config_dir.mkdir()
    profiles = place.config_dir / "profiles.toml"
    profiles.write_text('[profiles.default]\nurl = "https://kafka.example"\napi_key = "hrs_1"\n')
    up = place.up()
    ready = up.wait_ready()
    eventually(lambda: "Ctrl-C" in up.output)

    saved = tomllib.loads(profiles.read_text())["profiles"]
    assert saved["default"] == {"url": "https://kafka.example", "api_key": "hrs_1"}
    assert saved["local"]["api_key"] == ready["api_key"]
    assert "headrace --profile local cluster create" in up.output
    assert "default is of another service and was left as it is" in up.output


def test_revoked_first_key_is_told_no_more(place: Place) -> None:
    first = place.up()
    ready = first.wait_ready()
    with api(ready) as client:
        key_id = client.get("/v1/whoami").json()["id"]
        assert client.delete(f"/v1/api-keys/{key_id}").status_code in (200, 204)
    first.signal(signal.SIGTERM)
    first.wait()

    second = place.up()
    assert second.wait_ready()["api_key"] is None
    eventually(lambda: "was revoked" in second.output)


def test_other_host_serves_tls_there_and_everything_else_on_loopback(place: Place) -> None:
    ready = place.up("--host", "127.0.0.2").wait_ready()
    assert ready["api_url_tls"].startswith("https://127.0.0.2:")
    cluster = create_cluster(ready)
    assert cluster["endpoints"]["kafka"]["sasl_ssl"].startswith("127.0.0.2:")
    assert ready["api_url"].startswith("http://127.0.0.1:")
    assert httpx2.get(f"{ready['api_url']}/healthz").status_code == 200


def test_host_that_is_no_address_is_refused(place: Place) -> None:
    assert "an IP address is needed" in place.refused("--host", "example.com")


def test_service_started_by_nohup_outlives_the_terminal(place: Place) -> None:
    up = place.up(through="nohup")
    ready = up.wait_ready()
    up.signal(signal.SIGHUP)
    create_cluster(ready)
    up.signal(signal.SIGTERM)
    assert up.wait() == 0
