"""What others are told of a running service: a ready file for scripts, a profile for people."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from control_plane.provisioning.files import write_atomically
from headrace.profiles import Profile, save_profile


@dataclass(frozen=True, slots=True)
class ReadyFacts:
    """Where the service is and who its owner is; the ready file is this as JSON."""

    api_url: str
    api_url_tls: str
    ca_file: str
    api_key: str | None
    organization_id: str
    console_url: str


def write_ready_file(path: Path, facts: ReadyFacts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(facts), indent=1).encode() + b"\n")


def save_owner_profile(facts: ReadyFacts) -> Path | None:
    """Save the profile that the command line finds; return its path, None without a key.

    Raises ConfigurationError when the profiles there are can not be read, OSError otherwise.
    """
    if facts.api_key is None:
        return None
    return save_profile(
        Profile(
            url=facts.api_url_tls,
            api_key=facts.api_key,
            ca_file=Path(facts.ca_file),
            organization_id=facts.organization_id,
        )
    )
