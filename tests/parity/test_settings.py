"""Every setting that Apache Kafka documents stands on our pages: honoured, fixed or refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

import pytest

from tools.java_artifacts import JAVA_DIR
from tools.paths import ROOT

pytestmark = pytest.mark.xdist_group("parity")

SOURCE: Final = ROOT / "tests" / "parity" / "Settings.java"
PAGES: Final = {"topic": "topic-settings.md", "broker": "broker-settings.md"}
FEWEST: Final = {"topic": 30, "broker": 300}


@pytest.fixture(scope="module")
def documented() -> dict[str, set[str]]:
    """The names of settings by kind, as the jars of Apache Kafka have them."""
    java = shutil.which("java")
    assert java is not None, "java is not on PATH; `make setup-tests` says how to get it"
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", f"{JAVA_DIR}/*", str(SOURCE)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {kind: {name for one, name in rows if one == kind} for kind in PAGES}


def on_page(kind: str) -> set[str]:
    text = (ROOT / "docs" / PAGES[kind]).read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z0-9.]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize("kind", PAGES)
def test_no_documented_setting_is_missing(kind: str, documented: dict[str, set[str]]) -> None:
    assert len(documented[kind]) >= FEWEST[kind]
    assert documented[kind] - on_page(kind) == set()
