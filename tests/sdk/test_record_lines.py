"""What consume writes, produce reads as the same records."""

from __future__ import annotations

import io
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.cli.line_batches import line_batches
from headrace.cli.record_lines import LINE_BYTES_MAX, LineError, from_line, from_ndjson, to_ndjson
from headrace.models import RecordHeader, StoredRecord
from headrace.records import BATCH_RECORDS_MAX

contents = st.none() | st.binary(max_size=20) | st.sampled_from([b"null", b'"x"', b"{}", b"1.10"])


def base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()


@given(key=contents, value=contents, headers=st.lists(st.tuples(st.text(), contents), max_size=3))
def test_a_record_survives_being_written_and_read(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    stored = StoredRecord(
        offset=7,
        timestamp=1700000000123,
        timestamp_type="create",
        key=base64(key),
        value=base64(value),
        headers=[RecordHeader(name=name, value=base64(content)) for name, content in headers],
    )

    record = from_ndjson(to_ndjson("topic", 3, stored))

    assert (record.key, record.value, list(record.headers)) == (key, value, headers)
    assert (record.partition, record.timestamp) == (3, 1700000000123)


def test_a_string_is_its_text_and_other_json_is_itself() -> None:
    record = from_ndjson(b'{"key": "k\\u00e9", "value": {"a" : 1.10}, "headers": {"h": "x"}}')

    assert (record.key, record.value) == ("ké".encode(), b'{"a" : 1.10}')
    assert record.headers == (("h", b"x"),)


@pytest.mark.parametrize("line", [b"", b"1", b"{", b'{"valeu": 1}', b'{"value_base64": "!"}'])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(LineError):
        from_ndjson(line)


def test_lines_keep_their_numbers_and_a_bad_one_stops_nothing() -> None:
    source = io.BytesIO(b'{"value": 1}\nbad\n{"value": 3}')

    (batch,) = list(line_batches(source, from_ndjson))

    assert [(line.number, line.document is not None) for line in batch] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_every_line_is_a_value_whatever_its_bytes() -> None:
    assert from_line(b"\xff {").value == b"\xff {"
    lines = [line for batch in line_batches(io.BytesIO(b"a\n\nb"), from_line) for line in batch]
    assert [line.size for line in lines] == [2, 1, 2]


def test_batches_are_bounded() -> None:
    source = io.BytesIO(b"x\n" * (3 * BATCH_RECORDS_MAX + 1))

    sizes = [len(batch) for batch in line_batches(source, from_line)]

    assert sum(sizes) == 3 * BATCH_RECORDS_MAX + 1
    assert max(sizes) <= BATCH_RECORDS_MAX


def test_an_endless_line_is_refused_without_being_read() -> None:
    batches = list(line_batches(io.BytesIO(b"x" * (LINE_BYTES_MAX * 2)), from_line))

    (line,) = [line for batch in batches for line in batch]
    assert line.document is None
    assert "longer" in (line.error or "")
