"""The partitions of customers as they lie on the nodes' disks."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Kafka's own topics are nobody's use.
_INTERNAL = "__"
_LIVING = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)-(?P<partition>\d+)")
_LEAVING = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)-(?P<partition>\d+)\.[0-9a-f]{32}-delete")
_TOPIC_ID = re.compile(r"^topic_id: ([A-Za-z0-9_-]{22})$", re.MULTILINE)

PartitionKey = tuple[str, int]  # topic id, partition


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica: the directory that a node keeps it in."""

    node: int
    directory: Path
    topic_id: str
    topic: str
    partition: int
    is_leaving: bool


def replicas(logs: Mapping[int, Path]) -> Mapping[PartitionKey, Sequence[Replica]]:
    """Return what lies below the nodes' log directories, by topic id and partition.

    A topic that was deleted is there until Kafka removes its files. What goes while it is looked
    at is left out.
    """
    found: defaultdict[PartitionKey, list[Replica]] = defaultdict(list)
    for node, directory in logs.items():
        try:
            kept = sorted(directory.iterdir())
        except FileNotFoundError:
            continue
        for one in kept:
            replica = _replica(node, one)
            if replica is not None:
                found[replica.topic_id, replica.partition].append(replica)
    return found


def _replica(node: int, directory: Path) -> Replica | None:
    leaving = _LEAVING.fullmatch(directory.name)
    match = leaving or _LIVING.fullmatch(directory.name)
    if match is None or match["topic"].startswith(_INTERNAL):
        return None
    try:
        metadata = (directory / "partition.metadata").read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    topic_id = _TOPIC_ID.search(metadata)
    if topic_id is None:
        return None
    return Replica(
        node=node,
        directory=directory,
        topic_id=topic_id[1],
        topic=match["topic"],
        partition=int(match["partition"]),
        is_leaving=leaving is not None,
    )
