"""House rules that import contracts cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.paths import ROOT

WITH_DOMAINS = {"billing", "control_plane"}
PRIVATE = {"models", "repository"}
COMPOSITION = {"api", "migrations"}
"""Who may name the tables of a domain: the composition root and the migrations' metadata."""

ENVIRONMENT = {"environ", "getenv", "environb"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("time", "time"), ("date", "today")}
OWN_CLOCK = ("control_plane/kit/clock.py", "control_plane/provisioning/supervisor/")
"""The clock itself, and a process of its own that nothing schedules by wall time."""

PURE = {
    "apportion.py",
    "chain.py",
    "chart.py",
    "csv.py",
    "addresses.py",
    "days.py",
    "document.py",
    "documents.py",
    "event_types.py",
    "lines.py",
    "markup.py",
    "messages.py",
    "money.py",
    "negotiation.py",
    "passwords.py",
    "periods.py",
    "plan.py",
    "plans.py",
    "points.py",
    "preview.py",
    "prices.py",
    "progress.py",
    "quantities.py",
    "ranges.py",
    "rate.py",
    "readings.py",
    "redaction.py",
    "report.py",
    "rollups.py",
    "rows.py",
    "schedule.py",
    "seeds.py",
    "signing.py",
    "spend.py",
    "states.py",
    "texts.py",
    "wording.py",
}
IMPURE = {"sqlalchemy", "fastapi", "httpx2", "socket", "subprocess", "os", "time"}


def sources(*roots: str) -> list[Path]:
    return [path for root in roots for path in sorted((ROOT / root).rglob("*.py"))]


def server_code() -> list[Path]:
    return sources("api", "billing", "control_plane", "data_plane/gateway", "data_plane/tiering")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def imports(path: Path) -> Iterator[str]:
    for node in tree(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def attributes(path: Path) -> Iterator[ast.Attribute]:
    return (node for node in tree(path) if isinstance(node, ast.Attribute))


def foreign_tables(path: Path) -> Iterator[str]:
    own = list(path.relative_to(ROOT).parts[:2])
    for module in imports(path):
        parts = module.split(".")
        if parts[0] in WITH_DOMAINS and parts[:2] != own and PRIVATE & set(parts[2:]):
            yield module


def test_there_is_code_to_hold_to_the_rules() -> None:
    assert len(server_code()) > 50


def test_a_domain_keeps_its_tables_to_itself() -> None:
    found = {
        f"{name(path)} -> {module}"
        for path in server_code()
        if path.relative_to(ROOT).parts[0] not in COMPOSITION
        for module in foreign_tables(path)
    }
    assert found == set()


def test_only_the_settings_read_the_environment() -> None:
    found = {
        f"{name(path)}:{node.lineno}"
        for path in server_code()
        if path.name != "settings.py"
        for node in attributes(path)
        if node.attr in ENVIRONMENT
    }
    assert found == set()


def test_the_wall_clock_is_passed_in() -> None:
    found = {
        f"{name(path)}:{node.lineno}"
        for path in server_code()
        if not name(path).startswith(OWN_CLOCK)
        for node in attributes(path)
        if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CLOCKS
    }
    assert found == set()


def test_pure_files_do_no_input_or_output() -> None:
    pure = [path for path in server_code() if path.name in PURE and path.parent.name != "v1"]
    assert len(pure) > 3
    found = {
        f"{name(path)} -> {module}"
        for path in pure
        for module in imports(path)
        if module.split(".")[0] in IMPURE
    }
    assert found == set()


def test_no_import_hides_inside_a_function() -> None:
    functions = (
        (path, node)
        for path in [*server_code(), *sources("sdk/src")]
        for node in tree(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    found = {
        f"{name(path)}:{inner.lineno}"
        for path, function in functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert found == set()


def test_no_registry_address_is_committed() -> None:
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert locks
    assert [lock.name for lock in locks if "://" in lock.read_text(encoding="utf-8")] == []
