"""APIs and versions that the broker does not offer."""

from __future__ import annotations

import pytest

from tests.bad_input.wire import (
    API_VERSIONS,
    UNSUPPORTED_VERSION,
    api_versions,
    authenticated,
    connect,
    parse_api_versions,
    request_bytes,
)
from tests.fixtures.kafka_access import KafkaCluster

pytestmark = pytest.mark.xdist_group("bad-input")


def test_an_unknown_version_of_api_versions_is_answered_in_version_0_with_error_35(
    kafka_cluster: KafkaCluster,
) -> None:
    with connect(kafka_cluster.access("SASL_PLAINTEXT")) as wire:
        answer = wire.request(API_VERSIONS, 32_767, b"\x01\x01\x00", flexible=True)
        code, offered = parse_api_versions(answer)

        assert code == UNSUPPORTED_VERSION
        assert API_VERSIONS in {api.key for api in offered}
        assert api_versions(wire), "the connection goes on"


def test_a_version_that_is_not_offered_ends_the_connection(kafka_cluster: KafkaCluster) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    with connect(access) as wire:
        offered = api_versions(wire)
    for api in offered:
        if api.key != API_VERSIONS:
            with authenticated(access) as wire:
                wire.frame(request_bytes(api.key, api.last + 1, 1, b"\x00" * 16, flexible=True))
                wire.assert_closed()


@pytest.mark.parametrize("key", [4, 7, 58, 1_000, 32_767, -1])
def test_an_api_that_is_not_offered_ends_the_connection(
    kafka_cluster: KafkaCluster, key: int
) -> None:
    with authenticated(kafka_cluster.access("SASL_PLAINTEXT")) as wire:
        wire.frame(request_bytes(key, 0, 1, b"\x00" * 16, flexible=False))
        wire.assert_closed()


def test_a_request_before_authentication_ends_the_connection(kafka_cluster: KafkaCluster) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    with connect(access) as wire:
        offered = api_versions(wire)
    handshakes = {API_VERSIONS, 17, 36}
    for api in offered:
        if api.key not in handshakes:
            with connect(access) as wire:
                wire.frame(request_bytes(api.key, api.last, 1, b"\x00" * 16, flexible=False))
                wire.assert_closed()
