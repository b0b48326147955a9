"""What of a restored database the machine does not bear out. Nothing is changed here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select

from control_plane.clusters.models import Cluster
from control_plane.clusters.states import ClusterStatus, Presence
from control_plane.kit.db import Database

DriftKind = Literal["unknown", "missing", "newer"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A cluster that is another one here than in the database, and what becomes of it."""

    cluster_id: str
    kind: DriftKind
    detail: str


Drift = Sequence[Deviation]


def drift(database: Database, clusters_dir: Path) -> Drift:
    """Compare the clusters of a database with the directories of clusters on this machine."""
    with database.snapshot() as session:
        rows = session.scalars(select(Cluster).order_by(Cluster.id)).all()
        known = {row.id: row for row in rows if row.status != ClusterStatus.PURGED}
    found = {path.name: path for path in sorted(clusters_dir.glob("*")) if path.is_dir()}
    deviations = [
        Deviation(name, "unknown", "it is here and left as it is; the database does not know it")
        for name in found
        if name not in known
    ]
    for name, row in known.items():
        if name not in found:
            if row.observed_generation > 0 and row.presence != Presence.ABSENT:
                deviations.append(Deviation(name, "missing", "its data is not on this machine"))
            continue
        generation = _generation(found[name] / "broker.json")
        if generation > row.generation:
            detail = (
                f"its broker runs generation {generation}, the database knows {row.generation}: "
                "it is started again as the database wants it"
            )
            deviations.append(Deviation(name, "newer", detail))
    return deviations


def _generation(config: Path) -> int:
    try:
        found: Any = json.loads(config.read_bytes())
        return int(found["generation"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
