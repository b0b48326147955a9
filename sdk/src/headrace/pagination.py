"""Lists that fetch their next page when it is needed."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from headrace.models import Page
from headrace.transport import Query, Transport

T = TypeVar("T")

PAGE_SIZE = 100


def iterate(
    transport: Transport, path: str, kind: type[Page[T]], query: Query | None = None
) -> Iterator[T]:
    """Yield every item of a list, page after page."""
    page_query: dict[str, str | int | Sequence[str]] = {"page_size": PAGE_SIZE, **(query or {})}
    while True:
        page = transport.get(path, kind, page_query)
        yield from page.items
        if page.next_page_token is None:
            return
        page_query["page_token"] = page.next_page_token
