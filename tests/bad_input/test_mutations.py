"""Good requests with a few bytes changed: past the first checks, and wrong deeper in."""

from __future__ import annotations

import random
import struct
from typing import Any, Final

import pytest

from tests.bad_input.wire import ApiRange, ClosedError, api_versions, authenticated, connect
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster
from tests.fixtures.kafka_requests import APIS, NO_ID, Topic

pytestmark = pytest.mark.xdist_group("bad-input")

SEED: Final = 20_261_122
MUTANTS: Final = 100
HEADER_BYTES: Final = 8
"""Length, key and version stay as they are, so that each mutant reaches the API it was made of."""

EXTREMES: Final = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00" * 4)
ONLY_VALIDATED: Final[dict[int, dict[str, Any]]] = {
    19: {"validate_only": True},
    37: {"validate_only": True},
}
"""A mutant that happens to be good must not make thousands of partitions."""


def test_requests_with_changed_bytes_are_answered_or_hung_up_on(
    kafka_cluster: KafkaCluster,
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - a fixed sequence, not a secret
    access = kafka_cluster.access("SASL_PLAINTEXT")
    topic = Topic(name=kafka_cluster.topic("mutants", 2), id=NO_ID)
    with connect(access) as wire:
        offered = [one for one in api_versions(wire) if one.key in APIS]
    assert len(offered) == len(APIS)
    for one in offered:
        for good in frames(one, topic):
            for _ in range(MUTANTS):
                send(access, mutant(good, rng))


def frames(offered: ApiRange, topic: Topic) -> list[bytes]:
    """A good request in the last version, and in a middle one, which is coded differently."""
    api, fields = APIS[offered.key], ONLY_VALIDATED.get(offered.key, {})
    middle = max((offered.first + offered.last) // 2, 3 if offered.key == 0 else offered.first)
    return [api.encode(version, topic, **fields) for version in (middle, offered.last)]


def mutant(good: bytes, rng: random.Random) -> bytes:
    """Change, cut or lengthen a frame behind its header; its length is made true again."""
    body = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(HEADER_BYTES, len(body))
        match rng.randrange(8):
            case 0:
                body[place : place + 1] = b""
            case 1:
                body[place:place] = rng.randbytes(rng.randrange(1, 9))
            case 2:
                body[place : place + 4] = rng.choice(EXTREMES)
            case _:
                body[place] ^= 1 << rng.randrange(8)
    body[:4] = struct.pack(">i", len(body) - 4)
    return bytes(body)


def send(access: KafkaAccess, frame: bytes) -> None:
    """On a connection of its own; whatever is answered is read."""
    with authenticated(access) as wire:
        try:
            wire.send(frame)
        except ClosedError:
            return
        wire.settle()
