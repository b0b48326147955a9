"""Keyset pagination: stable pages that cost the same however deep, and opaque page tokens."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.kit.errors import AppError

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 100
PAGE_TOKEN_LENGTH_MAX = 1024

ItemT = TypeVar("ItemT")
OtherT = TypeVar("OtherT")


class PageTokenError(AppError):
    """The page token did not come from this list."""

    code = "page_token_invalid"
    status = 422
    title = "Page token invalid"


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted: at most `size` items after the place that `token` names."""

    size: int = PAGE_SIZE_DEFAULT
    token: str | None = None


@dataclass(frozen=True)
class Page(Generic[ItemT]):
    """Some items in order, and the token of the next page, None when this was the last."""

    items: Sequence[ItemT]
    next_page_token: str | None

    def map(self, convert: Callable[[ItemT], OtherT]) -> "Page[OtherT]":
        return Page([convert(item) for item in self.items], self.next_page_token)


def encode_token(values: Sequence[str]) -> str:
    """Make a page token of the sort key of the last item of a page."""
    raw = json.dumps(list(values), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_token(token: str, length: int, *, is_any_text: bool = False) -> list[str]:
    """Return the `length` sort key values in `token`; raise PageTokenError for anything else.

    Without `is_any_text` values with control characters are refused: databases take none.
    """
    invalid = PageTokenError(
        "the page token is not one that this list gave out",
        advice="start again without page_token, or pass next_page_token unchanged",
    )
    if len(token) > PAGE_TOKEN_LENGTH_MAX:
        raise invalid
    try:
        decoded: object = json.loads(
            base64.b64decode(_padded(token), altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError, RecursionError):
        raise invalid from None
    if not isinstance(decoded, list):
        raise invalid
    values = cast("list[object]", decoded)
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values) or len(texts) != length:
        raise invalid
    if not is_any_text and not all(map(str.isprintable, texts)):
        raise invalid
    return texts


def paginate(
    session: Session,
    statement: Select[ItemT],
    order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[str]],
    page: PageRequest,
    *,
    newest_first: bool = False,
) -> Page[ItemT]:
    """Return one page of `statement`, ordered by an instant and then by the unique id."""
    if page.token is not None:
        instant, row_id = decode_token(page.token, 2)
        place = (_parse_instant(instant), row_id)
        place_of_row = tuple_(*order)
        statement = statement.where(place_of_row < place if newest_first else place_of_row > place)
    ordering = [column.desc() for column in order] if newest_first else order
    rows = list(session.scalars(statement.order_by(*ordering).limit(page.size + 1)))
    if len(rows) <= page.size:
        return Page(rows, None)
    last: Any = rows[page.size - 1]
    key = (getattr(last, order[0].key), getattr(last, order[1].key))
    return Page(rows[: page.size], encode_token([key[0].isoformat(), key[1]]))


def paginate_names(
    items: Sequence[ItemT], name: Callable[[ItemT], str], page: PageRequest
) -> Page[ItemT]:
    """Return one page of a list that is already in memory, ordered by its unique names."""
    ordered = sorted(items, key=name)
    if page.token is not None:
        (place,) = decode_token(page.token, 1, is_any_text=True)
        ordered = [item for item in ordered if name(item) > place]
    if len(ordered) <= page.size:
        return Page(ordered, None)
    return Page(ordered[: page.size], encode_token([name(ordered[page.size - 1])]))


def _padded(token: str) -> str:
    return token + "=" * (-len(token) % 4)


def _parse_instant(value: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise PageTokenError("the page token names no instant") from None
    if instant.tzinfo is None:
        raise PageTokenError("the page token names no instant")
    return instant
