"""Wrong, missing and revoked credentials, by Kafka and by HTTP."""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from confluent_kafka import KafkaError, Producer

from api.embedded.authority import Authority
from control_plane.kit.clock import SystemClock
from tests.bad_input.wire import (
    METADATA,
    SASL_AUTHENTICATION_FAILED,
    SASL_HANDSHAKE,
    TIMEOUT_SECONDS,
    authenticated,
    connect,
    handshake,
    log_in,
)
from tests.clients.samples import poll_until
from tests.fixtures.kafka_access import KafkaCluster, Mechanism
from tests.fixtures.running_service import create_kafka_cluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("bad-input")

MECHANISMS: tuple[Mechanism, ...] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
UNSUPPORTED_SASL_MECHANISM = 33
ALL_TOPICS = b"\xff\xff\xff\xff"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_right_password_is_accepted(kafka_cluster: KafkaCluster, mechanism: Mechanism) -> None:
    """The control: what the next tests are refused for is the password."""
    with connect(kafka_cluster.access()) as wire:
        answer = log_in(wire, mechanism, kafka_cluster.username, kafka_cluster.password)

        assert answer.code == 0
        assert wire.request(METADATA, 1, ALL_TOPICS)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(
    kafka_cluster: KafkaCluster, mechanism: Mechanism
) -> None:
    wrong_secret = kafka_cluster.password[:-1] + "x"
    attempts = [
        (kafka_cluster.username, wrong_secret),
        (kafka_cluster.username, ""),
        ("hk_aaaaaaaaaaaaaaaa", kafka_cluster.password),
    ]
    refusals: set[tuple[int, str | None]] = set()
    for username, password in attempts:
        with connect(kafka_cluster.access()) as wire:
            answer = log_in(wire, mechanism, username, password)
            wire.assert_closed()
        refusals.add((answer.code, answer.message))

    ((code, message),) = refusals
    assert code == SASL_AUTHENTICATION_FAILED
    assert message
    assert kafka_cluster.username not in message


def test_an_unknown_mechanism_is_refused_by_naming_the_known_ones(
    kafka_cluster: KafkaCluster,
) -> None:
    with connect(kafka_cluster.access()) as wire:
        answer = wire.request(SASL_HANDSHAKE, 1, b"\x00\x06GSSAPI")

        assert int.from_bytes(answer[:2]) == UNSUPPORTED_SASL_MECHANISM
        for mechanism in MECHANISMS:
            assert mechanism.encode() in answer
    with connect(kafka_cluster.access()) as wire:
        assert handshake(wire, "scram-sha-512") == UNSUPPORTED_SASL_MECHANISM


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_client_is_told_that_its_password_is_wrong(
    kafka_cluster: KafkaCluster, mechanism: Mechanism
) -> None:
    access = replace(kafka_cluster.access("SASL_SSL", mechanism), password="wrong")

    await_error(access.librdkafka(), "SASL authentication error")


def test_a_client_that_trusts_another_installation_does_not_connect(
    running_service: RunningService, kafka_cluster: KafkaCluster, tmp_path: Path
) -> None:
    """Each installation has an authority of its own."""
    Authority.open(tmp_path, SystemClock())
    other = tmp_path / "ca.pem"

    await_error(replace(kafka_cluster.access(), ca_file=other).librdkafka(), "verify failed")
    with pytest.raises(httpx2.ConnectError, match="verify failed"):
        httpx2.get(
            f"{running_service.ready.api_url_tls}/healthz",
            verify=ssl.create_default_context(cafile=other),
        )


