"""A service killed between its work and its reply: the same request, sent again, converges."""

import sys
from pathlib import Path

import httpx2
import pytest

from tests.api.embedded import dies_before_reply
from tests.api.embedded.up_process import Place, api, create_cluster
from tests.fixtures.waiting import eventually


def through_killer(place: Place) -> str:
    """Return a program that runs `headrace` as the failing one."""
    program = place.directory / "dies"
    root = Path(dies_before_reply.__file__).parents[3]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" '
        f'-m tests.api.embedded.dies_before_reply "$@"\n'
    )
    program.chmod(0o700)
    return str(program)


def test_a_topic_that_was_made_before_the_kill_is_answered_as_made(place: Place) -> None:
    first = place.up(through=through_killer(place))
    ready = first.wait_ready()
    cluster = create_cluster(ready)
    path = f"/v1/clusters/{cluster['id']}/topics"
    body = {"name": "orders", "partitions": 3, "configs": {"retention.ms": 3_600_000}}
    headers = {"Idempotency-Key": "one"}
    with api(ready) as client, pytest.raises(httpx2.TransportError):
        client.post(path, json=body, headers=headers)
    first.wait()

    second = place.up()
    eventually(lambda: "is running" in second.output)
    with api(second.wait_ready()) as client:
        again = client.post(path, json=body, headers=headers)
        third = client.post(path, json=body, headers=headers)
        other = client.post(path, json=body, headers={"Idempotency-Key": "two"})
        changed = client.post(path, json=body | {"partitions": 4}, headers=headers)
        listed = client.get(path).json()["items"]

    assert again.status_code == 201, again.text
    assert (again.json()["name"], again.json()["partitions"]) == ("orders", 3)
    assert "idempotency-replayed" not in again.headers
    assert (third.status_code, third.json()) == (201, again.json())
    assert third.headers["idempotency-replayed"] == "true"
    assert [one["name"] for one in listed] == ["orders"]
    assert (other.status_code, other.json()["code"]) == (409, "topic_name_taken")
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
