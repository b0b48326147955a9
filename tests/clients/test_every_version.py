"""Every version of every API that the broker offers is answered, as kafka-python's codec reads it.

Clients use a few versions each; the others are only ever met by somebody else's client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast
from uuid import UUID

import pytest

from tests.bad_input.wire import ApiRange, Wire, api_versions, authenticated, connect
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.kafka_requests import APIS, METADATA_KEY, NO_ID, PRODUCE_KEY, Topic

pytestmark = pytest.mark.xdist_group("clients-versions")

SASL_KEYS: Final = {17, 36}
"""Spoken by every connection of every test."""

METADATA_VERSION: Final = 12


def test_every_version_that_is_offered_is_answered(kafka_cluster: KafkaCluster) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    name = kafka_cluster.topic("versions", 2)
    with connect(access) as wire:
        offered = api_versions(wire)
    with authenticated(access) as wire:
        topic = find_topic(wire, name)
    assert {one.key for one in offered} == APIS.keys() | SASL_KEYS

    for one in offered:
        for version in versions(one):
            api = APIS[one.key]
            with authenticated(access) as wire:
                wire.send(api.encode(version, topic, correlation=version))
                answer = api.decode(version, wire.read_frame(), correlation=version)
            found = set(error_codes(answer))
            assert found <= api.codes, (one, version, answer)
            assert found or one.key == METADATA_KEY, (one, version)


def versions(offered: ApiRange) -> range:
    """The versions to ask for; Produce before 3 is only said to be offered (KAFKA-18659)."""
    if offered.key in SASL_KEYS:
        return range(0)
    first = 3 if offered.key == PRODUCE_KEY else offered.first
    return range(first, offered.last + 1)


def find_topic(wire: Wire, name: str) -> Topic:
    """The topic with the id that the broker gave it."""
    api = APIS[METADATA_KEY]
    wire.send(api.encode(METADATA_VERSION, Topic(name=name, id=NO_ID)))
    (row,) = api.decode(METADATA_VERSION, wire.read_frame())["topics"]
    return Topic(name=name, id=UUID(row["topic_id"]))


def error_codes(value: object) -> Iterator[int]:
    """Every error code in an answer, at any depth."""
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from error_codes(item)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            if name.endswith("error_code") and isinstance(item, int):
                yield item
            yield from error_codes(item)
