"""`headrace-broker inspect` as a person and a script call it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import kafka_wire as wire
from bench.durability import brokers, writers
from bench.durability.rot import flip
from tools.paths import BROKER_BINARY

SOUND, UNREADABLE, DAMAGED = 0, 1, 4
BATCHES = 12


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What a broker left that was killed after some writing."""
    data = tmp_path / "data"
    broker = brokers.start(data, tmp_path / "log")
    with broker.connect() as connection:
        connection.create_topic(writers.TOPIC, 2, {"segment.ms": "10"})
    for writer in writers.make(2, 2, seed=1):
        writers.write(writer, broker.port, BATCHES)
    broker.kill()
    return data


def inspect(data: Path, *options: str) -> tuple[int, str]:
    command = [str(BROKER_BINARY), "inspect", str(data), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def items(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def fingerprint(data: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat().st_mtime_ns)
        for path in data.rglob("*")
        if path.is_file()
    }


def test_everything_is_told_and_nothing_is_written(data: Path) -> None:
    before = fingerprint(data)
    status, output = inspect(data, "--json", "--batches", "--producers")
    assert status == SOUND, output
    found = items(output)
    kinds = [item["kind"] for item in found]
    assert kinds.count("topic") == 1
    assert kinds.count("batch") == 2 * BATCHES
    assert kinds[-1] == "summary"
    partitions = [item for item in found if item["kind"] == "partition"]
    assert [(item["topic"], item["partition"]) for item in partitions] == [("kept", 0), ("kept", 1)]
    assert kinds.count("producer") == 2
    held = [item for item in found if item["kind"] == "wal_partition"]
    assert [item["partition"] for item in held] == [0, 1]
    assert all(item["batches"] > 0 and item["next_offset"] > 0 for item in held)
    assert {"wal_file", "wal_block", "usage_meter"} <= set(kinds)
    assert fingerprint(data) == before


def test_a_person_gets_a_table(data: Path) -> None:
    status, output = inspect(data)
    assert status == SOUND
    assert "kept/1" in output
    assert "damaged 0" in output.splitlines()[-1]


def test_rot_is_told_by_name_and_by_the_exit_status(data: Path) -> None:
    # After a stop in order everything was synced: what is wrong then is no torn tail.
    broker = brokers.start(data, data.parent / "log")
    with broker.connect() as connection:
        connection.offset(writers.TOPIC, 0, wire.LATEST)
    broker.stop()
    segment = min(data.rglob("*.log"))
    flip(segment, 8 * (segment.stat().st_size - 1))
    status, output = inspect(data)
    assert status == DAMAGED
    assert f"DAMAGED {segment.relative_to(data)}: a batch's CRC does not match" in output


def test_damage_beside_the_logs_is_told_as_well(data: Path) -> None:
    meter, wal = data / "usage" / "meter", data / "wal" / "0000.wal"
    for path in (meter, wal):
        flip(path, 8 * 10)
    status, output = inspect(data)
    assert status == DAMAGED
    assert "DAMAGED usage/meter: usage_file_damaged" in output
    assert "DAMAGED wal/0000.wal: the file header is damaged" in output
    assert output.splitlines()[-1].endswith("damaged 2")


def test_what_is_not_there_can_not_be_read(tmp_path: Path) -> None:
    status, output = inspect(tmp_path / "nowhere")
    assert status == UNREADABLE
    assert "there is no directory" in output
