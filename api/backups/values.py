"""Values of database rows as JSON and back, each as what it was. Pure."""

import base64
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from api.backups.errors import BackupDamagedError

_AT, _ON, _BYTES, _JSON = "at", "on", "bytes", "json"


def encode_row(row: Sequence[Any]) -> list[Any]:
    """Return a row as JSON has it: what JSON does not know, and JSON itself, under a tag."""
    return [_encode(value) for value in row]


def decode_row(line: list[Any]) -> tuple[Any, ...]:
    """Return the values of a row; raise BackupDamagedError."""
    return tuple(_decode(value) for value in line)


def _encode(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return {_AT: value.isoformat()}
        case date():
            return {_ON: value.isoformat()}
        case bytes():
            return {_BYTES: base64.b64encode(value).decode()}
        case dict() | list():
            return {_JSON: cast("Any", value)}
        case _:
            raise AssertionError(f"a column holds a {type(value).__name__}")


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    tagged = cast("dict[str, Any]", value)
    try:
        ((tag, content),) = tagged.items()
        if tag == _AT:
            return datetime.fromisoformat(content)
        if tag == _ON:
            return date.fromisoformat(content)
        if tag == _BYTES:
            return base64.b64decode(content, validate=True)
    except (ValueError, TypeError) as error:
        raise BackupDamagedError(f"the backup is damaged: {error}") from error
    if tag != _JSON:
        raise BackupDamagedError(f"the backup is damaged: values are not tagged {tag}")
    return content
