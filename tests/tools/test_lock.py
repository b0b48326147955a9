"""The locks hold what the projects ask for, pinned and hashed."""

from __future__ import annotations

import re

import pytest

from tools.lock import LOCKS, wanted
from tools.paths import REQUIREMENTS

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)
REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


def entries(lock: str) -> list[str]:
    """Each requirement of a lock with the lines that belong to it."""
    text = (REQUIREMENTS / f"{lock}.lock").read_text(encoding="utf-8")
    return re.split(r"\n(?=[a-z0-9])", text.strip())


def pins(lock: str) -> dict[str, str]:
    found = dict(PIN.findall("\n".join(entries(lock))))
    assert found
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_exactly_and_hashed(lock: str) -> None:
    for entry in entries(lock):
        assert PIN.match(entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_wanted_is_held(lock: str) -> None:
    names = [REQUIREMENT.findall(line)[0].lower() for line in wanted(lock)]
    assert names
    assert set(names) <= pins(lock).keys()
    assert not {"headrace", "headrace-server"} & pins(lock).keys()


def test_tests_run_with_the_versions_that_the_service_runs_with() -> None:
    server, dev = pins("server"), pins("dev")
    assert server == {name: dev[name] for name in server}
