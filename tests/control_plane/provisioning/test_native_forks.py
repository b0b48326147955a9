"""Taking a fork's data over survives an end at any point, and never covers data."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from control_plane.provisioning.broker_admin import fork_refused
from control_plane.provisioning.engines.native_forks import RECEIPT, ForkedDirectory, fork_offline
from control_plane.provisioning.errors import (
    ForkOverwritesError,
    ForkRefusedError,
    ForkSourceUnavailableError,
)

REPORT: dict[str, Any] = {"forked_at_ms": 1_700_000_000_000}
FORKED_AT = datetime.fromtimestamp(1_700_000_000, UTC)


class Died(BaseException):
    """The end of the process."""


def writes(directory: Path) -> dict[str, Any]:
    """Write what a broker writes."""
    (directory / "topics" / "t-0").mkdir(parents=True)
    (directory / "topics" / "t-0" / "0.log").write_bytes(b"records")
    (directory / "topics.catalog").write_bytes(b"catalog")
    return REPORT


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def test_data_is_moved_once_and_nothing_else_stays(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    forked = ForkedDirectory(tmp_path)
    assert forked.forked_at() is None
    assert forked.take(writes) == FORKED_AT
    assert names(tmp_path) == [RECEIPT, "tls", "topics", "topics.catalog"]

    def again(_: Path) -> dict[str, Any]:
        raise AssertionError("it is there already")

    assert forked.take(again) == FORKED_AT


def test_an_attempt_that_died_is_replaced_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(directory: Path) -> dict[str, Any]:
        (directory / "topics" / "left-0").mkdir(parents=True)
        raise Died

    with pytest.raises(Died):
        ForkedDirectory(tmp_path).take(half)
    replace = Path.replace

    for moves in range(3):
        left = moves

        def limited(source: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise Died
            left -= 1
            return replace(source, target)

        monkeypatch.setattr(Path, "replace", limited)
        with pytest.raises(Died):
            ForkedDirectory(tmp_path).take(writes)
        assert ForkedDirectory(tmp_path).forked_at() is None
    monkeypatch.undo()
    assert ForkedDirectory(tmp_path).take(writes) == FORKED_AT
    assert names(tmp_path / "topics") == ["t-0"]
    assert names(tmp_path) == [RECEIPT, "topics", "topics.catalog"]


def test_what_a_broker_has_written_is_never_covered(tmp_path: Path) -> None:
    (tmp_path / "broker.lock").touch()
    with pytest.raises(ForkOverwritesError):
        ForkedDirectory(tmp_path).take(writes)
    assert names(tmp_path) == ["broker.lock"]


def test_refusals_tell_whether_to_try_again() -> None:
    def said(code: str) -> bytes:
        return json.dumps({"code": code, "detail": "because"}).encode()

    assert isinstance(fork_refused(said("offset_out_of_range")), ForkRefusedError)
    for raw in (said("fork_under_way"), said("broker_starting"), b"not JSON", b"[]"):
        assert isinstance(fork_refused(raw), ForkSourceUnavailableError)


def test_a_program_that_can_not_be_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ForkSourceUnavailableError):
        fork_offline(tmp_path / "no-broker", tmp_path / "broker.json", {})
