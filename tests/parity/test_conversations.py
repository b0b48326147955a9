"""Our broker and Apache Kafka are asked the same in every version, and answer alike or say why."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from typing import Final

import pytest

from tests.fixtures.waiting import eventually
from tests.parity.brokers import apache_kafka, native
from tests.parity.conversations import Api, Speaker, common_versions, differences
from tests.parity.pairs import VERSION, Pair, mutations
from tests.parity.readiness import has_coordinators
from tests.parity.scripts import (
    administration,
    apis,
    cluster,
    groups,
    quotas,
    records,
    transactions,
)
from tests.parity.sides import Side
from tests.parity.uncommon_settings import uncommon_settings

pytestmark = [pytest.mark.xdist_group("parity"), pytest.mark.timeout(600)]

Script = Callable[[Side], None]

SCRIPTS: Final[Mapping[str, tuple[Script, Mapping[str, str]]]] = {
    "administration": (administration.converse, administration.EXPLAINED),
    "cluster": (cluster.converse, cluster.EXPLAINED),
    "records": (records.converse, records.EXPLAINED),
    "groups": (groups.converse, groups.EXPLAINED),
    "transactions": (transactions.converse, transactions.EXPLAINED),
    "quotas": (quotas.converse, quotas.EXPLAINED),
}
APIS: Final = [one for one in vars(apis).values() if isinstance(one, Api)]

MUTATIONS_MIN: Final = 1_000
NOT_SERVED: Final = frozenset({(0, 0), (0, 1), (0, 2)})
"""Versions of Produce that are only said to be offered (KAFKA-18659)."""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Pair]]:
    """Every conversation, held with one broker of each kind."""
    directory = tmp_path_factory.mktemp("parity")
    with (
        native(directory) as our_port,
        apache_kafka(directory) as their_port,
        Speaker(our_port) as ours,
        Speaker(their_port) as theirs,
    ):
        eventually(lambda: has_coordinators(theirs), "Apache Kafka has no coordinator")
        versions = common_versions(ours, theirs, APIS)
        left_out = uncommon_settings()
        held: dict[str, Pair] = {}
        for name, (converse, _) in SCRIPTS.items():
            one = Side(speaker=ours, versions=versions, left_out=left_out)
            other = Side(speaker=theirs, versions=versions, left_out=left_out)
            converse(one)
            converse(other)
            held[name] = Pair(ours=one, theirs=other)
        yield held


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_answers_are_those_of_apache_kafka(name: str, pairs: dict[str, Pair]) -> None:
    pair, explained = pairs[name], SCRIPTS[name][1]
    different = pair.different()
    unexplained = {
        label: differences(pair.ours.answers.get(label), pair.theirs.answers.get(label))
        for label in sorted(different)
        if VERSION.sub("", label) not in explained
    }
    assert not unexplained, json.dumps(unexplained, indent=1)
    steps = {VERSION.sub("", label) for label in different}
    assert steps == explained.keys(), "an explanation is no longer needed"


def test_every_version_of_every_api_was_compared(pairs: dict[str, Pair]) -> None:
    sides = [pair.ours for pair in pairs.values()]
    asked = {one for side in sides for one in side.asked}
    offered = {
        (one.key, version)
        for one in sides[0].speaker.offered.values()
        for version in range(one.first, one.last + 1)
    }
    assert offered - asked - NOT_SERVED == set()


def test_a_changed_answer_is_found(pairs: dict[str, Pair]) -> None:
    """The negative control: wherever one value of an answer is another one, it is told."""
    changed = 0
    for pair in pairs.values():
        for label, answer in pair.ours.answers.items():
            for other in mutations(answer):
                changed += 1
                assert differences(answer, other), f"a change in {label} is not found"
    assert changed > MUTATIONS_MIN


def test_what_was_compared_is_told(
    pairs: dict[str, Pair], record_property: Callable[[str, object], None]
) -> None:
    """For `make proof-parity`, which counts it."""
    asked = {one for pair in pairs.values() for one in pair.ours.asked}
    different = [pair.different() for pair in pairs.values()]
    record_property("conversations", len(SCRIPTS))
    record_property("questions", sum(len(pair.ours.answers) for pair in pairs.values()))
    record_property("apis", len({key for key, _ in asked}))
    record_property("versions", len(asked))
    record_property("differences_explained", sum(map(len, different)))
    record_property("explanations", sum(len(explained) for _, explained in SCRIPTS.values()))
    mutated = [
        bool(differences(answer, other))
        for pair in pairs.values()
        for answer in pair.ours.answers.values()
        for other in mutations(answer)
    ]
    record_property("answers_mutated", len(mutated))
    record_property("mutations_found", sum(mutated))
    assert asked
