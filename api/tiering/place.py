"""The bucket that the settings name, and how it is signed in to."""

import json
from pathlib import Path
from typing import Any

from api.tiering.errors import TierCommandError
from control_plane.kit.settings import Settings
from data_plane.tiering.errors import CredentialsFileError
from data_plane.tiering.layout import Layout
from data_plane.tiering.s3 import S3Bucket, S3Credentials, S3Place

CREDENTIALS_BYTES_MAX = 64 * 1024
_READABLE_BY_OTHERS = 0o077
_FIELDS = {"access_key_id", "secret_access_key", "session_token"}


def open_bucket(settings: Settings) -> S3Bucket:
    """Return the bucket of the settings. Raises TierCommandError where there is none."""
    if settings.tier_bucket is None:
        raise TierCommandError(
            "no bucket is set, so that nothing is copied: name one by HEADRACE_TIER_BUCKET",
            "bucket_not_set",
        )
    place = S3Place(settings.tier_bucket, settings.tier_endpoint_url, settings.tier_region)
    path = settings.resolved_tier_credentials_file
    if settings.tier_credentials_file is None and not path.exists():
        return S3Bucket(place, None)
    return S3Bucket(place, read_credentials(path))


def layout_of(settings: Settings, cluster_id: str) -> Layout:
    return Layout(settings.tier_prefix, cluster_id)


def read_credentials(path: Path) -> S3Credentials:
    """Read a file of credentials; raises CredentialsFileError, without a word of what is in it."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()[: CREDENTIALS_BYTES_MAX + 1]
    except OSError as error:
        raise CredentialsFileError(f"can not read {path}: {error.strerror}") from error
    if mode & _READABLE_BY_OTHERS:
        raise CredentialsFileError(f"others may read {path}: chmod 600 {path}")
    try:
        found: Any = json.loads(content)
        fields = {str(name): str(value) for name, value in found.items()}
    except (ValueError, AttributeError):
        raise CredentialsFileError(f"{path} is not a JSON object") from None
    if not fields.keys() <= _FIELDS or not {"access_key_id", "secret_access_key"} <= fields.keys():
        raise CredentialsFileError(
            f"{path} has to hold access_key_id and secret_access_key, and may hold session_token"
        )
    return S3Credentials(**fields)
