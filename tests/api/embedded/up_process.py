"""Runs the embedded service's commands as a person or a script does."""

import json
import os
import signal
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.fixtures.waiting import WAIT_SECONDS_MAX, eventually
from tools.paths import venv_tool

STOP_SECONDS_MAX = 30


@dataclass
class UpProcess:
    """One run of `headrace up`."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    output_file: Path

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def wait_ready(self) -> dict[str, str]:
        eventually(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output
        return json.loads(self.ready_file.read_text())

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(STOP_SECONDS_MAX)


@dataclass
class Place:
    """A place of its own to run commands in: data directory, profile, ready file."""

    directory: Path
    running: list[UpProcess] = field(default_factory=list[UpProcess])

    @property
    def data_dir(self) -> Path:
        return self.directory / "data"

    @property
    def config_dir(self) -> Path:
        return self.directory / "config"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS_MAX,
            check=False,
        )

    def refused(self, *arguments: str) -> str:
        """Run `up` where it can not start; return the one line that it says."""
        done = self.run("up", "--port", "0", *arguments)
        assert done.returncode == 1, (done.stdout, done.stderr)
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        return line

    def up(self, *arguments: str, through: str | None = None) -> UpProcess:
        """Start the service, directly or through another program such as nohup."""
        ready_file = self.directory / "ready.json"
        output_file = self.directory / f"up-{len(self.running)}.log"
        prefix = [] if through is None else [through]
        options = () if "--port" in arguments else ("--port", "0")
        with output_file.open("wb") as output:
            process = subprocess.Popen(
                prefix + self.command("up", "--ready-file", str(ready_file), *options, *arguments),
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(UpProcess(process, ready_file, output_file))
        return self.running[-1]

    def brokers(self) -> list[int]:
        """Return the pids of this place's brokers."""
        return [
            one.pid
            for one in psutil.process_iter(["cmdline"])
            if str(self.data_dir) in " ".join(one.info["cmdline"] or ())
            and "--config" in (one.info["cmdline"] or ())
        ]

    def processes(self) -> list[int]:
        """Return the pids of all processes that name the data directory."""
        return [
            one.pid
            for one in psutil.process_iter(["cmdline"])
            if str(self.data_dir) in " ".join(one.info["cmdline"] or ())
        ]

    def end(self) -> None:
        for one in self.running:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()
        if (self.data_dir / "headrace.json").exists():
            self.run("down")

    def command(self, *arguments: str) -> list[str]:
        data_dir = () if "--data-dir" in arguments else ("--data-dir", str(self.data_dir))
        return [str(venv_tool("headrace")), *arguments, *data_dir]

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        # Compiled once, not by every one of many short processes.
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return inherited | {"HEADRACE_CONFIG_DIR": str(self.config_dir)}


@dataclass(frozen=True)
class Served:
    """A service that runs in its place."""

    place: Place
    up: UpProcess
    ready: dict[str, str]


def api(ready: dict[str, str]) -> httpx2.Client:
    """Return a client over HTTPS that trusts the service's own authority, and no other."""
    return httpx2.Client(
        base_url=ready["api_url_tls"],
        headers={"Authorization": f"Bearer {ready['api_key']}"},
        verify=ssl.create_default_context(cafile=ready["ca_file"]),
        timeout=WAIT_SECONDS_MAX,
    )


def create_cluster(ready: dict[str, str], name: str = "first") -> dict[str, Any]:
    with api(ready) as client:
        reply = client.post("/v1/clusters", json={"name": name, "plan": "dev"})
        assert reply.status_code == 201, reply.text
        return reply.json()
