"""Tests of one group share what a worker has set up: pytest-xdist keeps them in one worker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.test import PYTEST

FILE = """
import time
import pytest

pytestmark = pytest.mark.xdist_group("shared")

@pytest.mark.parametrize("number", range(8))
def test_one(number):
    time.sleep(0.05)
"""


def test_a_group_stays_in_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_shared.py").write_text(FILE)
    options = ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-n", "2", "-v"]
    ran = subprocess.run(
        [sys.executable, "-m", *PYTEST, *options, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    workers = re.findall(r"^\[(gw\d)\] \[ *\d+%\] PASSED", ran.stdout, re.MULTILINE)
    assert len(workers) == 8, ran.stdout
    assert len(set(workers)) == 1, ran.stdout
