"""What of a request's body may be kept for ever: no secrets, and not too much. Pure."""

import json
from collections.abc import Mapping
from typing import Any, cast

REDACTED = "(not kept)"
DETAILS_BYTES_MAX = 4096
SECRET_WORDS = ("secret", "password", "token", "code", "api_key", "private", "credential")
TEXT_LENGTH_MAX = 256


def kept_of(body: bytes) -> dict[str, Any] | None:
    """Return what is kept of a JSON object, None of anything else.

    Members whose names speak of secrets are left out whatever they hold; long texts are cut, and a
    body that is still over `DETAILS_BYTES_MAX` leaves the names of its members alone.
    """
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    kept = cast("dict[str, Any]", _kept(cast("object", parsed)))
    if len(json.dumps(kept)) <= DETAILS_BYTES_MAX:
        return kept
    names = sorted(name[:TEXT_LENGTH_MAX] for name in kept)
    return {"members": names[:10]}


def _kept(value: object) -> Any:
    if isinstance(value, dict):
        members = cast("Mapping[str, object]", value)
        return {
            name: REDACTED if _is_secret(name) else _kept(member)
            for name, member in members.items()
        }
    if isinstance(value, list):
        return [_kept(member) for member in cast("list[object]", value)]
    if isinstance(value, str):
        return value if len(value) <= TEXT_LENGTH_MAX else value[:TEXT_LENGTH_MAX] + "…"
    # Floats have more than one spelling, which a hash must not depend on.
    return str(value) if isinstance(value, float) else value


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)
