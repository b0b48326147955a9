"""The broker's crates know only those below them, and those that decide do no input or output."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tools.paths import BROKER

CRATES = BROKER / "crates"

# Who may be used by whom: types, then records, protocol, io, fetch and usage, then log,
# then the rest.
MAY_USE = {
    "types": set[str](),
    "records": {"types"},
    "protocol": {"types"},
    "io": {"types"},
    "log": {"types", "records", "protocol", "io"},
    "fetch": {"types"},
    "commit": {"types", "records", "io", "log"},
    "groups": {"types", "records", "protocol", "io", "log"},
    "transactions": {"types"},
    "security": {"types", "records", "protocol", "io", "log"},
    "usage": {"types"},
    "quotas": set[str](),
    "broker": {
        "types",
        "records",
        "protocol",
        "io",
        "log",
        "fetch",
        "commit",
        "groups",
        "transactions",
        "security",
        "usage",
        "quotas",
    },
    "load": {"records", "io"},
    "protocol-gen": set[str](),
}
TOUCH_THE_WORLD = {"io", "broker", "load", "protocol-gen"}
WORLD = re.compile(
    r"\b(?:std::(?:fs|net|process|thread|env)|tokio|rustix|SystemTime::now|Instant::now)\b"
)


def dependencies(crate: str) -> set[str]:
    manifest = tomllib.loads((CRATES / crate / "Cargo.toml").read_text(encoding="utf-8"))
    return set(manifest.get("dependencies", {}))


def code(crate: str) -> list[Path]:
    return sorted((CRATES / crate / "src").rglob("*.rs"))


def test_every_crate_has_its_place() -> None:
    assert {path.parent.name for path in CRATES.glob("*/Cargo.toml")} == MAY_USE.keys()


@pytest.mark.parametrize("crate", MAY_USE)
def test_dependencies_go_one_way(crate: str) -> None:
    own = {name.removeprefix("headrace-") for name in dependencies(crate) if "headrace-" in name}
    assert own <= MAY_USE[crate]


@pytest.mark.parametrize("crate", sorted(MAY_USE.keys() - TOUCH_THE_WORLD))
def test_a_crate_that_decides_reaches_neither_disk_nor_network_nor_clock(crate: str) -> None:
    assert not dependencies(crate) & {"tokio", "rustix", "getrandom", "hyper"}
    found = {
        f"{path.relative_to(CRATES)}: {hit}"
        for path in code(crate)
        for hit in WORLD.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize("crate", MAY_USE)
def test_a_crate_takes_the_houses_lints(crate: str) -> None:
    manifest = tomllib.loads((CRATES / crate / "Cargo.toml").read_text(encoding="utf-8"))
    assert manifest["lints"] == {"workspace": True}


def test_no_test_lies_where_none_is_run() -> None:
    """Libraries that are not built for their own tests lend the files that have some to others."""
    for manifest in CRATES.glob("*/Cargo.toml"):
        library = tomllib.loads(manifest.read_text(encoding="utf-8")).get("lib", {})
        if library.get("test", True):
            continue
        crate = manifest.parent
        borrowed = {
            (path.parent / name).resolve()
            for path in (crate / "tests").rglob("*.rs")
            for name in re.findall(r'#\[path = "(.+)"\]', path.read_text(encoding="utf-8"))
        }
        tested = {path for path in code(crate.name) if "#[cfg(test)]" in path.read_text("utf-8")}
        assert tested <= borrowed


def test_documentation_holds_no_example_that_nobody_runs() -> None:
    examples = [
        str(path.relative_to(CRATES))
        for path in CRATES.rglob("*.rs")
        if re.search(r"^\s*//[/!]\s*```", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert examples == []
