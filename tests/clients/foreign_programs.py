"""How the program of each client in `foreign/` is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.clients.catalog import Client
from tests.clients.java_tools import java
from tests.clients.program import Program
from tools.client_programs import GO_BUILT, JAVA_BUILT, NODE_BUILT, RUST_BUILT
from tools.node import find_node

PYTHON_PROGRAMS: Final = "tests.clients.foreign.python"


def start(client: Client, access: Mapping[str, str]) -> Program:
    """Start the program of a client and tell it how to reach the cluster (`foreign/README.md`)."""
    return Program(COMMANDS[client.name](), access, {**os.environ, **find_node().environment})


def _built(path: Path) -> list[str]:
    assert path.exists(), f"{path} is missing; `make setup-tests` builds it"
    return [str(path)]


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", f"{PYTHON_PROGRAMS}.{module}"]


def _node(name: str) -> list[str]:
    return ["node", *_built(NODE_BUILT / name)]


COMMANDS: Final[Mapping[str, Callable[[], list[str]]]] = {
    "Java client": lambda: [*java(JAVA_BUILT), "JavaClient"],
    "confluent-kafka (Python)": lambda: _python("confluent_program"),
    "kafka-python": lambda: _python("kafka_python_program"),
    "aiokafka": lambda: _python("aiokafka_program"),
    "franz-go": lambda: _built(GO_BUILT / "franz"),
    "sarama": lambda: _built(GO_BUILT / "sarama"),
    "KafkaJS": lambda: _node("kafkajs.mjs"),
    "@confluentinc/kafka-javascript": lambda: _node("confluent.mjs"),
    "rust-rdkafka": lambda: _built(RUST_BUILT),
}
