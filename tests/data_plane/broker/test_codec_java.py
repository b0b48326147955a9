"""The wire codec against the classes of Kafka's own client."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.java_artifacts import fetch_java_artifacts, jar
from tools.paths import BROKER

ORACLE = Path(__file__).with_name("CodecOracle.java")
MESSAGES_MIN = 170

# The corpus is made once, in one worker, by a program that may have to be compiled first.
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("codec")]


def run(command: list[str], text: str | None = None) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        command, cwd=BROKER, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def corpus() -> str:
    """Random messages as our codec writes them, one `NAME VERSION HEX` a line."""
    cargo = shutil.which("cargo")
    assert cargo is not None, "cargo is not on the path"
    # With the whole workspace's features: so the broker's tests have compiled all of it before.
    run([cargo, "build", "--quiet", "--locked", "--workspace", "--examples"])
    return run([str(BROKER / "target" / "debug" / "examples" / "corpus")])


def judge(lines: str) -> list[str]:
    """What Kafka's classes object to, and at the end how many lines they read."""
    fetch_java_artifacts()
    java = shutil.which("java")
    assert java is not None, "java is not on the path"
    return run([java, "-cp", str(jar("kafka-clients-4.3.1")), str(ORACLE)], lines).splitlines()


def test_kafka_reads_what_we_write_and_writes_it_alike(corpus: str) -> None:
    """Every message in every version survives Kafka's classes byte for byte."""
    assert judge(corpus) == [str(len(corpus.splitlines()))]


def test_kafka_objects_to_a_message_that_is_written_wrongly() -> None:
    """The oracle sees a byte too many and a byte too few."""
    right = "00000000000000"
    heartbeats = [right, right + "00", right[:-2]]
    verdict = judge("".join(f"HeartbeatResponse 4 {hexadecimal}\n" for hexadecimal in heartbeats))
    assert [line.split(" ", 1)[0] for line in verdict] == ["1", "unreadable", "3"]


def test_the_corpus_holds_every_message(corpus: str) -> None:
    """The oracle would pass an empty corpus; this would not."""
    names = {line.split(" ", 1)[0] for line in corpus.splitlines()}
    assert len(names) >= MESSAGES_MIN
