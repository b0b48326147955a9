"""Changes of a cluster, asked for while what makes them true dies, and what must be so then."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
import psutil

from bench.kill_steps.modes import Mode
from control_plane.kit.ids import new_id
from control_plane.provisioning.local import LocalProvisioner

POINTS_MAX = 100
SETTLED_SECONDS_MAX = 120.0
POLL_SECONDS = 0.05

CHANGES = ("create", "pause", "resume", "restart", "delete", "undelete", "purge")
DELETIONS = frozenset({"delete", "purge"})
NOT_FOUND = 404
BEFORE = {"resume": "pause", "undelete": "delete"}
"""What a cluster must have gone through for a change to be one."""


@dataclass
class Outcome:
    """What was seen of all changes."""

    kills: dict[str, int] = field(default_factory=dict[str, int])
    operations: int = 0
    lost: list[str] = field(default_factory=list[str])
    orphans: list[str] = field(default_factory=list[str])


class Scenario:
    """Asks for changes as a client does that never gives up."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self.outcome = Outcome()

    def kill_at_every_step(self, change: str, *, points: range = range(POINTS_MAX)) -> int:
        """Make a change of a new cluster once per point, dying there; return how often it died."""
        kills = 0
        for point in points:
            if not self.kill_at(change, point):
                break
            kills += 1
        self.outcome.kills[change] = kills
        return kills

    def kill_at(self, change: str, point: int) -> bool:
        """Make a change of a new cluster, dying at `point`; return whether it was reached."""
        cluster_id = None
        if change != "create":
            cluster_id = self.ask("create", None)
            if change in BEFORE:
                self.ask(BEFORE[change], cluster_id)
        self._mode.bomb.write_text(str(point))
        cluster_id = self.ask(change, cluster_id)
        has_died = not self._mode.bomb.exists()
        self._mode.bomb.unlink(missing_ok=True)
        if change != "purge":
            self.ask("purge", cluster_id)
        self.outcome.orphans += self.left_over(cluster_id)
        return has_died

    def ask(self, change: str, cluster_id: str | None, *, is_killed: bool = False) -> str:
        """Have a change made and wait until its operation has ended; return the cluster's id."""
        answer = self._send(change, cluster_id)
        if is_killed:
            self._mode.kill()
        # A change that goes on is answered by its operation.
        found = cluster_id or str(answer.get("resource_id") or answer["id"])
        self._await_end(change, found)
        return found

    def left_over(self, cluster_id: str) -> list[str]:
        """What is left of a cluster that was purged: processes, specs and directories."""
        data_dir = self._mode.service.data_dir
        found = [
            f"process {one.pid} {_program(one)}"
            for one in psutil.process_iter()
            if any(cluster_id in argument for argument in _arguments(one))
        ]
        provisioner = LocalProvisioner(data_dir, starts=False)
        found += [
            f"spec {one.process_id}"
            for one in provisioner.list()
            if one.process_id.startswith(cluster_id)
        ]
        return found + [f"file {path}" for path in data_dir.rglob(f"*{cluster_id}*")]

    def _send(self, change: str, cluster_id: str | None) -> dict[str, Any]:
        """Send a request until it is answered; its key has it done once."""
        key = new_id("kill")
        deadline = time.monotonic() + SETTLED_SECONDS_MAX
        for attempt in count():
            try:
                answer = self._request(change, cluster_id, key)
            except httpx2.TransportError as error:
                said = repr(error)
            else:
                if answer.is_success:
                    return answer.json() if answer.content else {}
                if attempt > 0 and change in DELETIONS and answer.status_code == NOT_FOUND:
                    return {}  # done before: the answer was lost, not the deletion
                said = f"{answer.status_code} {answer.text}"
                may_repeat = answer.status_code in {409, 429} or answer.is_server_error
                assert may_repeat, f"{change}: {said}"
            assert time.monotonic() < deadline, f"{change} was never taken: {said}"
            self._mode.revive()
            time.sleep(POLL_SECONDS)
        raise AssertionError(change)

    def _request(self, change: str, cluster_id: str | None, key: str) -> httpx2.Response:
        headers = {"Idempotency-Key": key, "Prefer": "respond-async"}
        with self._mode.service.http() as http:
            if change == "create":
                body = {"name": key.replace("_", "-").lower(), "plan": "dev"}
                return http.post("/v1/clusters", json=body, headers=headers)
            path = f"/v1/clusters/{cluster_id}"
            if change in DELETIONS:
                query = {"purge": "true"} if change == "purge" else {}
                return http.delete(path, params=query, headers=headers)
            return http.post(f"{path}:{change}", headers=headers)

    def _await_end(self, change: str, cluster_id: str) -> None:
        """Wait until all operations of the cluster have ended well; note those that do not."""
        deadline = time.monotonic() + SETTLED_SECONDS_MAX
        operations: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            try:
                operations = self._operations(cluster_id)
            except httpx2.TransportError:
                self._mode.revive()
                continue
            if operations and all(one["status"] == "succeeded" for one in operations):
                self.outcome.operations += 1
                return
            time.sleep(POLL_SECONDS)
        self.outcome.lost.append(f"{change} of {cluster_id}: {operations[:1]}")

    def _operations(self, cluster_id: str) -> list[dict[str, Any]]:
        with self._mode.service.http() as http:
            answer = http.get("/v1/operations", params={"resource_id": cluster_id})
        if answer.is_server_error:
            return []
        assert answer.is_success, answer.text
        return answer.json()["items"]


def _program(process: psutil.Process) -> str:
    return " ".join(_arguments(process)[:1])


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
