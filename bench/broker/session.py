"""A run of measurements: both brokers side by side in one directory."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.broker.brokers import HEADRACE, KAFKA, Broker, running
from bench.broker.rounds import Variant
from bench.broker.size import Size

KAFKA_SYNCED = "apache-kafka, flush.messages=1"
SEGMENTS = {"segment.bytes": str(2**30)}
SYNCED = {**SEGMENTS, "flush.messages": "1"}


@dataclass(frozen=True, kw_only=True)
class Session:
    """Two brokers that run, and how much is asked of them."""

    size: Size
    directory: Path
    headrace: Broker
    kafka: Broker

    @property
    def variants(self) -> list[Variant]:
        """Ours, synced as always, and Kafka as it is shipped."""
        return [
            Variant(name=HEADRACE, broker=self.headrace, settings=SEGMENTS),
            Variant(name=KAFKA, broker=self.kafka, settings=SEGMENTS),
        ]

    @property
    def synced(self) -> list[Variant]:
        """Both, and Kafka made to sync every request."""
        return [
            *self.variants,
            Variant(name=KAFKA_SYNCED, broker=self.kafka, settings=SYNCED),
        ]


@contextmanager
def session(size: Size, root: Path | None = None) -> Generator[Session]:
    """Start both brokers beside each other on the file system of `root` or of the checkout."""
    with (
        scratch(root) as directory,
        running(HEADRACE, directory / HEADRACE) as headrace,
        running(KAFKA, directory / KAFKA) as kafka,
    ):
        yield Session(size=size, directory=directory, headrace=headrace, kafka=kafka)


@contextmanager
def scratch(root: Path | None = None) -> Generator[Path]:
    """A directory that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-", dir=root) as directory:
        yield Path(directory)


def say(line: str) -> None:
    """Tell the person at the terminal how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)
