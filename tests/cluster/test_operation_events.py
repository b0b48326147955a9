"""Steps of a change are told while it is made, over a connection that stays open."""

import json
from typing import Any

from tests.cluster.usage import Usage


def test_a_change_is_told_of_step_by_step(usage: Usage) -> None:
    cluster = usage.create("told")
    query = {"resource_id": cluster.id}
    told: list[dict[str, Any]] = []
    with usage.http.stream("GET", "/v1/operations/events", params=query) as stream:
        assert stream.status_code == 200
        asked = usage.http.post(
            f"/v1/clusters/{cluster.id}:restart", headers={"Prefer": "respond-async"}
        )
        operation_id = usage.expect(202, asked)["id"]
        for line in stream.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
                if told[-1]["status"] == "succeeded":
                    break
    assert {one["id"] for one in told} == {operation_id}
    assert [one["name"] for one in told[-1]["steps"]] == ["start"]
    assert told[-1]["progress_percent"] == 100
    with usage.http.stream("GET", f"/v1/operations/{operation_id}/events") as ended:
        body = ended.read().decode()
    assert body.count("event: operation") == 1
    usage.delete(cluster.id)
