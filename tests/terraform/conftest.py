"""Configurations applied by a real command line to the running service."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import pytest

from tools.running_service import RunningService
from tools.terraform_cli import Configuration, override_config

MakeConfiguration = Callable[[str], Configuration]


@pytest.fixture
def http(running_service: RunningService) -> Generator[httpx2.Client]:
    """Another client of the same organization."""
    with running_service.http() as client:
        yield client


@pytest.fixture(scope="session")
def settings(running_service: RunningService) -> dict[str, str]:
    """How the provider reaches the service."""
    return {
        "HEADRACE_URL": running_service.ready.api_url_tls,
        "HEADRACE_CA_FILE": str(running_service.ready.ca_file),
        "HEADRACE_API_KEY": running_service.ready.api_key,
    }


@pytest.fixture
def make_configuration(tmp_path: Path, settings: dict[str, str]) -> MakeConfiguration:
    """Make an empty directory that takes the provider from where it was built."""
    cli_config = override_config(tmp_path)

    def make(name: str) -> Configuration:
        directory = tmp_path / name
        directory.mkdir()
        return Configuration(directory, cli_config, settings)

    return make


@pytest.fixture
def configuration(make_configuration: MakeConfiguration) -> Configuration:
    return make_configuration("configuration")
