"""Writing and reading by HTTPS: streams of records in, pages of records out."""

from __future__ import annotations

import json
import ssl
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, Final

import httpx2

from tools.demo.checks import DemoError, Outcomes, ignore, require
from tools.demo.cluster import Cluster
from tools.demo.records import PARTITIONS, Record, Stored, by_partition

STREAM_RECORDS: Final = 1_000
"""Records in one request. This client writes all before it reads, so the reports must fit in
what the network buffers."""

PAGE_BYTES: Final = 1024 * 1024
TIMEOUT_SECONDS: Final = 30
THREADS: Final = 2
WRITTEN: Final = 200
NOT_WRITTEN: Final = "cluster_unreachable"

Numbered = tuple[int, Record]


@contextmanager
def https(cluster: Cluster) -> Generator[httpx2.Client]:
    """A client that trusts the cluster's authority and no other, with HTTP Basic."""
    with httpx2.Client(
        base_url=cluster.rest_url,
        auth=(cluster.key_id, cluster.secret),
        verify=ssl.create_default_context(cafile=cluster.ca_file),
        timeout=TIMEOUT_SECONDS,
    ) as client:
        yield client


class HttpsWriter:
    """Writes streams of records and keeps what it was told of each."""

    def __init__(
        self, client: httpx2.Client, cluster: Cluster, topic: str, on_ack: Callable[[int], None]
    ) -> None:
        self.outcomes = Outcomes()
        self._client = client
        self._path = f"/kafka/v3/clusters/{cluster.id}/topics/{topic}/records"
        self._on_ack = on_ack

    def send(self, records: Sequence[Numbered]) -> None:
        """Send one stream. Where no report comes back, the outcome stays unknown."""
        waiting = deque(number for number, _ in records)
        with suppress(httpx2.TransportError):
            for report in self._reports(records):
                self._record(waiting.popleft(), report)
        self.outcomes.unknown.update(waiting)

    def _reports(self, records: Sequence[Numbered]) -> Iterator[dict[str, Any]]:
        headers = {"Content-Type": "application/json"}
        content = (_document(record) for _, record in records)
        with self._client.stream("POST", self._path, content=content, headers=headers) as answer:
            if answer.status_code != HTTPStatus.OK:
                answer.read()
                yield from [answer.json()] * len(records)
                return
            yield from map(json.loads, answer.iter_lines())

    def _record(self, number: int, report: dict[str, Any]) -> None:
        if report["error_code"] == WRITTEN:
            self.outcomes.acknowledged[number] = (report["partition_id"], report["offset"])
            self._on_ack(number)
        elif report["code"] == NOT_WRITTEN:
            self.outcomes.refused.add(number)
        else:
            self.outcomes.unknown.add(number)


def write_all(cluster: Cluster, topic: str, records: Sequence[Record]) -> None:
    """Write all records, each partition in order; raises DemoError unless all were written."""
    with https(cluster) as client, ThreadPoolExecutor(THREADS) as pool:

        def write(part: Sequence[Record]) -> int:
            return _write_part(HttpsWriter(client, cluster, topic, ignore), part)

        written = sum(pool.map(write, by_partition(records).values()))
    require(written == len(records), f"{len(records) - written} records were not acknowledged")


def _write_part(writer: HttpsWriter, records: Sequence[Record]) -> int:
    for stream in in_streams(list(enumerate(records)), STREAM_RECORDS):
        writer.send(stream)
    return len(writer.outcomes.acknowledged)


def in_streams(records: Sequence[Numbered], size: int) -> Iterator[Sequence[Numbered]]:
    """Cut a load into streams of at most `size` records."""
    for start in range(0, len(records), size):
        yield records[start : start + size]


def read_all(cluster: Cluster, topic: str) -> list[Stored]:
    """Read every partition from its start to its end."""
    with https(cluster) as client, ThreadPoolExecutor(THREADS) as pool:

        def read(partition: int) -> list[Stored]:
            return list(_read_part(client, cluster, topic, partition))

        return [one for part in pool.map(read, range(PARTITIONS)) for one in part]


def _read_part(
    client: httpx2.Client, cluster: Cluster, topic: str, partition: int
) -> Iterator[Stored]:
    path = f"/v1/clusters/{cluster.id}/topics/{topic}/partitions/{partition}/records"
    offset = 0
    while True:
        answer = client.get(path, params={"offset": offset, "max_bytes": PAGE_BYTES})
        if answer.status_code != HTTPStatus.OK:
            raise DemoError(answer.text)
        page: dict[str, Any] = answer.json()
        for record in page["records"]:
            yield _stored(partition, record)
        if page["next_offset"] >= page["end_offset"]:
            return
        require(page["next_offset"] > offset, f"reading {topic} {partition} does not go on")
        offset = page["next_offset"]


def _stored(partition: int, message: dict[str, Any]) -> Stored:
    record = Record(
        partition=partition,
        key=b64decode(message["key"]),
        value=b64decode(message["value"]),
        headers=tuple((one["name"], b64decode(one["value"])) for one in message["headers"]),
    )
    return Stored(record=record, offset=message["offset"])


def _document(record: Record) -> bytes:
    """One record of a stream; the value goes as the JSON that it is."""
    headers = [
        {"name": name, "value": b64encode(content).decode()} for name, content in record.headers
    ]
    rest = {
        "partition_id": record.partition,
        "headers": headers,
        "key": {"type": "STRING", "data": record.key.decode()},
    }
    start = json.dumps(rest, ensure_ascii=False).removesuffix("}").encode()
    return start + b', "value": {"type": "JSON", "data": ' + record.value + b"}}\n"
