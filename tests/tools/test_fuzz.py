"""What surrounds libFuzzer: corpora as text, and what is read of what it says."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tools import fuzz

SAID = """\
#18041	DONE   cov: 14593 ft: 20320 corp: 1108/77Kb lim: 4096 exec/s: 1387 rss: 46Mb
stat::number_of_executed_units: 18041
stat::peak_rss_mb:              46
"""


def test_a_figure_is_read_and_one_that_is_not_told_is_none() -> None:
    assert fuzz.stat(SAID, "number_of_executed_units") == 18_041
    assert fuzz.stat(SAID, "peak_rss_mb") == 46
    assert fuzz.stat("killed", "peak_rss_mb") == 0


def test_a_corpus_holds_each_input_once_sorted_and_the_shortest_that_have_room() -> None:
    inputs = [b"bbb", b"a", b"bbb", b"c" * 300]
    assert fuzz.pack(inputs) == "".join(
        sorted(f"{base64.b64encode(one).decode()}\n" for one in {b"bbb", b"a", b"c" * 300})
    )
    assert fuzz.pack(inputs, 10) == "YQ==\nYmJi\n"


def test_a_corpus_is_unpacked_as_it_was_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "CORPORA", tmp_path)
    inputs = {b"one", b"\x00two"}
    fuzz.corpus_path("requests").write_text(fuzz.pack(inputs), "ascii")
    unpacked = fuzz.unpack("requests", tmp_path / "files")
    assert {path.read_bytes() for path in unpacked.iterdir()} == inputs


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_the_corpora_are_there_sorted_and_small(target: str) -> None:
    text = fuzz.corpus_path(target).read_text("ascii")
    lines = text.splitlines()
    assert lines == sorted(set(lines))
    assert 0 < len(text) <= fuzz.KEPT_BYTES_MAX
    longest = max(len(base64.b64decode(line, validate=True)) for line in lines)
    assert longest <= fuzz.INPUT_BYTES_MAX
