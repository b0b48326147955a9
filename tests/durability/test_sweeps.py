"""The durability sweeps in their small size, each with its negative control.

In full they are `make durability`. They mount file systems and inject faults: root, loop devices
and strace are needed, and where one is missing the test fails and says which.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.durability import volumes
from bench.durability.outcome import UnableError
from bench.durability.sizes import SMALL, SWEEPS


@pytest.mark.parametrize("name", SWEEPS)
def test_nothing_acknowledged_is_lost_and_the_control_shows_that_it_would_be_seen(
    name: str, tmp_path: Path
) -> None:
    outcome = SWEEPS[name](SMALL, tmp_path, None)
    assert outcome.passed, outcome.figures
    assert outcome.control_red, outcome.control


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnableError, match="mount"):
        volumes.require()
