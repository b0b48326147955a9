import json
import os
import pty
import signal
import socket
import stat
import tomllib

import httpx2
import psutil
import pytest

from tests.api.embedded.up_process import Place, api, create_cluster, eventually


def connect(address: str) -> None:
    host, port = address.rsplit(":", 1)
    socket.create_connection((host, int(port))).close()


def test_first_start_tells_where_everything_is_and_serves_it(place: Place) -> None:
    up = place.up()
    ready = up.wait_ready()

    with api(ready) as client:
        assert client.get("/readyz").status_code == 200
        whoami = client.get("/v1/whoami").json()
        assert whoami["organization_id"] == ready["organization_id"]
    assert httpx2.get(f"{ready['api_url']}/healthz").status_code == 200
    eventually(lambda: "Ctrl-C" in up.output)
    for told in (ready["api_url"], ready["api_url_tls"], ready["ca_file"], ready["api_key"]):
        assert told in up.output
    assert up.output.count("  headrace ") + up.output.count("| headrace ") == 3


def test_secrets_are_for_their_owner_alone(place: Place) -> None:
    ready = place.up().wait_ready()
    create_cluster(ready)

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


def test_profile_is_what_the_command_line_needs(place: Place) -> None:
    ready = place.up().wait_ready()
    profiles = tomllib.loads((place.config_dir / "profiles.toml").read_text())
    assert profiles["profiles"]["default"] == {
        "url": ready["api_url_tls"],
        "ca_file": ready["ca_file"],
        "api_key": ready["api_key"],
        "organization_id": ready["organization_id"],
    }


def test_console_link_signs_the_owner_in_once(place: Place) -> None:
    ready = place.up().wait_ready()
    with httpx2.Client(follow_redirects=False) as browser:
        entered = browser.get(ready["console_url"])
        assert entered.status_code == 303
        assert browser.get(f"{ready['api_url']}/console").status_code == 200
    assert httpx2.get(ready["console_url"]).status_code in (400, 401, 403)


def test_https_is_not_trusted_without_the_authority(place: Place) -> None:
    ready = place.up().wait_ready()
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(f"{ready['api_url_tls']}/healthz")


def test_nothing_listens_beyond_loopback(place: Place) -> None:
    ready = place.up().wait_ready()
    create_cluster(ready)
    listening = [
        connection.laddr.ip
        for pid in place.processes()
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4
    assert {ip for ip in listening if not ip.startswith("127.")} == set()


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


def test_closing_the_terminal_stops_everything(place: Place) -> None:
    ready_file = place.directory / "ready.json"
    command = place.command("up", "--port", "0", "--ready-file", str(ready_file))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, place.environment())  # noqa: S606 - in a terminal of its own
    eventually(ready_file.exists)
    create_cluster(json.loads(ready_file.read_text()))

    os.close(terminal)

    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
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


def test_killed_supervisor_is_replaced_while_brokers_serve(place: Place) -> None:
    ready = place.up().wait_ready()
    create_cluster(ready)
    brokers = place.brokers()
    lock = place.data_dir / "supervisor" / "lock"
    killed = int(lock.read_text())

    os.kill(killed, signal.SIGKILL)

    eventually(lambda: int(lock.read_text()) != killed)
    create_cluster(ready, "second")
    assert set(brokers) < set(place.brokers())


def test_killed_broker_is_back_at_its_address(place: Place) -> None:
    ready = place.up().wait_ready()
    cluster = create_cluster(ready)
    (broker,) = place.brokers()

    os.kill(broker, signal.SIGKILL)

    eventually(lambda: place.brokers() not in ([], [broker]))
    with api(ready) as client:
        reply = client.post(
            f"/v1/clusters/{cluster['id']}/topics", json={"name": "greetings", "partitions": 1}
        )
    assert reply.status_code == 201, reply.text


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


def test_directory_that_is_served_already_is_refused(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    line = place.refused()
    assert f"process {up.process.pid}" in line
    assert "headrace down" in line


def test_busy_port_is_refused(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = place.refused("--port", str(port))
        assert line.startswith(f"headrace: port {port} on 127.0.0.1 is in use")
        line = place.refused("--port-tls", str(port))
        assert line.startswith(f"headrace: port {port} on 127.0.0.1 is in use")
    assert place.processes() == []


def test_foreign_directory_is_refused_and_left_as_it_was(place: Place) -> None:
    place.data_dir.mkdir()
    (place.data_dir / "thesis.tex").write_text("precious")
    assert "not a headrace data directory" in place.refused()
    assert [path.name for path in place.data_dir.iterdir()] == ["thesis.tex"]


def test_file_in_place_of_the_directory_is_refused(place: Place) -> None:
    place.data_dir.write_text("a file")
    assert "it is a file" in place.refused()


def test_directory_that_can_not_be_written_is_refused(place: Place) -> None:
    # Even root can not write here.
    line = place.refused("--data-dir", "/proc/headrace")
    assert "can not write to the data directory /proc/headrace" in line


def test_directory_of_a_newer_version_is_refused(place: Place) -> None:
    place.data_dir.mkdir()
    marker = {"format": 99, "installation_id": "in_x", "created_at": "2026-11-22T00:00:00+00:00"}
    (place.data_dir / "headrace.json").write_text(json.dumps(marker))
    assert "upgrade headrace" in place.refused()


def test_missing_master_key_is_refused_and_not_replaced(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    up.signal(signal.SIGTERM)
    up.wait()
    key_file = place.data_dir / "secrets" / "master.key"
    key_file.unlink()
    assert str(key_file) in place.refused()
    assert not key_file.exists()


def test_down_stops_what_a_killed_service_left(place: Place) -> None:
    up = place.up()
    create_cluster(up.wait_ready())
    up.signal(signal.SIGKILL)
    up.wait()
    assert len(place.brokers()) == 1

    done = place.run("down")

    assert done.returncode == 0, done.stderr
    assert "supervisor and brokers" in done.stdout
    assert place.processes() == []
    assert "Nothing was running" in place.run("down").stdout


def test_down_stops_a_running_service(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    done = place.run("down")
    assert f"process {up.process.pid}" in done.stdout
    assert up.wait() == 0
    assert place.processes() == []


def test_down_of_nothing_is_refused(place: Place) -> None:
    done = place.run("down")
    assert done.returncode == 1
    assert "no headrace data directory" in done.stderr
    assert not place.data_dir.exists()


def test_doctor_finds_a_running_service_well(place: Place) -> None:
    place.up().wait_ready()
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


def test_doctor_explains_what_is_wrong(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    up.signal(signal.SIGTERM)
    up.wait()
    (place.data_dir / "headrace.db").write_bytes(b"not a database" * 100)
    (place.data_dir / "tls" / "ca.pem").write_text("no certificate")

    done = place.run("doctor", "-o", "json")

    assert done.returncode == 1
    failed = {f["check"]: f for f in json.loads(done.stdout) if f["verdict"] == "failed"}
    assert {"database", "certificate ca.pem"} <= set(failed)
    assert all(finding["advice"] for finding in failed.values())
    assert place.run("doctor").returncode == 1


def test_doctor_of_a_foreign_directory_says_so(place: Place) -> None:
    place.data_dir.mkdir()
    (place.data_dir / "thesis.tex").write_text("precious")
    done = place.run("doctor", "-o", "json")
    assert done.returncode == 1
    assert "not a headrace data directory" in done.stdout
