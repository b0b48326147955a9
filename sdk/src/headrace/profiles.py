"""Where the command line and `Client.from_environment` find a service: environment, then profile.

Profiles are kept in `profiles.toml`, readable by its owner alone:

    [profiles.default]
    url = "https://localhost:8643"
    api_key = "hrs_..."
    ca_file = "/srv/headrace/tls/ca.pem"
    organization_id = "org_..."
"""

import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
import tomli_w

from headrace.errors import ConfigurationError, CredentialsMissingError

DEFAULT_PROFILE = "default"
FILE_NAME = "profiles.toml"
FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

URL_VARIABLE = "HEADRACE_URL"
API_KEY_VARIABLE = "HEADRACE_API_KEY"
CA_FILE_VARIABLE = "HEADRACE_CA_FILE"
CONFIG_DIR_VARIABLE = "HEADRACE_CONFIG_DIR"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A service and the credentials to use there."""

    url: str
    api_key: str | None = None
    ca_file: Path | None = None
    organization_id: str | None = None


def profiles_file() -> Path:
    """Return the path of the file, which need not exist."""
    directory = os.environ.get(CONFIG_DIR_VARIABLE)
    base = Path(directory) if directory else platformdirs.user_config_path("headrace")
    return base / FILE_NAME


def load_connection(profile: str | None = None) -> Profile:
    """Return what the environment says, completed by a profile.

    A profile's key is only ever sent to the profile's own URL. Raises ConfigurationError where
    there is no URL, no key, or a file that can not be read.
    """
    url = os.environ.get(URL_VARIABLE) or None
    api_key = os.environ.get(API_KEY_VARIABLE) or None
    ca_file = os.environ.get(CA_FILE_VARIABLE) or None
    saved = _saved(profile, is_needed=profile is not None or not (url and api_key))
    if url is None and saved is None:
        raise ConfigurationError(
            f"no service is known: run `headrace up` or `headrace login`, or set {URL_VARIABLE}"
        )
    is_same = saved is not None and url in {None, saved.url}
    api_key = api_key or (saved.api_key if saved and is_same else None)
    if api_key is None:
        raise CredentialsMissingError(
            f"no API key is known for {url}: run `headrace login`, or set {API_KEY_VARIABLE}"
        )
    return Profile(
        url=url or (saved.url if saved else ""),
        api_key=api_key,
        ca_file=Path(ca_file) if ca_file else (saved.ca_file if saved and is_same else None),
        organization_id=saved.organization_id if saved and is_same else None,
    )


def find_profile(name: str) -> Profile | None:
    """Return a saved profile, None without one. Raises ConfigurationError if it can not be read."""
    return _saved(name, is_needed=False)


def save_profile(profile: Profile, name: str = DEFAULT_PROFILE) -> Path:
    """Write a profile beside the others, replacing the file at once; return its path."""
    path = profiles_file()
    path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    document = _read(path)
    plain: dict[str, Any] = msgspec.to_builtins(profile, enc_hook=str)
    document.setdefault("profiles", {})[name] = {k: v for k, v in plain.items() if v is not None}
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=FILE_NAME)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            tomli_w.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _saved(name: str | None, *, is_needed: bool) -> Profile | None:
    path = profiles_file()
    found = _read(path).get("profiles", {}).get(name or DEFAULT_PROFILE)
    if found is None:
        if is_needed and name is not None:
            raise ConfigurationError(f"{path} has no profile {name!r}")
        return None
    try:
        return msgspec.convert(found, Profile, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: profile {name or DEFAULT_PROFILE!r}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can not be read: {error}") from error
