from __future__ import annotations

import os
import re

import pytest

from tools.paths import ROOT
from tools.pictures.terminal import CommandError, draw, run_in_terminal, settle

PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 200 * 1024


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("\x1b[?25l\r\x1b[2K 10 %\r\x1b[2K 20 %\x1b[?25h", " 20 %"),
        ("\r\x1b[2K 99 %\n\r\x1b[1A\x1b[2Kdone\n", "done\n"),
        ("\x1b[1mbold\x1b[0m", "\x1b[1mbold\x1b[0m"),
    ],
)
def test_what_is_left_on_the_screen(shown: str, left: str) -> None:
    assert settle(shown) == left


def test_a_command_has_a_terminal_of_its_own() -> None:
    shown = run_in_terminal("test -t 0 && test -t 1 && stty size", os.environ)
    assert re.fullmatch(r"60 128\n", shown)


def test_a_command_that_fails_is_no_picture() -> None:
    with pytest.raises(CommandError, match="nothing here"):
        run_in_terminal("echo nothing here; false", os.environ)


def test_a_picture_shows_what_was_said_and_names_no_host() -> None:
    svg = draw([("headrace version", "\x1b[1mheadrace\x1b[0m 0.1.0\n")], "headrace")
    assert "headrace&#160;version" in svg
    assert set(re.findall(r"https?://[^\"<) ]+", svg)) == {"http://www.w3.org/2000/svg"}


def test_the_readme_shows_all_pictures_and_each_loads_quickly() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    pictures = [path for path in PICTURES.iterdir() if path.suffix in {".png", ".svg"}]
    assert len(pictures) == 3
    for picture in pictures:
        assert f"docs/pictures/{picture.name}" in readme
        assert picture.stat().st_size <= BYTES_MAX
