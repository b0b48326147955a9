import json
import signal
import socket

from tests.api.embedded.up_process import Place


def test_busy_port_is_refused(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = place.refused("--port", str(port))
        assert line.startswith(f"error: port {port} on 127.0.0.1 is in use")
        line = place.refused("--port-tls", str(port))
        assert line.startswith(f"error: port {port} on 127.0.0.1 is in use")
    assert place.processes() == []


def test_a_start_that_fails_leaves_no_ready_file_of_a_killed_one(place: Place) -> None:
    first = place.up()
    first.wait_ready()
    second = place.refused("--ready-file", str(first.ready_file))
    assert "is served by another headrace" in second
    assert first.ready_file.exists()

    first.signal(signal.SIGKILL)
    first.wait()
    assert first.ready_file.exists()
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = str(other.getsockname()[1])
        failed = place.run("up", "--port-tls", busy, "--ready-file", str(first.ready_file))
    assert failed.returncode == 1
    assert "in use" in failed.stderr
    assert not first.ready_file.exists()


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
