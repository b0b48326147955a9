"""Bodies of Confluent's REST v3 become records, or a refusal that names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from control_plane.kit.errors import AppError
from data_plane.gateway.codecs import SCHEMA_FIELDS, decode_record
from data_plane.gateway.errors import (
    MalformedJsonError,
    RecordInvalidError,
    RecordSchemaUnsupportedError,
    RecordTooLargeError,
)
from data_plane.gateway.limits import HEADERS_MAX, RECORD_BYTES_MAX
from data_plane.gateway.records import NewRecord


def decode(body: Any) -> NewRecord:
    return decode_record(json.dumps(body).encode())


def test_each_type_is_decoded_into_the_bytes_it_stands_for() -> None:
    record = decode(
        {
            "partition_id": 3,
            "key": {"type": "BINARY", "data": "AP+A"},
            "value": {"type": "STRING", "data": "Mühle"},
            "headers": [
                {"name": "h", "value": "AQI="},
                {"name": "h", "value": None},
                {"name": "bare"},
            ],
            "timestamp": "2026-01-02T03:04:05.678+01:00",
        }
    )

    assert record.key == b"\x00\xff\x80"
    assert record.value == "Mühle".encode()
    assert record.headers == (("h", b"\x01\x02"), ("h", None), ("bare", None))
    assert (record.partition, record.timestamp_ms) == (3, 1767319445678)


def test_json_is_passed_on_exactly_as_it_was_written() -> None:
    record = decode_record(b'{"value": {"type": "JSON", "data": {"a" : 1.10, "b":[ ]} } }')

    assert record.value == b'{"a" : 1.10, "b":[ ]}'


@pytest.mark.parametrize("kind", ["BINARY", "JSON", "STRING", None])
def test_null_data_is_a_null_key_or_value(kind: str | None) -> None:
    record = decode({"key": {"type": kind, "data": None}, "value": {"type": kind}})

    assert (record.key, record.value) == (None, None)


def test_an_empty_object_is_a_record_without_key_and_value() -> None:
    assert decode({}) == NewRecord(None, None)


INVALID: list[tuple[str, Any, str]] = [
    ("not an object", [1], "record"),
    ("unknown field", {"valeu": {}}, "record"),
    ("unknown data field", {"value": {"type": "JSON", "dta": 1}}, "value"),
    ("no type", {"value": {"data": "x"}}, "value.type"),
    ("unknown type", {"key": {"type": "XML", "data": "x"}}, "key.type"),
    ("number as string", {"value": {"type": "STRING", "data": 1}}, "value.data"),
    ("broken base64", {"value": {"type": "BINARY", "data": "A"}}, "value.data"),
    ("url-safe base64", {"value": {"type": "BINARY", "data": "_-8="}}, "value.data"),
    ("broken header", {"headers": [{"name": "a", "value": "!"}]}, "headers[0].value"),
    ("long header name", {"headers": [{"name": "é" * 600}]}, "headers[0].name"),
    ("many headers", {"headers": [{"name": "a"}] * (HEADERS_MAX + 1)}, "headers"),
    ("negative partition", {"partition_id": -1}, "partition_id"),
    ("huge partition", {"partition_id": 2**31}, "partition_id"),
    ("time without zone", {"timestamp": "2026-01-01T00:00:00"}, "timestamp"),
    ("time zero", {"timestamp": 0}, "timestamp"),
    ("time before 1970", {"timestamp": "1969-12-31T23:59:59Z"}, "timestamp"),
]


@pytest.mark.parametrize(
    ("body", "field"), [case[1:] for case in INVALID], ids=[case[0] for case in INVALID]
)
def test_what_is_no_record_is_refused_with_its_field(body: Any, field: str) -> None:
    with pytest.raises(RecordInvalidError) as caught:
        decode(body)

    assert [error.field for error in caught.value.errors] == [field]


@pytest.mark.parametrize("name", SCHEMA_FIELDS)
def test_schema_fields_are_refused_by_name(name: str) -> None:
    with pytest.raises(RecordSchemaUnsupportedError) as caught:
        decode({"value": {name: 1, "data": 1}})

    assert caught.value.errors[0].field == f"value.{name}"


@pytest.mark.parametrize("kind", ["AVRO", "JSONSCHEMA", "PROTOBUF"])
def test_schema_types_are_refused_by_name(kind: str) -> None:
    with pytest.raises(RecordSchemaUnsupportedError, match=kind):
        decode({"key": {"type": kind, "data": 1}})


MALFORMED = [
    b"",
    b"{",
    b'{"value": {"type": "JSON", "data": {"a":1,}}}',
    b'{"value": {"type": "STRING", "data": "\xff"}}',
    b'{"value": {"type": "JSON", "data": "\xff"}}',
    b'{"value": {"type": "JSON", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    b'{"value": {"type": "STRING", "data": "\\ud800"}}',
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        decode_record(body)


def test_the_limit_counts_key_value_and_headers() -> None:
    def body(size: int) -> dict[str, Any]:
        return {
            "key": {"type": "STRING", "data": "k" * 10},
            "value": {"type": "STRING", "data": "v" * (size - 14)},
            "headers": [{"name": "h", "value": "YWJj"}],
        }

    assert decode(body(RECORD_BYTES_MAX)).size_bytes == RECORD_BYTES_MAX
    with pytest.raises(RecordTooLargeError):
        decode(body(RECORD_BYTES_MAX + 1))


def test_every_refusal_has_a_code_a_status_and_words() -> None:
    for body in (b"", b"[]", b'{"value":{"type":"AVRO"}}'):
        with pytest.raises(AppError) as caught:
            decode_record(body)
        assert caught.value.code
        assert 400 <= caught.value.status < 500
        assert caught.value.detail
