"""Documents are found whatever way a stream is cut into chunks."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_plane.gateway.errors import DocumentTooLargeError, MalformedJsonError
from data_plane.gateway.streams import DocumentSplitter

LIMIT = 1024

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=5)


def split(stream: bytes, cuts: list[int], limit: int = 1 << 20) -> list[bytes]:
    splitter = DocumentSplitter(limit)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    found: list[bytes] = []
    for begin, end in pairwise(edges):
        found.extend(splitter.feed(stream[begin:end]))
    splitter.finish()
    return found


@given(
    values=objects,
    separator=st.sampled_from([b"", b" ", b"\n", b"\r\n\t"]),
    encode=st.sampled_from([json.dumps, partial(json.dumps, ensure_ascii=False)]),
    cuts=st.lists(st.integers(min_value=0), max_size=12),
)
def test_every_document_comes_out_once_and_whole(
    values: list[dict[str, Any]], separator: bytes, encode: Callable[[Any], str], cuts: list[int]
) -> None:
    documents = [encode(value).encode() for value in values]

    found = split(separator.join(documents), cuts)

    assert [json.loads(document) for document in found] == values


def test_a_stream_in_single_bytes_is_the_same_stream() -> None:
    document = b'{"a": "\\\\\\" }{ [", "b": ["\\u00e9", {}]}'

    assert split(document * 3, list(range(len(document) * 3))) == [document] * 3


@pytest.mark.parametrize("stream", [b"{", b'{"a', b"{} {", b"true", b"{} 7", b'{"a": "\\'])
def test_a_stream_that_ends_inside_a_document_is_malformed(stream: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        split(stream, [])


@pytest.mark.parametrize("stream", [b"}", b"{}]", b"]["])
def test_a_bracket_that_was_never_opened_is_malformed(stream: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        split(stream, [])


def test_what_precedes_the_malformed_part_is_found_first() -> None:
    stream = DocumentSplitter(LIMIT).feed(b'{"a": 1}{"b": 2}}')

    assert [next(stream), next(stream)] == [b'{"a": 1}', b'{"b": 2}']
    with pytest.raises(MalformedJsonError):
        next(stream)


@pytest.mark.parametrize("prefix", [b'{"a": "', b'{"a": ', b"[" * 10, b" " * 10])
def test_no_more_than_one_document_is_ever_held(prefix: bytes) -> None:
    splitter = DocumentSplitter(LIMIT)
    list(splitter.feed(prefix))
    list(splitter.feed(b"1" * (LIMIT - len(prefix))))

    with pytest.raises(DocumentTooLargeError):
        list(splitter.feed(b"1"))
