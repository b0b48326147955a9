"""A control plane restored from an old backup finds clusters that it does not know."""

import shutil
from pathlib import Path

import httpx2

from tests.cluster.usage import Usage, consume, produce
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService, start_service

UNKNOWN = "headrace_clusters_unknown"


def test_an_unknown_cluster_is_reported_and_left_alone(tmp_path: Path) -> None:
    database, backup = tmp_path / "data" / "headrace.db", tmp_path / "backup.db"
    with start_service(tmp_path):
        pass
    shutil.copyfile(database, backup)
    with start_service(tmp_path) as service, service.http() as http:
        usage = Usage(service, http)
        key, cluster = usage.create_key(), usage.create("unknown")
        usage.create_topic(cluster.id, "flights", partitions=1)
        produce(cluster, key, "flights", b"kept")
    for file in database.parent.glob("headrace.db*"):
        file.unlink()
    shutil.copyfile(backup, database)
    with start_service(tmp_path) as service, service.http() as http:
        wait_until_reported(service)
        assert http.get("/v1/clusters").json()["items"] == []
        assert service.broker(cluster.id).is_running()
        # Its own key still opens it: nobody took anything away.
        assert consume(cluster, key, "flights", 1) == [b"kept"]


def wait_until_reported(service: RunningService) -> None:
    metrics = f"{service.ready.api_url}/metrics"
    eventually(lambda: f"{UNKNOWN} 1.0" in httpx2.get(metrics).text, "it was not reported")
