"""What is done to one cluster is done in turn."""

import threading
from collections import defaultdict


class Turns:
    """Locks by cluster. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def of(self, cluster_id: str) -> threading.Lock:
        """The lock to hold while something is done to a cluster."""
        with self._guard:
            return self._locks[cluster_id]

    def forget(self, cluster_id: str) -> None:
        """Keep no lock of a cluster that is gone."""
        with self._guard:
            self._locks.pop(cluster_id, None)
