"""Days and moments as options give them."""

from datetime import date, datetime

import typer


def moment(text: str | None, option: str) -> date | datetime | None:
    """Read a day or a moment with its zone; raise BadParameter."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day or moment", param_hint=option) from error
    if found.tzinfo is None:
        raise typer.BadParameter("a moment needs its zone, such as Z", param_hint=option)
    return found
