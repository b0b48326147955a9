"""Real clients that are known by certificates of an authority of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

# `confluent_kafka.admin` documents this name as its own but does not mark it as exported.
from confluent_kafka.admin._acl import AclOperation

from tests.clients.acl_admin import admin, create, produced, rule
from tests.clients.java_tools import java
from tests.clients.programs import run
from tests.clients.samples import PATIENCE_SECONDS, poll_until
from tests.fixtures.client_authority import ClientAuthority, Holder
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.running_service import create_kafka_cluster
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("clients-certificates")

RULES = "RULE:^CN=(.*?),O=Mill$/$1/L"


@dataclass(frozen=True)
class Mill:
    """A cluster that knows clients by certificates, and who signs them."""

    kafka: KafkaCluster
    address: str
    authority: ClientAuthority

    def librdkafka(self, holder: Holder | None) -> dict[str, str]:
        options = {
            "bootstrap.servers": self.address,
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.kafka.ca_file),
        }
        if holder is not None:
            options["ssl.certificate.location"] = str(holder.certificate_file)
            options["ssl.key.location"] = str(holder.key_file)
        return options


@pytest.fixture(scope="module")
def mill(running_service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Mill:
    directory = tmp_path_factory.mktemp("mill")
    kafka = create_kafka_cluster(running_service, "by-certificates", directory)
    authority = ClientAuthority(directory)
    wanted = {"mode": "required", "authorities": authority.pem, "mapping_rules": RULES}
    with running_service.http() as http:
        changed = http.patch(f"/v1/clusters/{kafka.id}", json={"client_certificates": wanted})
    assert changed.status_code == 200, changed.text
    return Mill(kafka, changed.json()["endpoints"]["kafka"]["ssl"], authority)


def test_confluent_kafka_is_who_its_certificate_says(mill: Mill) -> None:
    topic = mill.kafka.topic("certified", 1)
    writer = mill.librdkafka(mill.authority.issue("Writer"))
    create(admin(writer), rule(topic, "User:writer", AclOperation.ALL))

    assert produced(Producer(writer), topic) is None
    refused = produced(Producer(mill.librdkafka(mill.authority.issue("Reader"))), topic)
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

    received: list[Message] = []
    settings = {"group.id": "certified", "auto.offset.reset": "earliest"}
    consumer = Consumer({**writer, **settings})
    consumer.subscribe([topic])

    def step() -> None:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            received.append(message)

    poll_until(lambda: bool(received), step, "a record comes back")
    assert received[0].value() == b"value"
    consumer.close()


def test_who_shows_no_certificate_or_a_strangers_one_is_refused(mill: Mill, tmp_path: Path) -> None:
    for holder in (None, ClientAuthority(tmp_path).issue("Writer"), mill.authority.issue("hk_1")):
        client = AdminClient({**mill.librdkafka(holder)})
        with pytest.raises(KafkaException):
            client.list_topics(timeout=1)
    known = AdminClient({**mill.librdkafka(mill.authority.issue("Writer"))})
    assert known.list_topics(timeout=PATIENCE_SECONDS).cluster_id == mill.kafka.id


def test_java_clients_are_known_by_their_certificates(mill: Mill, tmp_path: Path) -> None:
    topic = mill.kafka.topic("java-certified", 1)
    holder = mill.authority.issue("Java")
    create(
        admin(mill.librdkafka(mill.authority.issue("Keeper"))),
        rule(topic, "User:java", AclOperation.ALL),
    )
    config = tmp_path / "client.properties"
    config.write_text(
        "security.protocol=SSL\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={mill.kafka.ca_file}\n"
        f"ssl.keystore.type=PEM\nssl.keystore.location={holder.keystore_file}\n",
        encoding="utf-8",
    )
    common = ["--bootstrap-server", mill.address, "--topic", topic, "--command-config", str(config)]
    run([*java(), "org.apache.kafka.tools.ConsoleProducer", *common], ["one", "two"])
    consumer = [*java(), "org.apache.kafka.tools.consumer.ConsoleConsumer", *common]
    assert run([*consumer, "--from-beginning", "--max-messages", "2"]) == ["one", "two"]
