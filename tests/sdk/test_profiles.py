"""The environment wins over the profile, and a key goes to no other service than its own."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headrace.errors import ConfigurationError, CredentialsMissingError
from headrace.profiles import Profile, load_connection, profiles_file, save_profile

SAVED = Profile(url="https://saved", api_key="hrs_saved", ca_file=Path("/ca.pem"))


@pytest.fixture(autouse=True)
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration directory, and nothing in the environment."""
    for name in ("HEADRACE_URL", "HEADRACE_API_KEY", "HEADRACE_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADRACE_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config"


def test_what_is_saved_is_loaded_and_readable_by_its_owner_alone() -> None:
    path = save_profile(SAVED)

    assert load_connection() == SAVED
    assert path == profiles_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_wide_open_file_is_closed_when_it_is_written() -> None:
    path = save_profile(SAVED)
    path.chmod(0o644)
    save_profile(SAVED, "other")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_connection("other") == load_connection() == SAVED


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    save_profile(SAVED)
    monkeypatch.setenv("HEADRACE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HEADRACE_API_KEY", "hrs_environment")

    found = load_connection()

    assert (found.url, found.api_key, found.ca_file) == (
        "http://127.0.0.1:1",
        "hrs_environment",
        None,
    )


def test_a_saved_key_is_not_sent_to_another_url(monkeypatch: pytest.MonkeyPatch) -> None:
    save_profile(SAVED)
    monkeypatch.setenv("HEADRACE_URL", "https://elsewhere")

    with pytest.raises(CredentialsMissingError):
        load_connection()


def test_a_missing_profile_is_named() -> None:
    with pytest.raises(ConfigurationError, match="HEADRACE_URL"):
        load_connection()
    with pytest.raises(ConfigurationError, match="'staging'"):
        load_connection("staging")


@pytest.mark.parametrize("text", ["[profiles", "[profiles.default]\nurl = 1\n"])
def test_a_broken_file_is_named(config_dir: Path, text: str) -> None:
    config_dir.mkdir()
    profiles_file().write_text(text)

    with pytest.raises(ConfigurationError, match=r"profiles\.toml"):
        load_connection()
