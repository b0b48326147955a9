import json
import os
import signal
import stat
import tomllib

import httpx2
import psutil
import pytest

from tests.api.embedded.up_process import Served, api, create_cluster
from tests.fixtures.waiting import eventually


def test_first_start_tells_where_everything_is_and_serves_it(served: Served) -> None:
    up, ready = served.up, served.ready

    with api(ready) as client:
        assert client.get("/readyz").status_code == 200
        whoami = client.get("/v1/whoami").json()
        assert whoami["organization_id"] == ready["organization_id"]
    assert httpx2.get(f"{ready['api_url']}/healthz").status_code == 200
    eventually(lambda: "Ctrl-C" in up.output)
    for told in (ready["api_url"], ready["api_url_tls"], ready["ca_file"], ready["api_key"]):
        assert told in up.output
    assert up.output.count("  headrace ") + up.output.count("| headrace ") == 3


def test_secrets_are_for_their_owner_alone(served: Served) -> None:
    place, ready = served.place, served.ready
    create_cluster(ready, "secrets")

    for path in (
        place.data_dir,
        place.config_dir / "profiles.toml",
        place.directory / "ready.json",
    ):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in place.data_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    secret = ready["api_key"]
    assert secret not in (place.data_dir / "api.log").read_text()
    assert secret.encode() not in (place.data_dir / "headrace.db").read_bytes()


def test_profile_is_what_the_command_line_needs(served: Served) -> None:
    place, ready = served.place, served.ready
    profiles = tomllib.loads((place.config_dir / "profiles.toml").read_text())
    assert profiles["profiles"]["default"] == {
        "url": ready["api_url_tls"],
        "ca_file": ready["ca_file"],
        "api_key": ready["api_key"],
        "organization_id": ready["organization_id"],
    }


def test_console_link_signs_the_owner_in_once(served: Served) -> None:
    ready = served.ready
    with httpx2.Client(follow_redirects=False) as browser:
        entered = browser.get(ready["console_url"])
        assert entered.status_code == 303
        assert entered.headers["location"] == "/console/"
        assert browser.get(f"{ready['api_url']}/v1/whoami").json()["kind"] == "member"
    again = httpx2.get(ready["console_url"])
    assert again.headers["location"] == "/console/sign-in?problem=sign_in_token_invalid"
    assert "set-cookie" not in again.headers


def test_https_is_not_trusted_without_the_authority(served: Served) -> None:
    ready = served.ready
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(f"{ready['api_url_tls']}/healthz")


def test_nothing_listens_beyond_loopback(served: Served) -> None:
    place, ready = served.place, served.ready
    create_cluster(ready, "loopback")
    listening = [
        connection.laddr.ip
        for pid in place.processes()
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4
    assert {ip for ip in listening if not ip.startswith("127.")} == set()


def test_killed_supervisor_is_replaced_while_brokers_serve(served: Served) -> None:
    place, ready = served.place, served.ready
    create_cluster(ready, "before")
    brokers = place.brokers()
    lock = place.data_dir / "supervisor" / "lock"
    killed = int(lock.read_text())

    os.kill(killed, signal.SIGKILL)

    eventually(lambda: int(lock.read_text()) != killed)
    create_cluster(ready, "after")
    assert set(brokers) < set(place.brokers())


def test_killed_broker_is_back_at_its_address(served: Served) -> None:
    place, ready = served.place, served.ready
    before = set(place.brokers())
    cluster = create_cluster(ready, "killed")
    (broker,) = set(place.brokers()) - before

    os.kill(broker, signal.SIGKILL)

    eventually(lambda: len(set(place.brokers()) - before - {broker}) == 1)
    with api(ready) as client:
        reply = client.post(
            f"/v1/clusters/{cluster['id']}/topics", json={"name": "greetings", "partitions": 1}
        )
    assert reply.status_code == 201, reply.text


def test_directory_that_is_served_already_is_refused(served: Served) -> None:
    place, up = served.place, served.up
    line = place.refused()
    assert f"process {up.process.pid}" in line
    assert "headrace down" in line


def test_doctor_finds_a_running_service_well(served: Served) -> None:
    place = served.place
    done = place.run("doctor", "-o", "json")
    assert done.returncode == 0, done.stdout
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert {finding["verdict"] for finding in findings.values()} == {"ok"}, findings
    assert {
        "python",
        "platform",
        "data directory",
        "service",
        "disk space",
        "broker",
        "database",
        "supervisor",
        "certificate ca.pem",
        "certificate server.pem",
        "clock",
    } <= set(findings)
