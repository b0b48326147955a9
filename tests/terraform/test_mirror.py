"""Without a registry: the example as it is, by a filesystem mirror with init and a lock file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terraform.programs import client_options, produce_and_consume
from tools.paths import ROOT
from tools.running_service import RunningService
from tools.terraform_cli import SOURCE, VERSION, Configuration, copy_example, mirror_config

pytestmark = pytest.mark.xdist_group("terraform")


def test_the_example_ends_on_a_cluster_that_programs_use(
    tmp_path: Path, running_service: RunningService
) -> None:
    directory = copy_example("first-cluster", tmp_path)
    settings = {
        "HEADRACE_URL": running_service.ready.api_url,
        "HEADRACE_API_KEY": running_service.ready.api_key,
    }
    configuration = Configuration(directory, mirror_config(tmp_path), settings)
    configuration.run("init", "-input=false")
    lock = (directory / ".terraform.lock.hcl").read_text(encoding="utf-8")
    assert SOURCE in lock
    assert f'version     = "{VERSION}"' in lock
    configuration.apply()
    configuration.plan(expect=0)

    def output(name: str) -> str:
        return configuration.run("output", "-raw", name).stdout

    options = client_options(
        output("bootstrap_servers"),
        output("ca_certificate"),
        output("username"),
        output("password"),
    )
    produce_and_consume(options, output("topic"), b"hello")
    configuration.destroy()


def test_the_example_is_formatted(tmp_path: Path) -> None:
    configuration = Configuration(ROOT / "terraform", mirror_config(tmp_path), {})
    configuration.run("fmt", "-check", "-recursive")
