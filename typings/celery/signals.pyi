from collections.abc import Callable
from typing import Any

class Signal:
    def connect(self, receiver: Callable[..., Any], *, weak: bool) -> None: ...

setup_logging: Signal
worker_process_init: Signal
worker_process_shutdown: Signal
