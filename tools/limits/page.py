"""`make limits`: writes docs/limits.md of the code and the table; `--check` compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.limits.constants import Constant, read_constants
from tools.limits.table import CONCERNS, DEFINED, LIMITS, OTHERS, Limit
from tools.paths import ROOT

PAGE = ROOT / "docs" / "limits.md"
PLAN = "broker.limits."

HEAD = """\
# Limits

Made by `make limits` from the code and from `tools/limits/table.py`; `make check` compares it, and
fails for a limit without a row. What the plan of a cluster sets is explained in
[broker-process.md](broker-process.md#limits-of-the-plan), what the HTTP edge counts in
[http-limits.md](http-limits.md). What is over a limit loses nothing that was acknowledged.

## What no cluster is without

Each of these is counted where it bites, and tried under, at and over it.

| what | limits | counted by | held by |
|---|---|---|---|
"""

BEFORE_LIMITS = """
## What somebody outside can go over

| limit | value | what it is | over it | counted by | held by |
|---|---|---|---|---|---|
"""

MIDDLE = """
## Sizes and intervals of the processes

| limit | value | what it is |
|---|---|---|
"""


def page() -> str:
    """Return the page as it should be."""
    constants = read_constants()
    rows = "".join(_limit(limit, constants.get(limit.id)) for limit in LIMITS)
    others = "".join(_other(constants[name]) for name in sorted(OTHERS))
    concerns = "".join(_concern(what, names) for what, names in CONCERNS.items())
    return HEAD + concerns + BEFORE_LIMITS + rows + MIDDLE + others


def problems() -> list[str]:
    """Return what does not fit between code and table, in words."""
    return [*_misplaced(), *_unproved()]


def plan_fields() -> frozenset[str]:
    """Return the limits that a plan sets, as the broker reads them."""
    config = ROOT / "data_plane/broker/crates/broker/src/config.rs"
    _, _, body = config.read_text().partition("struct LimitsConfig {")
    fields, _, _ = body.partition("}")
    return frozenset(re.findall(r"pub\(crate\) (\w+):", fields))


def _misplaced() -> Iterator[str]:
    names = [limit.id for limit in LIMITS]
    yield from (f"{name} has two rows" for name in set(names) if names.count(name) > 1)
    yield from (f"{name} has two rows" for name in OTHERS.intersection(names))
    placed = OTHERS.union(names)
    known = {*read_constants(), *DEFINED, *(PLAN + field for field in plan_fields())}
    yield from (f"{name} has no row in tools/limits/table.py" for name in sorted(known - placed))
    yield from (f"{name} of the table is nowhere in the code" for name in sorted(placed - known))


def _unproved() -> Iterator[str]:
    metrics = _metrics()
    for limit in LIMITS:
        if limit.metric is not None and limit.metric not in metrics:
            yield f"{limit.id}: nothing is counted as {limit.metric}"
        if not limit.tests:
            yield f"{limit.id} has no test"
        for test in limit.tests:
            path, _, name = test.partition("::")
            if not re.search(rf"\b(fn|def) {name}\(", _text(path)):
                yield f"{limit.id}: there is no test {test}"
    counted = {limit.id for limit in LIMITS if limit.metric is not None}
    for what, names in CONCERNS.items():
        yield from (f"{name} ({what}) is not counted" for name in names if name not in counted)
    for name, definition in DEFINED.items():
        if definition.holds not in _text(definition.path):
            yield f"{name}: {definition.path} has no {definition.holds}"


def _metrics() -> frozenset[str]:
    """Return the names of all metrics that are registered."""
    brokers = (ROOT / "data_plane/broker/crates/broker/src").rglob("*.rs")
    # `add` and `tell` are what registering many of a kind is called there.
    register = re.compile(r'(?:\.register|\badd|\btell)\(\s*"([a-z_]+)"')
    ours = {
        f"headrace_broker_{name}" for path in brokers for name in register.findall(path.read_text())
    }
    python = [*(ROOT / "api").rglob("*.py"), *(ROOT / "control_plane").rglob("*.py")]
    for path in python:
        ours |= set(re.findall(r'"(headrace_[a-z_]+)"', path.read_text()))
    return frozenset(ours)


def _concern(what: str, names: tuple[str, ...]) -> str:
    limits = [limit for name in names for limit in LIMITS if limit.id == name]
    named = "<br>".join(f"`{limit.id}`" for limit in limits)
    counted = "<br>".join(dict.fromkeys(f"`{limit.metric}`" for limit in limits))
    tests = "<br>".join(dict.fromkeys(_test(test) for limit in limits for test in limit.tests))
    return f"| {what} | {named} | {counted} | {tests} |\n"


def _test(test: str) -> str:
    return f"`{test.rpartition('/')[2]}`"


def _limit(limit: Limit, constant: Constant | None) -> str:
    if constant is not None:
        value, meaning = f"`{constant.value}`", constant.meaning
    elif limit.id in DEFINED:
        value, meaning = "", DEFINED[limit.id].meaning
    else:
        value, meaning = "by plan", ""
    tests = "<br>".join(_test(test) for test in limit.tests)
    counted = "" if limit.metric is None else f"`{limit.metric}`"
    return f"| `{limit.id}` | {value} | {meaning} | {limit.over} | {counted} | {tests} |\n"


def _other(constant: Constant) -> str:
    return f"| `{constant.id}` | `{constant.value}` | {constant.meaning} |\n"


def _text(path: str) -> str:
    file = Path(ROOT / path)
    return file.read_text() if file.exists() else ""


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it."""
    found = problems()
    if "--check" not in arguments:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        found.append("docs/limits.md is out of date: make limits")
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
