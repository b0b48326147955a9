"""Real clients that an organization's own issuer of tokens vouches for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from tests.clients.acl_admin import admin, create, produced, rule
from tests.clients.java_tools import java
from tests.clients.programs import run
from tests.clients.samples import poll_until
from tests.fixtures.identity_provider import IdentityProvider
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.running_service import create_kafka_cluster
from tools.running_service import RunningService

# `confluent_kafka.admin` documents this name as its own but does not mark it as exported.
from confluent_kafka.admin._acl import AclOperation  # isort: skip

pytestmark = pytest.mark.xdist_group("clients-oauthbearer")

Options = dict[str, str | int | bool | Callable[[str], tuple[str, float]]]
ADMIN = cast("Callable[[Options], AdminClient]", AdminClient)
"""Its options may be callbacks, which its annotations leave out."""


@dataclass(frozen=True)
class Mill:
    """A cluster that takes tokens of an issuer, and the issuer."""

    kafka: KafkaCluster
    address: str
    provider: IdentityProvider

    def librdkafka(self, client_id: str) -> dict[str, str]:
        """Options of a client that asks the issuer for its tokens itself."""
        return {
            "bootstrap.servers": self.address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": client_id,
            "sasl.oauthbearer.client.secret": "secret",
            "sasl.oauthbearer.token.endpoint.url": self.provider.token_url,
            "ssl.ca.location": str(self.kafka.ca_file),
        }


@pytest.fixture(scope="module")
def mill(
    running_service: RunningService,
    session_identity_provider: IdentityProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mill:
    kafka = create_kafka_cluster(running_service, "by-issuer", tmp_path_factory.mktemp("mill"))
    wanted = {"oauth_issuer": session_identity_provider.wanted}
    with running_service.http() as http:
        changed = http.patch(f"/v1/clusters/{kafka.id}", json=wanted)
    assert changed.status_code == 200, changed.text
    address = changed.json()["endpoints"]["kafka"]["oauth"]
    return Mill(kafka, address, session_identity_provider)


def test_confluent_kafka_is_who_its_issuer_says(mill: Mill) -> None:
    topic, writer = mill.kafka.topic("issued", 1), mill.librdkafka("writer")
    create(admin(writer), rule(topic, "User:oauth:writer", AclOperation.ALL))
    assert produced(Producer(writer), topic) is None
    refused = produced(Producer(mill.librdkafka("reader")), topic)
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

    received: list[Message] = []
    settings = {"group.id": "issued", "auto.offset.reset": "earliest"}
    consumer = Consumer({**writer, **settings})
    consumer.subscribe([topic])

    def step() -> None:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            received.append(message)

    poll_until(lambda: bool(received), step, "a record comes back")
    assert received[0].value() == b"value"
    consumer.close()


def test_no_token_makes_its_bearer_an_api_key(mill: Mill) -> None:
    topic, key = mill.kafka.topic("issued-key", 1), mill.kafka.username
    create(admin(mill.kafka.access().librdkafka()), rule(topic, f"User:{key}", AclOperation.ALL))
    refused = produced(Producer(mill.librdkafka(key)), topic)
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_token_that_is_not_for_the_cluster_is_refused(mill: Mill) -> None:
    token = mill.provider.token("writer", aud="other")
    options: Options = {
        "bootstrap.servers": mill.address,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": str(mill.kafka.ca_file),
        "oauth_cb": lambda _: (token, 4_000_000_000.0),
    }
    with pytest.raises(KafkaException):
        ADMIN(options).list_topics(timeout=1)


def test_java_clients_log_in_by_their_issuer(mill: Mill, tmp_path: Path) -> None:
    topic = mill.kafka.topic("issued-java", 1)
    create(admin(mill.librdkafka("keeper")), rule(topic, "User:oauth:java", AclOperation.ALL))
    package = "org.apache.kafka.common.security.oauthbearer"
    module = f"{package}.OAuthBearerLoginModule"
    config = tmp_path / "client.properties"
    config.write_text(
        "security.protocol=SASL_SSL\n"
        "sasl.mechanism=OAUTHBEARER\n"
        f'sasl.jaas.config={module} required clientId="java" clientSecret="secret";\n'
        f"sasl.login.callback.handler.class={package}.OAuthBearerLoginCallbackHandler\n"
        f"sasl.oauthbearer.token.endpoint.url={mill.provider.token_url}\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={mill.kafka.ca_file}\n",
        encoding="utf-8",
    )
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={mill.provider.token_url}"
    common = ["--bootstrap-server", mill.address, "--topic", topic, "--command-config", str(config)]
    tool = java(options=[allowed])
    run([*tool, "org.apache.kafka.tools.ConsoleProducer", *common], ["one", "two"])
    consumer = [*tool, "org.apache.kafka.tools.consumer.ConsoleConsumer", *common]
    assert run([*consumer, "--from-beginning", "--max-messages", "2"]) == ["one", "two"]
