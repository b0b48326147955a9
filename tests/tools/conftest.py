from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.programs import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    directory = tmp_path / "bin"
    directory.mkdir()
    return Programs(directory, monkeypatch)
