"""Twins: data directories of the same cluster that its broker makes for whoever copies them.

A twin lies in the cluster's directory, is never written once it is there, and shares the closed
segments with the broker by hard links; it is gone when nobody reads it any more.
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from control_plane.kit.ids import new_id
from control_plane.provisioning.broker_admin import BrokerAdmin
from control_plane.provisioning.engines.native_directory import NativeDirectory

_PREFIX = "twin"


@dataclass(frozen=True, slots=True)
class TwinReport:
    """Where a twin lies, and of what moment it is."""

    path: Path
    taken_at_ms: int
    topics: int
    partitions: int


@contextmanager
def twin(cluster: Path) -> Generator[TwinReport]:
    """Have the broker of a cluster make a twin, and remove it in the end.

    One at a time for each cluster: what an earlier process left behind goes first. Raises
    ForkSourceUnavailableError, ForkRefusedError or ClusterNotRunningError.
    """
    remove_twins(cluster)
    path = cluster / new_id(_PREFIX)
    try:
        request = {"directory": str(path), "keep_ids": True}
        said = BrokerAdmin(NativeDirectory(cluster).admin_socket).fork(request)
        yield TwinReport(
            path=path,
            taken_at_ms=int(said["forked_at_ms"]),
            topics=int(said["topics"]),
            partitions=int(said["partitions"]),
        )
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_twins(cluster: Path) -> None:
    """Remove what a process that was killed left behind."""
    for path in cluster.glob(f"{_PREFIX}_*"):
        shutil.rmtree(path)
