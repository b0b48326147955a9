"""Pieces that request and response schemas share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, status
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from control_plane.kit.pagination import Page

DISPLAY_NAME_LENGTH_MAX = 100

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT")

# For people: anything but control characters, without blanks around it.
DisplayName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=DISPLAY_NAME_LENGTH_MAX,
        pattern=r"^[^\x00-\x1f\x7f]+$",
    ),
]


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# RFC 3339 in UTC with a fixed number of digits, so that texts sort as instants do.
Instant = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]


def instant_of_ms(milliseconds: int) -> datetime | None:
    """Return the instant of a record's time, None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds >= 0 else None
    except (OverflowError, ValueError):
        return None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?", re.ASCII)


def _read_moment(value: object) -> object:
    """Read a date as the beginning of that day in UTC; numbers of seconds are none."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("a date or an instant of RFC 3339 expected")
    instant = datetime.fromisoformat(value)
    return instant if "T" in value else instant.replace(tzinfo=UTC)


# A date, or an instant with its zone, in the query of a request.
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_read_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]


DryRun = Annotated[
    bool, Query(description="Only check the request and answer 200 with what it would make.")
]


def dry_run_answer(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Describe the answer to a dry run in the OpenAPI document of a route that makes something."""
    description = "A dry run: what would be made. Nothing was changed."
    return {status.HTTP_200_OK: {"model": model, "description": description}}


class RequestModel(BaseModel):
    """Base of request bodies: a field that is not known is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")


class ResponseModel(BaseModel):
    """Base of response bodies, read from the attributes of rows."""

    model_config = ConfigDict(from_attributes=True)


class ListResponse(ResponseModel, Generic[ItemT]):
    """One page of a list."""

    items: list[ItemT]
    next_page_token: str | None


def to_list(page: Page[RowT], convert: Callable[[RowT], ItemT]) -> ListResponse[ItemT]:
    """Render a page."""
    return ListResponse(
        items=[convert(row) for row in page.items], next_page_token=page.next_page_token
    )
