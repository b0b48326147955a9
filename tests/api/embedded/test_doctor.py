import json
import signal

from tests.api.embedded.up_process import Place


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
