import json
import signal
from pathlib import Path

import pytest

from api.embedded import kafka_home
from api.embedded.doctor import Finding, examine
from control_plane.kit.clock import SystemClock
from control_plane.kit.settings import Settings
from tests.api.embedded.up_process import Place
from tools.java_artifacts import JAVA_DIR


def test_doctor_explains_what_is_wrong(place: Place) -> None:
    up = place.up()
    up.wait_ready()
    up.signal(signal.SIGTERM)
    up.wait()
    (place.data_dir / "headrace.db").write_bytes(b"not a database" * 100)
    (place.data_dir / "tls" / "ca.pem").write_text("no certificate")
    (place.data_dir / "secrets" / "master.key").unlink()

    done = place.run("doctor", "-o", "json")

    assert done.returncode == 1
    failed = {f["check"]: f for f in json.loads(done.stdout) if f["verdict"] == "failed"}
    assert {"database", "master key", "certificate ca.pem"} <= set(failed)
    assert all(finding["advice"] for finding in failed.values())
    assert place.run("doctor").returncode == 1


def test_doctor_of_a_foreign_directory_says_so(place: Place) -> None:
    place.data_dir.mkdir()
    (place.data_dir / "thesis.tex").write_text("precious")
    done = place.run("doctor", "-o", "json")
    assert done.returncode == 1
    assert "not a headrace data directory" in done.stdout


class TestApacheKafka:
    def test_one_that_is_not_installed_is_no_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kafka_home, "RESOLVED", tmp_path / "nothing")
        found = apache_kafka(tmp_path, None)
        assert found.verdict == "ok"
        assert found.detail == "not installed: the plan ha is not offered"

    def test_what_a_checkout_has_is_found(self, tmp_path: Path) -> None:
        found = apache_kafka(tmp_path, None)
        assert (found.verdict, "plan ha is offered" in found.detail) == ("ok", True)

    def test_one_that_can_be_used_is_told_by_its_version(self, tmp_path: Path) -> None:
        found = apache_kafka(tmp_path, JAVA_DIR)
        assert found.verdict == "ok"
        assert found.detail.startswith("4.3.1 ")

    def test_a_folder_without_it_is_told_with_what_to_do(self, tmp_path: Path) -> None:
        found = apache_kafka(tmp_path, tmp_path)
        assert found.verdict == "failed"
        assert str(tmp_path) in found.detail
        assert "HEADRACE_KAFKA_HOME" in found.advice


def apache_kafka(directory: Path, home: Path | None) -> Finding:
    settings = Settings(data_dir=directory / "data", kafka_home=home)
    found = examine(settings, SystemClock())
    return next(one for one in found if one.check == "apache kafka")
