"""Kafka Streams and Kafka Connect, with the credentials that were printed for a cluster.

Each is stopped and started again, and goes on where it had been.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.clients import reference
from tests.clients.catalog import proves
from tests.clients.java_tools import java
from tests.clients.mill import Mill
from tests.clients.programs import pause, reading
from tests.clients.samples import poll_until
from tests.fixtures.kafka_access import KafkaAccess
from tools.client_programs import JAVA_BUILT

CONNECT: Final = "org.apache.kafka.connect.cli.ConnectStandalone"
TEXT: Final = "org.apache.kafka.connect.storage.StringConverter"
FILES: Final = "org.apache.kafka.connect.file"
SOURCE: Final = "source.txt"
SINK: Final = "sink.txt"
LINES: Final = ("The mill wheel turns", "the headrace feeds the wheel", "water turns the mill")


@pytest.mark.xdist_group("clients-streams")
@pytest.mark.parametrize(
    "guarantee",
    [
        pytest.param(
            "at_least_once",
            marks=proves("Kafka Streams", "produce", "consume", "resume", "administration"),
        ),
        pytest.param(
            "exactly_once_v2", marks=proves("Kafka Streams", "transactions", "oauthbearer")
        ),
    ],
)
def test_words_are_counted_and_counted_on_after_a_restart(
    mill: Mill, tmp_path: Path, guarantee: str
) -> None:
    """At least once with a password, exactly once with tokens of an issuer."""
    access = mill.kafka.access()
    by_tokens = guarantee == "exactly_once_v2"
    lines, counts = mill.kafka.topic("lines", 2), mill.kafka.topic("counts", 1)
    config = write(
        tmp_path / "streams.properties",
        mill.java("streams") if by_tokens else access.java(),
        {
            "bootstrap.servers": mill.address if by_tokens else access.bootstrap,
            "application.id": f"{lines}-words",
            "state.dir": str(tmp_path / "state"),
            "commit.interval.ms": "100",
            "num.stream.threads": "1",
            "processing.guarantee": guarantee,
            "consumer.auto.offset.reset": "earliest",
            "consumer.heartbeat.interval.ms": "300",
            # It does not leave its group when it ends; the next one waits for its session's end.
            "consumer.session.timeout.ms": "6000",
        },
    )
    command = [
        *java(JAVA_BUILT, options=mill.java_options),
        "WordCount",
        str(config),
        lines,
        counts,
    ]

    for times in (1, 2):
        send_lines(access, lines, LINES)
        wanted = count_words(LINES * times)
        with reading(command):
            poll_until(
                lambda wanted=wanted: last_counts(access, counts) == wanted,
                pause,
                f"{wanted}",
            )


@pytest.mark.xdist_group("clients-connect")
@proves("Kafka Connect", "produce", "consume", "resume", "oauthbearer")
def test_lines_of_a_file_come_to_another_file_once_and_in_order(mill: Mill, tmp_path: Path) -> None:
    """First with a password, then with tokens of an issuer."""
    access, topic = mill.kafka.access(), mill.kafka.topic("connect", 1)
    source, sink = tmp_path / SOURCE, tmp_path / SINK
    sink.touch()
    files = (topic, tmp_path, mill.java_options)
    by_password = connect_command("by-password", access.bootstrap, access.java(), *files)
    by_tokens = connect_command("by-tokens", mill.address, mill.java("connect"), *files)

    # The source counts characters where it later skips bytes, so there is nothing but ASCII.
    sent = [f"line {number}" for number in range(100)]

    for end, command in ((50, by_password), (100, by_tokens)):
        source.write_text("".join(f"{line}\n" for line in sent[:end]), encoding="utf-8")
        with reading(command):
            poll_until(lambda end=end: len(read_lines(sink)) >= end, pause, f"{end} lines")

    assert read_lines(sink) == sent
    assert reference.committed(access, f"connect-{topic}-sink", topic) == len(sent)


def connect_command(
    name: str,
    bootstrap: str,
    login: str,
    topic: str,
    directory: Path,
    options: Sequence[str],
) -> list[str]:
    """A worker with a source and a sink, as three files of properties; `login` are lines of one."""
    security = dict(line.split("=", 1) for line in login.splitlines())
    prefixed = {
        f"{role}.{name}": value
        for role in ("producer", "consumer", "admin")
        for name, value in security.items()
    }
    worker = write(
        directory / name,
        login,
        prefixed
        | {
            "bootstrap.servers": bootstrap,
            "key.converter": TEXT,
            "value.converter": TEXT,
            "offset.storage.file.filename": str(directory / "offsets"),
            "offset.flush.interval.ms": "500",
            "listeners": "http://127.0.0.1:0",
            "plugin.discovery": "service_load",
        },
    )
    source_file = write(
        directory / "source.properties",
        "",
        {
            "name": f"{topic}-source",
            "connector.class": f"{FILES}.FileStreamSourceConnector",
            "file": str(directory / SOURCE),
            "topic": topic,
        },
    )
    sink_file = write(
        directory / "sink.properties",
        "",
        {
            "name": f"{topic}-sink",
            "connector.class": f"{FILES}.FileStreamSinkConnector",
            "file": str(directory / SINK),
            "topics": topic,
        },
    )
    return [*java(options=options), CONNECT, str(worker), str(source_file), str(sink_file)]


def write(path: Path, first: str, settings: dict[str, str]) -> Path:
    """A file of properties; `first` are lines that begin it."""
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    path.write_text(first + lines, encoding="utf-8")
    return path


def send_lines(access: KafkaAccess, topic: str, lines: Iterable[str]) -> None:
    records: list[reference.Fields] = [
        {"partition": number % 2, "key": None, "value": line, "headers": []}
        for number, line in enumerate(lines)
    ]
    reference.send(access, topic, records)


def count_words(lines: Iterable[str]) -> dict[str, int]:
    return dict(Counter(re.findall(r"\w+", " ".join(lines).lower())))


def last_counts(access: KafkaAccess, topic: str) -> dict[str, int]:
    """The newest count of each word."""
    records = reference.read_committed(access.librdkafka(), topic)
    return {record["key"]: int(record["value"]) for record in records}


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
