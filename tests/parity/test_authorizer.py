"""Access rules of our broker and of Apache Kafka's authorizer: made, described, deleted, felt."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Final

import pytest

from tests.fixtures.waiting import eventually
from tests.parity.conversations import Api, Speaker, common_versions, differences
from tests.parity.pairs import Explanation, Pair, judge, mutations
from tests.parity.readiness import has_coordinators
from tests.parity.scripts import access, apis, rights
from tests.parity.secured import ASKER, KEEPER, KnownSpeaker, apache_kafka, native
from tests.parity.sides import Side
from tests.parity.uncommon_settings import uncommon_settings

pytestmark = [pytest.mark.xdist_group("parity-access"), pytest.mark.timeout(300)]

EXPLAINED: Final[Mapping[str, Sequence[Explanation]]] = {
    "rules": access.EXPLAINED,
    "rights": rights.EXPLAINED,
}
MUTATIONS_MIN: Final = 1_000


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Pair]]:
    """Both conversations, held with one broker of each kind."""
    directory = tmp_path_factory.mktemp("parity-access")
    with native(directory) as our_port, apache_kafka(directory) as their_port:
        ours, theirs = _speakers(our_port), _speakers(their_port)
        try:
            eventually(lambda: has_coordinators(theirs[1]), "Apache Kafka has no coordinator")
            known = [one for one in vars(apis).values() if isinstance(one, Api)]
            versions = common_versions(ours[0], theirs[0], [*rights.codecs(), *known])
            yield _hold(ours, theirs, versions)
        finally:
            for speaker in (*ours, *theirs):
                speaker.close()


def _speakers(port: int) -> tuple[KnownSpeaker, KnownSpeaker]:
    return KnownSpeaker(port, KEEPER), KnownSpeaker(port, ASKER)


def _hold(
    ours: tuple[Speaker, Speaker], theirs: tuple[Speaker, Speaker], versions: Mapping[int, range]
) -> dict[str, Pair]:
    left_out = uncommon_settings()

    def side(speaker: Speaker) -> Side:
        return Side(speaker=speaker, versions=versions, left_out=left_out)

    rules = Pair(ours=side(ours[0]), theirs=side(theirs[0]))
    felt = Pair(ours=side(ours[1]), theirs=side(theirs[1]))
    for keeper, asker in ((rules.ours, felt.ours), (rules.theirs, felt.theirs)):
        access.converse(keeper)
        rights.converse(keeper, asker)
    return {"rules": rules, "rights": felt}


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_answers_are_those_of_apache_kafka(name: str, pairs: dict[str, Pair]) -> None:
    verdict = judge(pairs[name], EXPLAINED[name])
    assert not verdict.unexplained, json.dumps(verdict.unexplained, indent=1)
    assert not verdict.unneeded, "an explanation is no longer needed"


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
    different = [pair.different() for pair in pairs.values()]
    mutated = [
        bool(differences(answer, other))
        for pair in pairs.values()
        for answer in pair.ours.answers.values()
        for other in mutations(answer)
    ]
    record_property("conversations", len(pairs))
    record_property("questions", sum(len(pair.ours.answers) for pair in pairs.values()))
    record_property("differences_explained", sum(map(len, different)))
    record_property("explanations", sum(map(len, EXPLAINED.values())))
    record_property("answers_mutated", len(mutated))
    record_property("mutations_found", sum(mutated))
    assert mutated
