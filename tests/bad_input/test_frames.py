"""Frames that are no frames: the connection ends, and nothing else does."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests.bad_input.wire import (
    API_VERSIONS,
    FETCH,
    FRAME_BYTES_MAX,
    METADATA,
    ApiRange,
    ClosedError,
    Wire,
    api_versions,
    authenticated,
    connect,
    request_bytes,
)
from tests.fixtures.kafka_access import KafkaAccess, KafkaCluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("bad-input")

Opener = Callable[[KafkaAccess], AbstractContextManager[Wire]]

SEED = 20_261_122
FLEXIBLE_FROM: dict[int, int] = dict(
    zip(
        (0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18, 19, 20, 22, 32, 36, 37, 60),
        (9, 12, 6, 9, 8, 6, 3, 6, 4, 4, 4, 3, 5, 4, 2, 4, 2, 2, 0),
        strict=True,
    )
)
"""Header version 2 begins here, by API key (Apache Kafka's flexibleVersions)."""


@pytest.fixture(params=[connect, authenticated], ids=["anonymous", "authenticated"])
def opened(request: pytest.FixtureRequest) -> Opener:
    """Every frame is tried before and after authentication."""
    opener: Opener = request.param
    return opener


@pytest.mark.parametrize(
    "length",
    [-1, -2_147_483_648, FRAME_BYTES_MAX + 1, 2_147_483_647],
    ids=["minus one", "least", "one over the limit", "greatest"],
)
def test_a_length_that_no_frame_has_ends_the_connection_at_once(
    kafka_cluster: KafkaCluster, opened: Opener, length: int
) -> None:
    for protocol in kafka_cluster.endpoints:
        with opened(kafka_cluster.access(protocol)) as wire:
            wire.send(struct.pack(">i", length))
            wire.assert_closed()


@pytest.mark.parametrize("length", [0, 1, 7], ids=["empty", "one byte", "half a header"])
def test_a_frame_too_short_for_a_header_ends_the_connection(
    kafka_cluster: KafkaCluster, opened: Opener, length: int
) -> None:
    with opened(kafka_cluster.access("SASL_PLAINTEXT")) as wire:
        wire.frame(b"\x00" * length)
        wire.assert_closed()


def test_a_frame_that_stops_half_way_is_not_answered(
    kafka_cluster: KafkaCluster, opened: Opener
) -> None:
    whole = request_bytes(API_VERSIONS, 0, 1, b"", flexible=False)
    with opened(kafka_cluster.access("SASL_PLAINTEXT")) as wire:
        wire.send(struct.pack(">i", len(whole)) + whole[:-3])
        wire.end_sending()
        wire.assert_closed()


def test_many_connections_that_announce_much_and_send_little_cost_little(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    broker = running_service.broker(kafka_cluster.id)
    before = broker.memory_info().rss
    with ExitStack() as stack:
        for _ in range(50):
            wire = stack.enter_context(authenticated(access))
            wire.send(struct.pack(">i", FRAME_BYTES_MAX) + b"\x00\x01")
        with connect(access) as other:
            assert api_versions(other)
        assert broker.memory_info().rss - before < FRAME_BYTES_MAX


def test_a_fetch_that_declares_a_huge_array_ends_the_connection(
    kafka_cluster: KafkaCluster,
) -> None:
    """29 bytes that make a decoder which trusts counts reserve gigabytes."""
    body = struct.pack(">iiiibii", -1, 500, 1, 1_000_000, 0, 0, -1) + struct.pack(">i", 2**31 - 1)
    assert len(body) == 29
    access = kafka_cluster.access("SASL_PLAINTEXT")
    with authenticated(access) as wire, pytest.raises(ClosedError):
        wire.request(FETCH, 11, body)


def test_metadata_for_a_huge_number_of_topics_ends_the_connection(
    kafka_cluster: KafkaCluster,
) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    with authenticated(access) as wire, pytest.raises(ClosedError):
        wire.request(METADATA, 1, struct.pack(">i", 2**31 - 1))


def test_random_bytes_are_survived(kafka_cluster: KafkaCluster, opened: Opener) -> None:
    rng = random.Random(SEED)  # noqa: S311 - a fixed sequence, not a secret
    for protocol in kafka_cluster.endpoints:
        for _ in range(20):
            with opened(kafka_cluster.access(protocol)) as wire, ignoring_the_end():
                wire.send(rng.randbytes(rng.randrange(1, 20_000)))
                wire.settle()


def test_random_bodies_of_every_api_and_version_are_survived(kafka_cluster: KafkaCluster) -> None:
    rng = random.Random(SEED)  # noqa: S311 - a fixed sequence, not a secret
    access = kafka_cluster.access("SASL_PLAINTEXT")
    with connect(access) as wire:
        offered = api_versions(wire)
    for api in offered:
        for version in range(api.first, api.last + 1):
            for body in random_bodies(rng):
                with authenticated(access) as wire, ignoring_the_end():
                    wire.frame(good_header(api, version) + body)
                    wire.settle()


def random_bodies(rng: random.Random) -> tuple[bytes, ...]:
    """Noise of few bytes, of many, and such that its counts are large."""
    return rng.randbytes(12), rng.randbytes(500), b"\xff" * 40, b"\x7f" * 40, b"\x00" * 60


def good_header(api: ApiRange, version: int) -> bytes:
    flexible = version >= FLEXIBLE_FROM.get(api.key, 1_000)
    return request_bytes(api.key, version, 1, b"", flexible=flexible)


@contextmanager
def ignoring_the_end() -> Generator[None]:
    """A broker may hang up at any moment while it is sent nonsense."""
    try:
        yield
    except ClosedError:
        return