def test_a_revoked_key_loses_its_open_connections_and_is_refused_everywhere(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    key = running_service.command("api-key", "create", "--cluster", kafka_cluster.id)
    access = replace(
        kafka_cluster.access("SASL_PLAINTEXT"), username=key["id"], password=key["secret"]
    )
    topic = kafka_cluster.topic("revoked", 1)
    with authenticated(access) as wire, running_service.http(key["secret"]) as http:
        assert wire.request(METADATA, 1, ALL_TOPICS)
        assert produce(http, kafka_cluster, topic).status_code == 200

        running_service.command("api-key", "revoke", key["id"])

        wire.assert_closed()
        assert produce(http, kafka_cluster, topic).status_code == 401
        assert http.get("/v1/whoami").status_code == 401
    for mechanism in MECHANISMS:
        with connect(access) as wire:
            refusal = log_in(wire, mechanism, key["id"], key["secret"])
            assert refusal.code == SASL_AUTHENTICATION_FAILED


def test_a_key_of_one_cluster_is_refused_by_another(
    running_service: RunningService, kafka_cluster: KafkaCluster, tmp_path: Path
) -> None:
    """An organization's two clusters are as far from each other as those of two organizations."""
    other = create_kafka_cluster(running_service, "second", tmp_path)
    for mechanism in MECHANISMS:
        with connect(other.access()) as wire:
            refusal = log_in(wire, mechanism, kafka_cluster.username, kafka_cluster.password)
            assert refusal.code == SASL_AUTHENTICATION_FAILED
    topic = other.topic("closed", 1)
    with running_service.http(kafka_cluster.password) as http:
        absent = produce(http, replace(other, id="lkc_" + "a" * 16), topic)
        refused = produce(http, other, topic)

        assert (refused.status_code, refused.json()["code"]) == (404, "cluster_not_found")
        assert refused.json()["detail"] == absent.json()["detail"]
        assert other.id not in http.get("/v1/clusters").text
    with running_service.http() as http:
        assert http.delete(f"/v1/clusters/{other.id}").status_code in (202, 204)


def headers_without_a_key(cluster: KafkaCluster) -> dict[str, dict[str, str]]:
    """Everything that is not a credential, by what is wrong with it."""
    other_user = b64encode(f"hk_aaaaaaaaaaaaaaaa:{cluster.password}".encode()).decode()
    cut_secret = b64encode(f"{cluster.username}:{cluster.password[:-1]}".encode()).decode()
    return {
        "none": {},
        "empty": {"Authorization": ""},
        "no secret": {"Authorization": "Bearer"},
        "wrong secret": {"Authorization": f"Bearer {cluster.password[:-1]}x"},
        "long secret": {"Authorization": "Bearer " + "a" * 5_000},
        "no base64": {"Authorization": "Basic %%%"},
        "other user": {"Authorization": f"Basic {other_user}"},
        "cut secret": {"Authorization": f"Basic {cut_secret}"},
        "other scheme": {"Authorization": "Digest abc"},
    }


def test_http_without_a_good_key_is_refused_alike_on_every_route(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = f"/topics/{kafka_cluster.topic('keyless', 1)}"
    routes = [
        ("GET", "/v1/whoami"),
        ("GET", f"/v1/clusters/{kafka_cluster.id}"),
        ("POST", f"/v1/clusters/{kafka_cluster.id}/topics"),
        ("GET", f"/v1/clusters/{kafka_cluster.id}{topic}/partitions/0/records"),
        ("POST", f"/kafka/v3/clusters/{kafka_cluster.id}{topic}/records"),
    ]
    with running_service.http() as http:
        del http.headers["Authorization"]
        for name, headers in headers_without_a_key(kafka_cluster).items():
            for method, path in routes:
                answer = http.request(method, path, headers=headers, content=b"{}")
                problem: dict[str, Any] = answer.json()
                assert answer.status_code == 401, (name, path)
                assert problem["code"] == "credentials_invalid", (name, path)
                assert "WWW-Authenticate" in answer.headers, (name, path)


def produce(http: httpx2.Client, cluster: KafkaCluster, topic: str) -> httpx2.Response:
    """One good record by HTTP."""
    record = {"value": {"type": "STRING", "data": "x"}}
    return http.post(f"/kafka/v3/clusters/{cluster.id}/topics/{topic}/records", json=record)


def await_error(options: dict[str, str], says: str) -> None:
    """Wait until librdkafka tells its application of an error that says so."""
    errors: list[KafkaError] = []
    quiet = {"log_level": 0, "reconnect.backoff.ms": 1_000, "error_cb": errors.append}
    producer = Producer({**options, **quiet})

    def poll() -> None:
        producer.poll(TIMEOUT_SECONDS / 100)

    poll_until(lambda: any(says in error.str() for error in errors), poll, says)
