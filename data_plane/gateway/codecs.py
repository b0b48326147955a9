"""Decodes the bodies of Confluent's REST v3 produce requests."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from control_plane.kit.errors import AppError
from data_plane.gateway.errors import (
    MalformedJsonError,
    RecordInvalidError,
    RecordSchemaUnsupportedError,
    RecordTooLargeError,
)
from data_plane.gateway.limits import (
    HEADER_NAME_BYTES_MAX,
    HEADERS_MAX,
    PARTITION_MAX,
    RECORD_BYTES_MAX,
)
from data_plane.gateway.records import Header, NewRecord

SCHEMA_FIELDS = ("subject", "subject_name_strategy", "schema_id", "schema_version", "schema")
SCHEMA_TYPES = frozenset({"AVRO", "JSONSCHEMA", "PROTOBUF"})
TYPES = ("BINARY", "JSON", "STRING")
TIMESTAMP_MS_MAX = 2**63 - 1

_NULL = b"null"
_AT_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    type: str | None = None
    data: msgspec.Raw = msgspec.Raw(_NULL)
    subject: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    subject_name_strategy: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    schema_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    schema_version: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    schema: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str | None = None


_Timestamp = (
    Annotated[datetime, msgspec.Meta(tz=True)]
    | Annotated[int, msgspec.Meta(ge=1, le=TIMESTAMP_MS_MAX)]
    | None
)


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    partition_id: Annotated[int, msgspec.Meta(ge=0, le=PARTITION_MAX)] | None = None
    headers: Annotated[list[_Header], msgspec.Meta(max_length=HEADERS_MAX)] | None = None
    key: _Data | None = None
    value: _Data | None = None
    timestamp: _Timestamp = None


_decoder = msgspec.json.Decoder(_Request)
_text_decoder = msgspec.json.Decoder(str | None)


def decode_record(document: bytes) -> NewRecord:
    """Turn one JSON document into the record it describes.

    Raises MalformedJsonError, RecordInvalidError (with the field), RecordSchemaUnsupportedError
    and RecordTooLargeError.
    """
    request = _decode_request(document)
    record = NewRecord(
        key=_content(request.key, "key"),
        value=_content(request.value, "value"),
        headers=tuple(_header(h, i) for i, h in enumerate(request.headers or ())),
        partition=request.partition_id,
        timestamp_ms=_timestamp_ms(request.timestamp),
        key_type=request.key.type if request.key else None,
        value_type=request.value.type if request.value else None,
    )
    if record.size_bytes > RECORD_BYTES_MAX:
        raise RecordTooLargeError
    return record


def _decode_request(document: bytes) -> _Request:
    try:
        document.decode()  # JSON is UTF-8 (RFC 8259), and parts of it are passed on unread
        return _decoder.decode(document)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJsonError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedJsonError("the JSON is nested too deeply") from error


def _invalid(error: msgspec.ValidationError) -> AppError:
    text = str(error)
    found = _AT_PATH.search(text)
    field = found["path"] if found else "record"
    return RecordInvalidError(field or "record", _AT_PATH.sub("", text))


def _content(data: _Data | None, part: Literal["key", "value"]) -> bytes | None:
    if data is None:
        return None
    _refuse_schemas(data, part)
    content = bytes(data.data)
    if data.type is None and content != _NULL:
        raise RecordInvalidError(f"{part}.type", f"must be one of {', '.join(TYPES)}")
    if content == _NULL:
        return None
    if data.type == "JSON":
        return content
    text = _text(data.data, part)
    return text.encode() if data.type == "STRING" else _binary(text, f"{part}.data")


def _refuse_schemas(data: _Data, part: str) -> None:
    advice = f"leave schemas out and send the data as {', '.join(TYPES)}"
    for name in SCHEMA_FIELDS:
        if getattr(data, name) is not msgspec.UNSET:
            raise RecordSchemaUnsupportedError(
                f"{part}.{name}", "schemas are not supported", advice=advice
            )
    if data.type in SCHEMA_TYPES:
        raise RecordSchemaUnsupportedError(
            f"{part}.type", f"{data.type} needs schemas, which are not supported", advice=advice
        )
    if data.type is not None and data.type not in TYPES:
        raise RecordInvalidError(f"{part}.type", f"must be one of {', '.join(TYPES)}")


def _text(data: msgspec.Raw, part: str) -> str:
    try:
        text = _text_decoder.decode(data)
    except msgspec.ValidationError as error:
        raise RecordInvalidError(f"{part}.data", "must be a string for this type") from error
    except msgspec.DecodeError as error:
        raise RecordInvalidError(f"{part}.data", "holds half of a surrogate pair") from error
    assert text is not None  # null was answered before
    return text


def _binary(text: str, field: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise RecordInvalidError(field, "must be base64 (RFC 4648, with padding)") from error


def _header(header: _Header, index: int) -> Header:
    field = f"headers[{index}]"
    if len(header.name.encode()) > HEADER_NAME_BYTES_MAX:
        raise RecordInvalidError(
            f"{field}.name", f"may have {HEADER_NAME_BYTES_MAX} bytes in UTF-8"
        )
    value = None if header.value is None else _binary(header.value, f"{field}.value")
    return header.name, value


def _timestamp_ms(timestamp: datetime | int | None) -> int | None:
    if not isinstance(timestamp, datetime):
        return timestamp
    # Kafka clients read 0 as "now"; and before 1970 there are no Kafka timestamps.
    milliseconds = round(timestamp.timestamp() * 1000)
    if milliseconds < 1:
        raise RecordInvalidError("timestamp", "must be later than 1970-01-01T00:00:00Z")
    return milliseconds
