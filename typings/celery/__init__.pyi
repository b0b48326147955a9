from collections.abc import Callable, Sequence
from typing import Any

class Settings:
    def update(self, settings: dict[str, Any]) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class Control:
    def purge(self) -> int: ...

class Worker:
    exitcode: int | None
    def start(self) -> None: ...

class Beat:
    def run(self) -> None: ...

class Celery:
    conf: Settings
    control: Control
    def __init__(self, main: str, *, broker: str, set_as_current: bool = ...) -> None: ...
    def task(self, *, name: str) -> Callable[[Callable[..., None]], Any]: ...
    def send_task(
        self,
        name: str,
        args: Sequence[str] = ...,
        *,
        queue: str,
        countdown: float | None = ...,
        expires: float | None = ...,
        retry: bool = ...,
    ) -> Any: ...
    def Worker(  # noqa: N802 - Celery's name
        self,
        *,
        hostname: str,
        concurrency: int,
        queues: Sequence[str],
        pool: str,
        loglevel: str,
        quiet: bool,
    ) -> Worker: ...
    def Beat(  # noqa: N802 - Celery's name
        self, *, scheduler_cls: str, loglevel: str, quiet: bool
    ) -> Beat: ...
    def close(self) -> None: ...
