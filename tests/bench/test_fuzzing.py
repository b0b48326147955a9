"""The judge of the fuzzing proof."""

from __future__ import annotations

from dataclasses import replace

from bench.proofs.fuzzing import EXECUTIONS_PER_SECOND_MIN, RSS_MAX_MB, judge
from tools.fuzz import Run

SECONDS = 10
GOOD = Run(
    target="requests",
    executions=EXECUTIONS_PER_SECOND_MIN * SECONDS,
    rss_peak_mb=RSS_MAX_MB,
    allocated_peak_bytes=5,
    beyond_floor_bytes_per_byte=0.5,
    crash=None,
    said="",
)
FOUND = replace(GOOD, target="planted-panic", crash=b"HR")


def test_nothing_found_but_what_was_planted_is_green() -> None:
    finding = judge([GOOD], [FOUND], SECONDS)
    assert finding.green
    assert finding.figures["planted_found_after"] == {"planted-panic": GOOD.executions}


def test_a_crash_is_red_and_told() -> None:
    finding = judge([GOOD, replace(GOOD, crash=b"x", said="panicked")], [FOUND], SECONDS)
    assert not finding.green
    assert "BROKEN by eA==" in finding.notes[0]


def test_too_few_executions_or_too_much_memory_are_red() -> None:
    for bad in (
        replace(GOOD, executions=GOOD.executions - 1),
        replace(GOOD, rss_peak_mb=RSS_MAX_MB + 1),
    ):
        assert not judge([GOOD, bad], [FOUND], SECONDS).green


def test_what_is_planted_must_be_found() -> None:
    assert not judge([GOOD], [replace(FOUND, crash=None)], SECONDS).green
    assert not judge([GOOD], [], SECONDS).green
