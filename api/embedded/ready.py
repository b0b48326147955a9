"""What others are told of a running service: a ready file for scripts, a profile for people."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from control_plane.provisioning.files import write_atomically
from headrace.profiles import DEFAULT_PROFILE, Profile, find_profile, save_profile

LOCAL_PROFILE = "local"
OPERATOR_PROFILE = "operator"


@dataclass(frozen=True, slots=True)
class ReadyFacts:
    """Where the service is and who its owner is; the ready file is this as JSON."""

    api_url: str
    api_url_tls: str
    ca_file: str
    api_key: str | None
    organization_id: str
    console_url: str
    operator_api_key: str | None = None


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """Where a profile was saved, and under which name."""

    path: Path
    name: str


def write_ready_file(path: Path, facts: ReadyFacts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(facts), indent=1).encode() + b"\n")


def save_owner_profile(facts: ReadyFacts) -> SavedProfile | None:
    """Save a profile that the command line finds, and one for operators; None without a key.

    It is the default one unless that is of another installation, which is left as it is. Raises
    ConfigurationError when the profiles there are can not be read, OSError otherwise.
    """
    if facts.api_key is None:
        return None
    name = _free_name(facts)
    profile = Profile(
        url=facts.api_url_tls,
        api_key=facts.api_key,
        ca_file=Path(facts.ca_file),
        organization_id=facts.organization_id,
    )
    saved = SavedProfile(save_profile(profile, name), name)
    if facts.operator_api_key is not None:
        operator = Profile(
            url=facts.api_url_tls, api_key=facts.operator_api_key, ca_file=Path(facts.ca_file)
        )
        save_profile(operator, _operator_name(name))
    return saved


def _operator_name(owner_name: str) -> str:
    """Return the name of the profile by which `owner_name`'s installation is operated."""
    if owner_name == DEFAULT_PROFILE:
        return OPERATOR_PROFILE
    return f"{OPERATOR_PROFILE}-{owner_name}"


def _free_name(facts: ReadyFacts) -> str:
    """Return the name of this installation's profile, else the first that nobody has."""
    for name in _names():
        saved = find_profile(name)
        if saved is None or _is_ours(saved, facts):
            return name
    raise AssertionError("names do not end")


def _names() -> Iterator[str]:
    yield DEFAULT_PROFILE
    yield LOCAL_PROFILE
    for number in itertools.count(2):
        yield f"{LOCAL_PROFILE}-{number}"


def _is_ours(saved: Profile, facts: ReadyFacts) -> bool:
    # The authority's path is that of the data directory: one that was made anew has other ids.
    return saved.organization_id == facts.organization_id or saved.ca_file == Path(facts.ca_file)
