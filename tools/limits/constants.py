"""Reads the named limits from the files that hold them: name, value as written, meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.paths import ROOT

# Every file that holds limits, by the word that stands before their names on the page.
PYTHON = {
    "gateway": "data_plane/gateway/limits.py",
    "supervisor": "control_plane/provisioning/supervisor/limits.py",
    "api": "api/limits.py",
    "tiering": "data_plane/tiering/limits.py",
}

_RUST = re.compile(
    r"(?P<doc>(?:^\s*///[^\n]*\n)*)"
    r"^\s*(?:pub(?:\(crate\))? )const (?P<name>[A-Z][A-Z0-9_]*): [^=]+? = (?P<value>[^;]+);",
    re.MULTILINE,
)
_DOC = re.compile(r"^\s*/// ?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Constant:
    """One named limit. `value` is written as in the code, `meaning` is its comment there."""

    place: str
    name: str
    value: str
    meaning: str

    @property
    def id(self) -> str:
        return f"{self.place}.{self.name}"


def read_constants() -> dict[str, Constant]:
    """Return every named limit of every file that holds limits, by its id."""
    found = [*_rust_files(), *_python_files()]
    return {constant.id: constant for constant in found}


def parse_rust(place: str, text: str) -> Iterator[Constant]:
    for match in _RUST.finditer(text):
        meaning = " ".join(_DOC.sub("", match["doc"]).split())
        yield Constant(place, match["name"], " ".join(match["value"].split()), meaning)


def parse_python(place: str, text: str) -> Iterator[Constant]:
    lines = text.splitlines()
    body = ast.parse(text).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(statement, ast.Assign):
            continue
        (target,) = statement.targets
        if isinstance(target, ast.Name) and target.id.isupper():
            meaning = _docstring(following) or _comment(lines[(statement.end_lineno or 1) - 1])
            yield Constant(place, target.id, ast.unparse(statement.value), meaning)


def _rust_files() -> Iterator[Constant]:
    crates = ROOT / "data_plane" / "broker" / "crates"
    for name in ("limits.rs", "config.rs"):
        for path in sorted(crates.glob(f"*/src/{name}")):
            yield from parse_rust(path.parent.parent.name, path.read_text())


def _python_files() -> Iterator[Constant]:
    for place, path in PYTHON.items():
        yield from parse_python(place, Path(ROOT / path).read_text())


def _docstring(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return " ".join(str(statement.value.value).split())
    return ""


def _comment(line: str) -> str:
    return line.partition("  # ")[2]
