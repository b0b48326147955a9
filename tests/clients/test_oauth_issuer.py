"""Real clients that an organization's own issuer of tokens vouches for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer

from tests.clients.acl_admin import admin, create, produced, rule
from tests.clients.catalog import proves
from tests.clients.java_tools import java
from tests.clients.mill import Mill
from tests.clients.programs import run
from tests.clients.samples import poll_until

# `confluent_kafka.admin` documents this name as its own but does not mark it as exported.
from confluent_kafka.admin._acl import AclOperation  # isort: skip

pytestmark = pytest.mark.xdist_group("clients-oauthbearer")


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


def test_an_unsigned_token_of_kcat_is_refused(mill: Mill) -> None:
    """It can make no other one itself, and as Debian builds it can not ask an issuer."""
    program = shutil.which("kcat")
    assert program is not None, "kcat is not on PATH; `make setup-tests` installs it"
    options = {
        "bootstrap.servers": mill.address,
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(mill.kafka.ca_file),
        "sasl.mechanism": "OAUTHBEARER",
        "enable.sasl.oauthbearer.unsecure.jwt": "true",
        "sasl.oauthbearer.config": "principal=writer",
    }
    command = [program, "-L", "-m", "1", *(f"-X{name}={told}" for name, told in options.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SASL authentication error" in done.stderr


@proves("kafka-console-producer, kafka-console-consumer", "oauthbearer")
def test_java_clients_log_in_by_their_issuer(mill: Mill, tmp_path: Path) -> None:
    topic = mill.kafka.topic("issued-java", 1)
    create(admin(mill.librdkafka("keeper")), rule(topic, "User:oauth:java", AclOperation.ALL))
    config = tmp_path / "client.properties"
    config.write_text(mill.java("java"), encoding="utf-8")
    common = ["--bootstrap-server", mill.address, "--topic", topic, "--command-config", str(config)]
    tool = java(options=mill.java_options)
    run([*tool, "org.apache.kafka.tools.ConsoleProducer", *common], ["one", "two"])
    consumer = [*tool, "org.apache.kafka.tools.consumer.ConsoleConsumer", *common]
    assert run([*consumer, "--from-beginning", "--max-messages", "2"]) == ["one", "two"]
