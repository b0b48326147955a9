"""Where things with long or odd names stand in lists, as texts that page tokens can hold. Pure."""

import hashlib
import json

_SHOWN_LENGTH = 24


def place_of(kind: str, name: str | None, *more: str | None) -> str:
    """Return a text that sorts by kind and by the beginning of the name, and is of these alone."""
    whole = json.dumps([kind, name, *more])
    shown = json.dumps((name or "")[:_SHOWN_LENGTH])[1:-1]
    return f"{kind} {shown} {hashlib.sha256(whole.encode()).hexdigest()}"
