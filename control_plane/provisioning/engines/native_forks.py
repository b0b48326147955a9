"""Takes the data of a fork over into the directory of a native cluster that has not run yet."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from control_plane.kit.ids import new_id
from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.broker_admin import FORK_SECONDS_MAX, fork_refused
from control_plane.provisioning.engines.native_data import LOCK, put_in_place
from control_plane.provisioning.errors import (
    ForkOverwritesError,
    ForkSourceUnavailableError,
    ProvisioningError,
)
from control_plane.provisioning.files import write_atomically

RECEIPT = "fork.json"
"""Lies in the directory of a fork once all of its data does."""

_ATTEMPT_PREFIX = "fork_"


class ForkedDirectory:
    """The directory of a fork. Every step may be repeated after a crash at any point."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def forked_at(self) -> datetime | None:
        """Return of what moment the data is; None while it is not there."""
        path = self._path / RECEIPT
        if not path.exists():
            return None
        receipt: dict[str, Any] = json.loads(path.read_bytes())
        return datetime.fromtimestamp(receipt["forked_at_ms"] / 1000, UTC)

    def take(self, fork: Callable[[Path], dict[str, Any]]) -> datetime:
        """Have `fork` write the data into a directory, and move it to where brokers look for it.

        What earlier attempts left behind goes. Raises ForkOverwritesError if a broker ran here.
        """
        known = self.forked_at()
        if known is not None:
            return known
        if (self._path / LOCK).exists():
            raise ForkOverwritesError("a broker has run here: nothing is put over its data")
        self._remove_attempts()
        attempt = self._path / new_id("fork")
        report = fork(attempt)
        put_in_place(attempt, self._path)
        write_atomically(self._path / RECEIPT, json.dumps(report).encode() + b"\n")
        self._remove_attempts()
        found = self.forked_at()
        if found is None:
            raise ProvisioningError("the data of the fork was removed meanwhile")
        return found

    def _remove_attempts(self) -> None:
        try:
            for path in self._path.glob(f"{_ATTEMPT_PREFIX}*"):
                shutil.rmtree(path)
        except OSError as error:  # a broker may still be writing what nobody waits for any more
            raise ProvisioningError(f"an earlier attempt can not be removed: {error}") from error


def fork_offline(broker: Path, config: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Fork the cluster of a configuration whose broker does not run; return the report."""
    require_no_unit_of_work()
    try:
        ended = subprocess.run(
            [str(broker), "fork", "--config", str(config)],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=FORK_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ForkSourceUnavailableError(f"it can not be forked now: {error}") from error
    if ended.returncode != 0:
        raise fork_refused(ended.stdout)
    return cast("dict[str, Any]", json.loads(ended.stdout))
