"""Records to send, and how they are written for the service."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

BATCH_RECORDS_MAX = 500
BATCH_BYTES_MAX = 1024 * 1024


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record to produce, in bytes. Without `partition` the key decides, as Java clients do.

    `timestamp` is an instant or milliseconds since 1970; without it, it is now.
    """

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None
    timestamp: datetime | int | None = None


class _Data(msgspec.Struct):
    type: str
    data: str


class _Header(msgspec.Struct):
    name: str
    value: str | None


class _Wire(msgspec.Struct, omit_defaults=True):
    partition_id: int | None = None
    headers: list[_Header] = []
    key: _Data | None = None
    value: _Data | None = None
    timestamp: datetime | int | None = None


_encoder = msgspec.json.Encoder()


def encode(record: NewRecord) -> bytes:
    """Return the JSON document that stands for a record."""
    return _encoder.encode(
        _Wire(
            partition_id=record.partition,
            headers=[_Header(name, _base64(content)) for name, content in record.headers],
            key=_data(record.key),
            value=_data(record.value),
            timestamp=record.timestamp,
        )
    )


def batches(documents: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Group documents into requests of a bounded size."""
    batch: list[bytes] = []
    size = 0
    for document in documents:
        if batch and (len(batch) >= BATCH_RECORDS_MAX or size + len(document) > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += len(document) + 1
    if batch:
        yield batch


def _data(content: bytes | None) -> _Data | None:
    if content is None:
        return None
    try:  # text is shorter than base64, and readable on the wire
        return _Data("STRING", content.decode())
    except UnicodeDecodeError:
        return _Data("BINARY", b64encode(content).decode())


def _base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
