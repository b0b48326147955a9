"""Both distributions hold what they need, nothing of the house, and run outside of the checkout."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from api.console_files import IMMUTABLE
from tests.packaging.conftest import Environment, Wheels
from tools.console import BUILT
from tools.paths import BROKER_BINARY, ROOT
from tools.running_service import start_service

pytestmark = pytest.mark.xdist_group("packaging")

METADATA = ".dist-info/"


def contents(wheel: Path) -> set[str]:
    """What is installed, without the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if METADATA not in name}


def metadata(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name.split(METADATA)[1] for name in archive.namelist() if METADATA in name}


def sources(*folders: str, below: Path = ROOT) -> set[str]:
    """Every Python file of some folders, named as a wheel names it."""
    return {
        path.relative_to(below).as_posix()
        for folder in folders
        for path in (below / folder).rglob("*.py")
    }


def console_files() -> set[str]:
    """Every file of the built console, named as a wheel names it."""
    return {
        f"api/console_build/{path.relative_to(BUILT).as_posix()}"
        for path in BUILT.rglob("*")
        if path.is_file()
    }


def test_the_light_one_holds_the_package_with_its_types_and_nothing_else(wheels: Wheels) -> None:
    assert contents(wheels.sdk) == sources("headrace", below=ROOT / "sdk" / "src") | {
        "headrace/py.typed"
    }


def test_the_server_holds_its_packages_and_the_files_they_read(wheels: Wheels) -> None:
    code = sources(
        "api",
        "billing",
        "control_plane",
        "data_plane/gateway",
        "data_plane/tiering",
        "migrations",
    )
    read = {
        "api/openapi.json",
        "billing/reports/daily.css",
        "billing/reports/daily.typ",
        "data_plane/__init__.py",
        "migrations/script.py.mako",
    }
    plugins = "control_plane/provisioning/engines/kafka/java"
    read |= {f"{plugins}/{one.name}" for one in (ROOT / plugins).glob("*.java")}
    assert contents(wheels.server) == code | read | console_files()


def test_both_carry_their_licence(wheels: Wheels) -> None:
    for wheel in (wheels.sdk, wheels.server):
        assert "licenses/LICENSE" in metadata(wheel)


def test_the_light_one_alone_says_what_it_lacks(sdk_alone: Environment) -> None:
    done = sdk_alone.headrace("up")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "pip install headrace-server" in done.stderr


def test_the_light_one_brings_no_server_code(sdk_alone: Environment) -> None:
    (packages,) = (sdk_alone.directory / "lib").glob("python*/site-packages")
    installed = {path.name for path in packages.iterdir()}
    assert not installed & {"api", "billing", "confluent_kafka", "fastapi", "sqlalchemy"}


def test_the_installed_service_runs_its_console_and_a_broker_that_is_named(
    both: Environment, tmp_path: Path
) -> None:
    program = both.directory / "bin" / "headrace"
    variables = {"HEADRACE_BROKER_BINARY": str(BROKER_BINARY)}
    with start_service(tmp_path, program=program, variables=variables) as service:
        made = service.command("cluster", "create", "first", "--wait")
        assert made["status"] == "running"
        with service.http() as http:
            page = http.get("/console/")
            (script,) = re.findall(r'src="(/console/assets/[^"]+[.]js)"', page.text)
            assert page.status_code == 200
            assert http.get(script).headers["cache-control"] == IMMUTABLE
            report = http.get("/v1/billing/reports/daily", params={"format": "pdf"})
            assert report.content.startswith(b"%PDF-")


def test_without_a_broker_it_says_how_to_get_one(both: Environment, tmp_path: Path) -> None:
    done = both.headrace("up", "--data-dir", str(tmp_path / "data"), "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "HEADRACE_BROKER_BINARY" in done.stderr
