import hashlib

import pytest

from control_plane.audit.chain import GENESIS, Link, follow, link_hash


def chain(count: int) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for sequence in range(1, count + 1):
        content = {"sequence": sequence, "action": "clusters.delete", "name": "Mühle"}
        links.append(Link(sequence, content, previous, link_hash(previous, content)))
        previous = links[-1].hash
    return links


def test_the_hash_is_what_the_page_says() -> None:
    canonical = b'{"action":"x","name":"M\\u00fchle"}'
    expected = hashlib.sha256(bytes(32) + canonical).digest()
    assert link_hash(GENESIS, {"name": "Mühle", "action": "x"}) == expected


def test_a_whole_chain_holds() -> None:
    links = chain(4)
    verdict = follow(links)
    assert (verdict.events, verdict.sequence, verdict.hash) == (4, 4, links[-1].hash)
    assert verdict.broken_at is None
    rest = follow(links[2:], sequence=2, previous_hash=links[1].hash)
    assert (rest.events, rest.broken_at) == (2, None)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_change_is_found_where_it_is(place: int) -> None:
    links = chain(4)
    old = links[place]
    links[place] = Link(old.sequence, {**old.content, "name": "x"}, old.previous_hash, old.hash)
    assert follow(links).broken_at == place + 1


def test_a_change_with_a_new_hash_breaks_what_follows() -> None:
    links = chain(4)
    content = {**links[1].content, "name": "x"}
    links[1] = Link(2, content, links[0].hash, link_hash(links[0].hash, content))
    assert follow(links).broken_at == 3


def test_what_is_left_out_put_in_or_swapped_is_found() -> None:
    links = chain(4)
    assert follow([links[0], *links[2:]]).broken_at == 2
    assert follow([links[0], links[0], *links[1:]]).broken_at == 2
    assert follow([links[1], links[0], *links[2:]]).broken_at == 1
