"""How long the steps of a cluster's life take: until done, and until a first record is in."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from bench.proofs.first_produce import produce_one
from bench.proofs.forks import fork_seconds
from bench.proofs.report import Finding
from bench.proofs.samples import summary_ms
from tools.running_service import start_service
from tools.service_access import Ready

ROUNDS = 20
MEDIAN_MS_MAX = {
    "create_first_produce": 300,
    "resume_first_produce": 150,
    "wake_first_produce": 150,
    "fork": 1_000,
}
STATUS_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02


def prove() -> Finding:
    """Medians of 20 lives, each of a cluster of its own on one running service, and of 20 forks."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        lives = [one_life(service.ready, number) for number in range(ROUNDS)]
        forks, files = fork_seconds(service.ready, service.data_dir)
    figures: dict[str, Any] = {
        step: summary_ms([each[step] for each in lives]) for step in lives[0]
    }
    figures["fork"] = summary_ms(forks)
    passed = all(figures[step]["median_ms"] <= most for step, most in MEDIAN_MS_MAX.items())
    bar = {f"{step}_median_ms_max": most for step, most in MEDIAN_MS_MAX.items()}
    figures["fork_files"] = files
    bar |= {"fork_files_touched_max": 0, "fork_patch_seen": True}
    is_safe = files["shared_files"] > 0 and files["touched"] == 0 and files["patched_seen"]
    return Finding(figures=figures, bar=bar, passed=passed and is_safe)


def one_life(service: Ready, number: int) -> dict[str, float]:
    """Seconds of each step; what has its own key and topic needs none of them in the measure."""
    headers = {"Authorization": f"Bearer {service.api_key}"}
    with httpx2.Client(base_url=service.api_url, headers=headers, timeout=60) as client:
        key = _ask(client, "POST", "/v1/api-keys", {"name": f"life-{number}"})
        took: dict[str, float] = {}
        started = time.perf_counter()
        cluster = _ask(client, "POST", "/v1/clusters", {"name": f"life-{number}", "plan": "dev"})
        path = f"/v1/clusters/{cluster['id']}"
        took["create"] = time.perf_counter() - started
        _ask(client, "POST", f"{path}/topics", {"name": "first", "partitions": 1})
        produce_one(cluster, key)
        took["create_first_produce"] = time.perf_counter() - started
        change = partial(_ask, client, "POST")
        took["pause"] = _seconds(partial(change, f"{path}:pause"))
        took["resume_first_produce"] = _seconds(
            partial(change, f"{path}:resume"), partial(produce_one, cluster, key)
        )
        took["resize"] = _seconds(partial(_ask, client, "PATCH", path, {"plan": "standard"}))
        _ask(client, "PATCH", path, {"wake_on_connect": True})
        change(f"{path}:pause")
        took["wake_first_produce"] = _seconds(partial(produce_one, cluster, key))
        _await_running(client, path)
        took["delete"] = _seconds(partial(_ask, client, "DELETE", path))
        took["undelete"] = _seconds(partial(change, f"{path}:undelete"))
        produce_one(cluster, key)
        _ask(client, "DELETE", f"{path}?purge=true")
    return took


def _seconds(*steps: Callable[[], object]) -> float:
    started = time.perf_counter()
    for step in steps:
        step()
    return time.perf_counter() - started


def _await_running(client: httpx2.Client, path: str) -> None:
    """Wait until the service has seen who woke the cluster."""
    deadline = time.monotonic() + STATUS_SECONDS_MAX
    while _ask(client, "GET", path)["status"] != "running":
        assert time.monotonic() < deadline, "the waking was not noticed"
        time.sleep(POLL_SECONDS)


def _ask(client: httpx2.Client, method: str, path: str, body: object = None) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.is_success, answer.text
    assert answer.status_code != httpx2.codes.ACCEPTED, "it took longer than the wait"
    return answer.json() if answer.content else {}
