"""Reaching a service that runs by what it promises to scripts: the command line and the API."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

# Three JVMs start on a busy machine.
COMMAND_SECONDS_MAX = 300
HTTP_SECONDS_MAX = 30


class ServiceError(Exception):
    """The service or one of its commands did not do what it was asked; says what it printed."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What `headrace up` writes to its ready file."""

    api_url: str
    api_url_tls: str
    ca_file: Path
    api_key: str
    organization_id: str
    console_url: str
    operator_api_key: str


class ServiceAccess(ABC):
    """Commands and requests to a service, and a look at the brokers of its data directory."""

    def __init__(self, program: Path, directory: Path) -> None:
        self.data_dir = directory / "data"
        self._program = program
        self._environment: dict[str, str] = clean_environment(directory)

    @property
    @abstractmethod
    def ready(self) -> Ready:
        """Where the service is, and its first key."""

    def command(self, *arguments: str, api_key: str | None = None) -> Any:
        """Run a `headrace` command; what it prints as JSON."""
        environment = self._environment | {
            "HEADRACE_URL": self.ready.api_url_tls,
            "HEADRACE_CA_FILE": str(self.ready.ca_file),
            "HEADRACE_API_KEY": api_key or self.ready.api_key,
        }
        done = subprocess.run(
            [str(self._program), *arguments, "-o", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout)[-2000:]
            raise ServiceError(f"headrace {' '.join(arguments)}: {done.returncode}: {said}")
        return json.loads(done.stdout)

    def operator_command(self, *arguments: str) -> Any:
        """Run a `headrace` command as an operator of the installation."""
        return self.command(*arguments, api_key=self.ready.operator_api_key)

    def http(self, api_key: str | None = None) -> httpx2.Client:
        """A client of the API over HTTPS that trusts the service's own authority, and no other."""
        return httpx2.Client(
            base_url=self.ready.api_url_tls,
            headers={"Authorization": f"Bearer {api_key or self.ready.api_key}"},
            verify=ssl.create_default_context(cafile=self.ready.ca_file),
            timeout=HTTP_SECONDS_MAX,
        )

    def broker(self, cluster_id: str) -> psutil.Process:
        """The broker process of a cluster, found by its data directory on its command line."""
        found = [one for one in psutil.process_iter() if self._is_broker(one, cluster_id)]
        if len(found) != 1:
            raise ServiceError(f"{len(found)} brokers of {cluster_id} run, not one")
        return found[0]

    def _is_broker(self, process: psutil.Process, cluster_id: str) -> bool:
        try:
            arguments = process.cmdline()
        except psutil.NoSuchProcess:
            return False
        return (
            bool(arguments)
            and arguments[0].endswith("headrace-broker")
            and any(
                str(self.data_dir) in argument and cluster_id in argument for argument in arguments
            )
        )


def clean_environment(directory: Path) -> dict[str, str]:
    """The caller's environment without its Headrace settings; profiles stay in the directory."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    return inherited | {"HEADRACE_CONFIG_DIR": str(directory / "config")}
