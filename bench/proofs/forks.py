"""How long a fork of a gigabyte takes, and whether either side touches what both have."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
from confluent_kafka import Producer

from bench.proofs.first_produce import produce_one
from tools.running_service import Ready

FORKS = 20
SOURCE_BYTES = 1_000_000_000
SEGMENT_BYTES = 128 * 1024 * 1024
VALUE_BYTES = 100_000
FLUSH_SECONDS_MAX = 300.0
TOPIC = "first"


def fork_seconds(service: Ready, data_dir: Path) -> tuple[list[float], dict[str, Any]]:
    """Seconds of each of 20 forks of a gigabyte until usable; what is known of the files shared.

    Shared files are compared before and after both sides were written and restarted.
    `patched_seen` is the control: whether one byte patched in a fork's directory is noticed.
    """
    headers = {"Authorization": f"Bearer {service.api_key}"}
    with httpx2.Client(base_url=service.api_url, headers=headers, timeout=120) as client:
        key = _ask(client, "POST", "/v1/api-keys", {"name": "forks"})
        source = _ask(client, "POST", "/v1/clusters", {"name": "fork-source", "plan": "dev"})
        configs = {"segment.bytes": str(SEGMENT_BYTES)}
        topics = f"/v1/clusters/{source['id']}/topics"
        _ask(client, "POST", topics, {"name": TOPIC, "partitions": 1, "configs": configs})
        _fill(source, key)
        took: list[float] = []
        safety: dict[str, Any] = {}
        for number in range(FORKS):
            began = time.perf_counter()
            path = f"/v1/clusters/{source['id']}:fork"
            copy = _ask(client, "POST", path, {"name": f"fork-{number}"})
            took.append(time.perf_counter() - began)
            if number == 0:
                safety = _touched(client, data_dir / "clusters", (source, copy), key)
            _ask(client, "DELETE", f"/v1/clusters/{copy['id']}?purge=true")
        _ask(client, "DELETE", f"/v1/clusters/{source['id']}?purge=true")
    return took, safety


def _fill(cluster: dict[str, Any], key: dict[str, Any]) -> None:
    producer = Producer(
        {
            "bootstrap.servers": cluster["endpoints"]["kafka"]["sasl_ssl"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": key["id"],
            "sasl.password": key["secret"],
            "ssl.ca.pem": cluster["ca_certificate"],
            "enable.idempotence": True,
        }
    )
    value = b"\x5a" * VALUE_BYTES
    for _ in range(SOURCE_BYTES // VALUE_BYTES):
        while True:
            try:
                producer.produce(TOPIC, value)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(FLUSH_SECONDS_MAX) == 0, "not every record was acknowledged"


def _touched(
    client: httpx2.Client,
    clusters: Path,
    sides: tuple[dict[str, Any], dict[str, Any]],
    key: dict[str, Any],
) -> dict[str, Any]:
    source, copy = sides
    shared = shared_files(clusters / source["id"], clusters / copy["id"])
    before = digests(shared)
    for side in sides:
        produce_one(side, key)
        _ask(client, "POST", f"/v1/clusters/{side['id']}:restart")
        produce_one(side, key)
    after = digests(shared)
    return {
        "shared_files": len(shared),
        "shared_bytes": sum(one.stat().st_size for one in shared.values()),
        "touched": count_changed(before, after),
        "patched_seen": _patched(shared, before),
    }


def shared_files(source: Path, copy: Path) -> dict[int, Path]:
    """Return segments that both directories have, by inode, as the copy names them."""
    inodes = {one.stat().st_ino for one in source.glob("topics/*/*.log")}
    ours = {one.stat().st_ino: one for one in copy.glob("topics/*/*.log")}
    return {inode: one for inode, one in ours.items() if inode in inodes}


def digests(files: Mapping[int, Path]) -> dict[int, str]:
    """Return the SHA-256 of each file."""
    return {inode: _digest(path) for inode, path in files.items()}


def count_changed(before: Mapping[int, str], after: Mapping[int, str]) -> int:
    """Count the files whose content is another one."""
    return sum(before[inode] != after[inode] for inode in before)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _patched(files: Mapping[int, Path], before: Mapping[int, str]) -> bool:
    """Patch a byte of one file in place, look, and put it back."""
    inode, path = next(iter(files.items()))
    with path.open("r+b") as file:
        file.seek(-1, SEEK_END)
        last = file.read(1)
        _overwrite_last(file, bytes([last[0] ^ 1]))
        is_seen = count_changed({inode: before[inode]}, digests({inode: path})) == 1
        _overwrite_last(file, last)
    return is_seen


def _overwrite_last(file: BinaryIO, byte: bytes) -> None:
    file.seek(-1, SEEK_END)
    file.write(byte)
    file.flush()


def _ask(client: httpx2.Client, method: str, path: str, body: object = None) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.is_success, answer.text
    assert answer.status_code != httpx2.codes.ACCEPTED, "it took longer than the wait"
    return answer.json() if answer.content else {}
