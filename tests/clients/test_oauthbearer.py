"""Clients that log in by SASL/OAUTHBEARER over TLS, with a token that speaks for an API key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from control_plane.identity.tokens import SignedToken
from tests.clients.acl_admin import admin, create, produced, rule
from tests.clients.java_tools import java
from tests.clients.programs import run
from tests.clients.samples import poll_until
from tests.fixtures.cluster_tokens import token_of
from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

# `confluent_kafka.admin` documents this name as its own but does not mark it as exported.
from confluent_kafka.admin._acl import AclOperation  # isort: skip

pytestmark = pytest.mark.xdist_group("clients-oauthbearer")


@pytest.fixture(scope="module")
def token(running_service: RunningService, kafka_cluster: KafkaCluster) -> SignedToken:
    """A token of the cluster's API key."""
    return token_of(running_service, kafka_cluster.username, kafka_cluster.id)


Librdkafka = dict[str, str | int | bool | Callable[[str], tuple[str, float]]]


ADMIN = cast("Callable[[Librdkafka], AdminClient]", AdminClient)
"""Its options may be callbacks, which its annotations leave out."""


def librdkafka(cluster: KafkaCluster, token: SignedToken) -> Librdkafka:
    return {
        "bootstrap.servers": cluster.endpoints["SASL_SSL"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": str(cluster.ca_file),
        "oauth_cb": lambda _: (token.value, token.expires_at.timestamp()),
    }


def test_confluent_kafka_is_who_its_token_says(
    kafka_cluster: KafkaCluster, token: SignedToken
) -> None:
    topic, options = kafka_cluster.topic("token-confluent", 1), librdkafka(kafka_cluster, token)
    producer = Producer(options)
    assert produced(producer, topic) is None
    received: list[Message] = []
    settings = {"group.id": "token-confluent", "auto.offset.reset": "earliest"}
    consumer = Consumer({**options, **settings})
    consumer.subscribe([topic])

    def step() -> None:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            received.append(message)

    poll_until(lambda: bool(received), step, "a record comes back")
    assert received[0].value() == b"value"
    consumer.close()

    keeper = admin(kafka_cluster.access().librdkafka())
    create(keeper, rule(topic, f"User:{kafka_cluster.username}", AclOperation.READ))
    refused = produced(producer, topic)
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_token_of_another_cluster_is_refused(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    other = token_of(running_service, kafka_cluster.username, "lkc_0000000000000000")
    client = ADMIN(librdkafka(kafka_cluster, other))
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)


def test_java_clients_log_in_by_a_token(
    kafka_cluster: KafkaCluster, token: SignedToken, tmp_path: Path
) -> None:
    topic = kafka_cluster.topic("token-java", 1)
    token_file = tmp_path / "token"
    token_file.write_text(token.value, encoding="utf-8")
    package = "org.apache.kafka.common.security.oauthbearer"
    config = tmp_path / "client.properties"
    config.write_text(
        "security.protocol=SASL_SSL\n"
        "sasl.mechanism=OAUTHBEARER\n"
        f"sasl.jaas.config={package}.OAuthBearerLoginModule required;\n"
        f"sasl.login.callback.handler.class={package}.OAuthBearerLoginCallbackHandler\n"
        f"sasl.oauthbearer.token.endpoint.url={token_file.as_uri()}\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={kafka_cluster.ca_file}\n",
        encoding="utf-8",
    )
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={token_file.as_uri()}"
    server = ["--bootstrap-server", kafka_cluster.endpoints["SASL_SSL"], "--topic", topic]
    common = [*server, "--command-config", str(config)]
    tool = java(options=[allowed])
    run([*tool, "org.apache.kafka.tools.ConsoleProducer", *common], ["one", "two"])
    consumer = [*tool, "org.apache.kafka.tools.consumer.ConsoleConsumer", *common]
    assert run([*consumer, "--from-beginning", "--max-messages", "2"]) == ["one", "two"]
