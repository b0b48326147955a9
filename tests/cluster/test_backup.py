"""An installation is backed up while it runs, and restored; no living cluster is touched."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.usage import Usage, consume, produce
from tools.paths import venv_tool
from tools.running_service import start_service


def headrace(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [venv_tool("headrace"), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def answer(*arguments: str | Path) -> Any:
    ended = headrace(*arguments, "-o", "json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_an_older_copy_brings_clusters_back_and_takes_none_away(tmp_path: Path) -> None:
    backup, key_file = tmp_path / "backup.gz", tmp_path / "exported.key"
    data_dir = tmp_path / "data"
    with start_service(tmp_path) as service, service.http() as http:
        usage = Usage(service, http)
        key, kept = usage.create_key(), usage.create("kept")
        usage.create_topic(kept.id, "flights", partitions=1)
        produce(kept, key, "flights", b"one")
        made = answer("backup", backup, "--master-key", key_file, "--data-dir", data_dir)
        assert made["rows"]["clusters"] == 1
        assert (backup.stat().st_mode & 0o777, key_file.stat().st_mode & 0o777) == (0o600, 0o600)
        for secret in (key.secret, service.ready.api_key):
            assert secret.encode() not in subprocess.check_output(["gzip", "-dc", backup])
        later = usage.create("later")
        usage.create_topic(later.id, "flights", partitions=1)
        produce(later, key, "flights", b"two")
        refused = headrace("restore", backup, "--replace", "--data-dir", data_dir)
        assert refused.returncode == 1
        assert "is served by" in refused.stderr
    restored = answer("restore", backup, "--replace", "--data-dir", data_dir)
    drift = {(one["cluster_id"], one["kind"]) for one in restored["drift"]}
    assert drift == {(later.id, "unknown")}
    with start_service(tmp_path) as service, service.http() as http:
        names = [one["name"] for one in http.get("/v1/clusters").json()["items"]]
        assert names == ["kept"]
        assert consume(kept, key, "flights", 1) == [b"one"]
        assert service.broker(later.id).is_running()
        assert consume(later, key, "flights", 1) == [b"two"]
