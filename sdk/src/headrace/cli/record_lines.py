"""Records as lines of text: what `produce` reads and `consume` writes."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from headrace.models import StoredRecord
from headrace.records import NewRecord

LINE_BYTES_MAX = 4 * 1024 * 1024


class LineError(Exception):
    """A line that is no record; the message says why."""


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str | None = None
    value_base64: str | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of NDJSON; what `consume -o json` writes beside it is known and not used."""

    key: msgspec.Raw = msgspec.Raw(b"null")
    key_base64: str | None = None
    value: msgspec.Raw = msgspec.Raw(b"null")
    value_base64: str | None = None
    headers: list[_Header] | dict[str, str | None] = []
    partition: int | None = None
    timestamp: int | None = None
    topic: str | None = None
    offset: int | None = None


_decoder = msgspec.json.Decoder(_Line)
_string_decoder = msgspec.json.Decoder(str)


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """Yield lines without their line feed. Raises LineError for one that does not end."""
    while line := source.readline(LINE_BYTES_MAX + 1):
        if len(line) > LINE_BYTES_MAX:
            raise LineError(f"is longer than {LINE_BYTES_MAX} bytes")
        yield line.removesuffix(b"\n")


def from_line(line: bytes) -> NewRecord:
    """Return the record whose value a line is."""
    return NewRecord(value=line)


def from_ndjson(line: bytes) -> NewRecord:
    """Return the record that a line of NDJSON describes.

    A string stands for its text, any other JSON for itself, null for none; `key_base64` and
    `value_base64` hold any bytes. Raises LineError.
    """
    try:
        found = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineError(f"is no record: {error}") from error
    return NewRecord(
        key=_content(found.key, found.key_base64),
        value=_content(found.value, found.value_base64),
        headers=tuple(_headers(found.headers)),
        partition=found.partition,
        timestamp=found.timestamp,
    )


def to_ndjson(topic: str, partition: int, record: StoredRecord) -> bytes:
    """Return a line that from_ndjson reads as the same key, value, headers and timestamp."""
    line: dict[str, Any] = {
        "topic": topic,
        "partition": partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        **_named("key", record.key_bytes),
        **_named("value", record.value_bytes),
        "headers": [{"name": h.name, **_named("value", h.content)} for h in record.headers],
    }
    return msgspec.json.encode(line)


def _named(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(content).decode()}


def _headers(found: list[_Header] | dict[str, str | None]) -> Iterator[tuple[str, bytes | None]]:
    if isinstance(found, dict):
        for name, text in found.items():
            yield name, None if text is None else text.encode()
        return
    for header in found:
        text = None if header.value is None else header.value.encode()
        yield header.name, text if header.value_base64 is None else _bytes(header.value_base64)


def _content(raw: msgspec.Raw, base64: str | None) -> bytes | None:
    if base64 is not None:
        return _bytes(base64)
    content = bytes(raw)
    if content == b"null":
        return None
    return _string_decoder.decode(content).encode() if content.startswith(b'"') else content


def _bytes(base64: str) -> bytes:
    try:
        return b64decode(base64, validate=True)
    except (Base64Error, ValueError) as error:
        raise LineError("has something else than base64 in a _base64 field") from error
