"""Wake-ups between threads of one process, so that nobody polls for what a neighbour just did."""

import threading
from collections.abc import Generator
from contextlib import contextmanager


class Signals:
    """Named channels. A notification only ever saves waiting: whoever listens checks the state.

    Other processes write to the same database without notifying here, so every listener also
    looks again after a timeout.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, set[threading.Event]] = {}

    @contextmanager
    def listen(self, channel: str) -> Generator[threading.Event]:
        """Yield an event that is set by every `notify(channel)` from now on."""
        event = threading.Event()
        with self._lock:
            self._listeners.setdefault(channel, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._listeners[channel].discard(event)
                if not self._listeners[channel]:
                    del self._listeners[channel]

    def notify(self, channel: str) -> None:
        with self._lock:
            for event in self._listeners.get(channel, ()):
                event.set()
