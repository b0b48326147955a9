"""The two ways to run jobs, as services whose processes can be killed and come back."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tools.local_servers import postgres, valkey
from tools.paths import ROOT
from tools.running_service import RunningService, start_service
from tools.separate_service import SeparateService, start_separate_service
from tools.service_access import ServiceAccess


class Mode(Protocol):
    """A service that may die at a point."""

    @property
    def service(self) -> ServiceAccess: ...

    @property
    def bomb(self) -> Path:
        """The file that says at which point to die."""
        ...

    def revive(self) -> None:
        """Start again what has died and nobody else starts."""
        ...

    def kill(self) -> None:
        """SIGKILL what runs jobs, and start another."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Jobs on threads of `headrace up`, over SQLite: everything dies at once."""

    service: RunningService
    bomb: Path

    def revive(self) -> None:
        if self.service.process.poll() is not None:
            self.service.start_again()

    def kill(self) -> None:
        self.service.restart_killed()


@dataclass(frozen=True, slots=True)
class Separate:
    """Jobs in a Celery worker, over PostgreSQL and Valkey: its child dies, and it has others."""

    service: SeparateService
    bomb: Path

    def revive(self) -> None:
        return

    def kill(self) -> None:
        self.service.kill_part("worker")
        self.service.start_part("worker")


@contextmanager
def embedded(directory: Path) -> Generator[Embedded]:
    """Run the embedded service."""
    bomb = directory / "bomb"
    program = directory / "headrace"
    program.write_text(f'#!/bin/sh\nexec {" ".join(_dying(bomb))} "$@"\n')
    program.chmod(0o700)
    with start_service(directory, program=program, variables=_importable()) as service:
        yield Embedded(service, bomb)


@contextmanager
def separate(directory: Path, database_url: str | None = None) -> Generator[Separate]:
    """Run the processes of production, on a PostgreSQL of their own unless one is given."""
    bomb = directory / "bomb"
    with ExitStack() as opened:
        queue_url = opened.enter_context(valkey())
        if database_url is None:
            database_url = opened.enter_context(postgres(directory / "postgres"))
        service = opened.enter_context(
            start_separate_service(
                directory,
                database_url,
                queue_url,
                worker_program=_dying(bomb),
                variables=_importable(),
            )
        )
        yield Separate(service, bomb)


def _dying(bomb: Path) -> list[str]:
    return [sys.executable, "-m", "bench.kill_steps.dying", str(bomb)]


def _importable() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT)}
