from dataclasses import replace
from pathlib import Path

import pytest

from api.embedded.ready import ReadyFacts, SavedProfile, save_owner_profile
from headrace.errors import ConfigurationError
from headrace.profiles import Profile, find_profile, save_profile

FACTS = ReadyFacts(
    api_url="http://127.0.0.1:8642",
    api_url_tls="https://localhost:8643",
    ca_file="/srv/one/tls/ca.pem",
    api_key="hrs_one",
    organization_id="org_one",
    console_url="http://127.0.0.1:8642/console",
)
REMOTE = Profile(url="https://kafka.example", api_key="hrs_remote", organization_id="org_remote")
OTHER = replace(FACTS, ca_file="/srv/two/tls/ca.pem", api_key="hrs_two", organization_id="org_two")


@pytest.fixture(autouse=True)
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADRACE_CONFIG_DIR", str(tmp_path))
    return tmp_path


def saved_name(facts: ReadyFacts) -> str:
    saved = save_owner_profile(facts)
    assert saved is not None
    return saved.name


def key_of(name: str) -> str | None:
    found = find_profile(name)
    return None if found is None else found.api_key


def test_the_first_installation_is_the_default(config_dir: Path) -> None:
    assert save_owner_profile(FACTS) == SavedProfile(config_dir / "profiles.toml", "default")
    assert find_profile("default") == Profile(
        url=FACTS.api_url_tls,
        api_key=FACTS.api_key,
        ca_file=Path(FACTS.ca_file),
        organization_id=FACTS.organization_id,
    )


def test_a_later_start_renews_its_own() -> None:
    saved_name(FACTS)
    assert saved_name(replace(FACTS, api_url_tls="https://localhost:9999")) == "default"
    found = find_profile("default")
    assert found is not None
    assert found.url == "https://localhost:9999"


def test_a_default_of_another_service_is_left_as_it_is() -> None:
    save_profile(REMOTE)
    assert saved_name(FACTS) == "local"
    assert find_profile("default") == REMOTE
    assert key_of("local") == "hrs_one"


def test_every_further_installation_has_its_own_and_keeps_it() -> None:
    save_profile(REMOTE)
    third = replace(FACTS, ca_file="/srv/3/ca.pem", api_key="hrs_3", organization_id="org_3")
    assert [saved_name(facts) for facts in (FACTS, OTHER, third, OTHER, FACTS)] == [
        "local",
        "local-2",
        "local-3",
        "local-2",
        "local",
    ]
    assert key_of("local-2") == "hrs_two"


def test_a_data_directory_that_was_made_anew_takes_over_what_it_had() -> None:
    saved_name(FACTS)
    assert saved_name(replace(FACTS, organization_id="org_new", api_key="hrs_new")) == "default"
    assert key_of("default") == "hrs_new"


def test_without_a_key_nothing_is_saved(config_dir: Path) -> None:
    assert save_owner_profile(replace(FACTS, api_key=None)) is None
    assert list(config_dir.iterdir()) == []


def test_profiles_that_can_not_be_read_are_not_replaced(config_dir: Path) -> None:
    (config_dir / "profiles.toml").write_text("no [ toml")
    with pytest.raises(ConfigurationError):
        save_owner_profile(FACTS)
    assert (config_dir / "profiles.toml").read_text() == "no [ toml"
