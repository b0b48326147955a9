"""Wake-ups between threads of one process, so that nobody polls for what a neighbour just did."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Signals:
    """Named channels. A notification only ever saves waiting: whoever listens checks the state.

    Other processes write to the same database without notifying here, so every listener also
    looks again after a timeout.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, set[threading.Event]] = {}
        self._subscribers: dict[str, list[Callable[[object], None]]] = {}

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

    def subscribe(self, channel: str, take: Callable[[object], None]) -> None:
        """Have `take` called with the subject of every `notify(channel, subject)` from now on.

        It is called on the thread that notifies, so it must neither wait nor raise.
        """
        with self._lock:
            self._subscribers.setdefault(channel, []).append(take)

    def notify(self, channel: str, subject: object = None) -> None:
        """Wake whoever listens to the channel, and tell its subscribers what it is about."""
        with self._lock:
            for event in self._listeners.get(channel, ()):
                event.set()
            subscribers = tuple(self._subscribers.get(channel, ()))
        for take in subscribers:
            take(subject)
