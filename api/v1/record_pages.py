"""How records are written in JSON: bytes that may be text, JSON or neither."""

from base64 import b64encode
from enum import StrEnum
from typing import Any

import msgspec
from pydantic import BaseModel

from data_plane.gateway.pages import RecordPage
from data_plane.gateway.records import StoredRecord


class RecordFormat(StrEnum):
    """What to write bytes as, where they can be written so."""

    BASE64 = "base64"
    TEXT = "text"
    JSON = "json"


class HeaderResponse(BaseModel):
    """A header of a record; names may repeat, and values be null."""

    name: str
    value: Any
    encoding: RecordFormat | None


class RecordResponse(BaseModel):
    """A record. `timestamp` is in milliseconds since 1970, null if the record has none."""

    offset: int
    timestamp: int | None
    timestamp_type: str | None
    key: Any
    key_encoding: RecordFormat | None
    value: Any
    value_encoding: RecordFormat | None
    headers: list[HeaderResponse]


class PageResponse(BaseModel):
    """Records in the order of their offsets, and where to read on."""

    records: list[RecordResponse]
    next_offset: int
    earliest_offset: int
    end_offset: int


class _Header(msgspec.Struct):
    name: str
    value: str | msgspec.Raw | None
    encoding: str | None


class _Record(msgspec.Struct):
    offset: int
    timestamp: int | None
    timestamp_type: str | None
    key: str | msgspec.Raw | None
    key_encoding: str | None
    value: str | msgspec.Raw | None
    value_encoding: str | None
    headers: list[_Header]


class _Page(msgspec.Struct):
    records: list[_Record]
    next_offset: int
    earliest_offset: int
    end_offset: int


_Written = tuple[str | msgspec.Raw | None, str | None]
_encoder = msgspec.json.Encoder()


def encode_page(page: RecordPage, record_format: RecordFormat) -> bytes:
    """Return the page as JSON."""
    records = [_record(record, record_format) for record in page.records]
    return _encoder.encode(_Page(records, page.next_offset, page.earliest_offset, page.end_offset))


def _record(record: StoredRecord, record_format: RecordFormat) -> _Record:
    key, key_encoding = _write(record.key, record_format)
    value, value_encoding = _write(record.value, record_format)
    headers = [_Header(name, *_write(content, record_format)) for name, content in record.headers]
    return _Record(
        offset=record.offset,
        timestamp=record.timestamp_ms,
        timestamp_type=record.timestamp_type,
        key=key,
        key_encoding=key_encoding,
        value=value,
        value_encoding=value_encoding,
        headers=headers,
    )


def _write(content: bytes | None, record_format: RecordFormat) -> _Written:
    """Write bytes in the format asked for, or in the next plainer one that can hold them."""
    if content is None:
        return None, None
    if record_format is RecordFormat.JSON and _is_json(content):
        return msgspec.Raw(content), RecordFormat.JSON
    if record_format is not RecordFormat.BASE64:
        try:
            return content.decode(), RecordFormat.TEXT
        except UnicodeDecodeError:
            pass
    return b64encode(content).decode(), RecordFormat.BASE64


def _is_json(content: bytes) -> bool:
    try:
        content.decode()
        msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
