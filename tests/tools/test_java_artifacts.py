"""A jar that is not the one that was pinned stops set-up."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tools import java_artifacts
from tools.steps import SetupError


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of two jars and a file of their checksums."""
    directory = tmp_path / "java"
    directory.mkdir()
    rows: list[str] = []
    for name in ("one.jar", "two.jar"):
        (directory / name).write_bytes(name.encode())
        rows.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    checksums = tmp_path / "sums"
    checksums.write_text("".join(rows))
    monkeypatch.setattr(java_artifacts, "CHECKSUMS", checksums)
    return directory


def test_what_was_pinned_passes(jars: Path) -> None:
    java_artifacts.verify(jars)


def test_a_changed_jar_is_named(jars: Path) -> None:
    (jars / "two.jar").write_bytes(b"something else")
    with pytest.raises(SetupError, match=r"differ: two\.jar$"):
        java_artifacts.verify(jars)


def test_a_missing_jar_is_named(jars: Path) -> None:
    (jars / "one.jar").unlink()
    with pytest.raises(SetupError, match=r"differ: one\.jar$"):
        java_artifacts.verify(jars)


def test_a_jar_that_nobody_pinned_is_named(jars: Path) -> None:
    (jars / "three.jar").write_bytes(b"smuggled")
    with pytest.raises(SetupError, match=r"differ: three\.jar$"):
        java_artifacts.verify(jars)


def test_every_artifact_of_the_pom_is_pinned() -> None:
    names = java_artifacts.CHECKSUMS.read_text(encoding="utf-8")
    for jar in ("kafka-clients-4.3.1.jar", "kafka-tools-4.3.1.jar", "kafka_2.13-4.3.1.jar"):
        assert jar in names
