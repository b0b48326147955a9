"""The groups of measurements, each with its bars: what `make bench-broker` and the proofs run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.broker import bulk, java_tools, latency, memory, partitions, stored
from bench.broker.bars import Bar
from bench.broker.rounds import Figures
from bench.broker.session import Session, session
from bench.broker.size import Size


@dataclass(frozen=True, kw_only=True)
class Group:
    """Measurements that share their brokers; those that need none beside them have no session."""

    title: str
    in_session: Callable[[Session], Figures] | None = None
    alone: Callable[[Size, Path | None], Figures] | None = None
    judge: Callable[[Figures], list[Bar]] = lambda _found: []


GROUPS: dict[str, Group] = {
    "latency": Group(title="Small requests", in_session=latency.measure, judge=latency.judge),
    "bulk": Group(title="Bulk", in_session=bulk.measure, judge=bulk.judge),
    "partitions": Group(title="Partitions", in_session=partitions.measure, judge=partitions.judge),
    "java": Group(title="Kafka's own tools", in_session=java_tools.measure),
    "resources": Group(title="Memory and rest", alone=memory.at_rest, judge=memory.judge_rest),
    "stored": Group(title="A log that has grown", alone=stored.measure, judge=stored.judge),
}
"""What `make bench-broker` runs, in this order."""

LONG: dict[str, Group] = {
    "memory": Group(title="After load", alone=memory.after_load, judge=memory.judge_load),
}
"""What takes ten minutes more, for a proof of its own."""


def measure(names: list[str], size: Size, root: Path | None = None) -> dict[str, Figures]:
    """Run groups; those that share brokers share one pair of them."""
    chosen = {name: (GROUPS | LONG)[name] for name in names}
    found: dict[str, Figures] = {}
    together = {name: group for name, group in chosen.items() if group.in_session}
    if together:
        with session(size, root) as brokers:
            for name, group in together.items():
                assert group.in_session is not None
                found[name] = group.in_session(brokers)
    for name, group in chosen.items():
        if group.alone:
            found[name] = group.alone(size, root)
    return {name: found[name] for name in names}


def judge(found: Mapping[str, Figures]) -> list[Bar]:
    """The bars of every group that was measured."""
    groups = GROUPS | LONG
    return [bar for name, figures in found.items() for bar in groups[name].judge(figures)]
