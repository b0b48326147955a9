from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.wheel_console import ConsoleHook, ConsoleNotBuiltError


def included(root: Path, target: str, version: str) -> dict[str, str]:
    """What the hook adds to a distribution of a checkout at `root`."""
    parts: Any = None  # of a real build; the hook looks at none of them
    hook = ConsoleHook(str(root), {}, parts, parts, "", target)
    build_data: dict[str, Any] = {"force_include": {}}
    hook.initialize(version, build_data)
    return build_data["force_include"]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    directory = tmp_path / "build" / "console"
    directory.mkdir(parents=True)
    (directory / "index.html").touch()
    return directory


def test_a_wheel_has_it_where_the_service_looks(tmp_path: Path, built: Path) -> None:
    assert included(tmp_path, "wheel", "standard") == {str(built): "api/console_build"}


def test_an_sdist_has_it_where_a_wheel_is_built_from(tmp_path: Path, built: Path) -> None:
    assert included(tmp_path, "sdist", "standard") == {str(built): "build/console"}


def test_nothing_is_distributed_without_it(tmp_path: Path) -> None:
    with pytest.raises(ConsoleNotBuiltError, match="make setup"):
        included(tmp_path, "wheel", "standard")


def test_an_editable_install_needs_none(tmp_path: Path) -> None:
    assert included(tmp_path, "wheel", "editable") == {}
