"""Without a registry: the example as it is, by a filesystem mirror with init and a lock file."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from tools.paths import ROOT
from tools.running_service import RunningService
from tools.terraform_cli import SOURCE, VERSION, Configuration, copy_example, mirror_config

pytestmark = pytest.mark.xdist_group("terraform")

ACK_SECONDS_MAX = 30


def test_the_example_ends_on_a_cluster_that_programs_use(
    tmp_path: Path, running_service: RunningService
) -> None:
    directory = copy_example("first-cluster", tmp_path)
    settings = {
        "HEADRACE_URL": running_service.ready.api_url,
        "HEADRACE_API_KEY": running_service.ready.api_key,
    }
    configuration = Configuration(directory, mirror_config(tmp_path), settings)
    configuration.run("init", "-input=false")
    lock = (directory / ".terraform.lock.hcl").read_text(encoding="utf-8")
    assert SOURCE in lock
    assert f'version     = "{VERSION}"' in lock
    configuration.apply()
    configuration.plan(expect=0)

    def output(name: str) -> str:
        return configuration.run("output", "-raw", name).stdout

    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": output("bootstrap_servers"),
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": output("username"),
        "sasl.password": output("password"),
        "ssl.ca.pem": output("ca_certificate"),
    }
    producer = Producer(options)
    producer.produce(output("topic"), b"hello", partition=0)
    assert producer.flush(ACK_SECONDS_MAX) == 0
    consumer = Consumer({**options, "group.id": "first", "auto.offset.reset": "earliest"})
    consumer.subscribe([output("topic")])
    message = consumer.poll(ACK_SECONDS_MAX)
    assert message is not None
    assert message.value() == b"hello"
    consumer.close()
    configuration.destroy()


def test_the_example_is_formatted(tmp_path: Path) -> None:
    configuration = Configuration(ROOT / "terraform", mirror_config(tmp_path), {})
    configuration.run("fmt", "-check", "-recursive")
