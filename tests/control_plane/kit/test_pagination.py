import base64
import json

import pytest
from sqlalchemy import select

from control_plane.kit.db import Database
from control_plane.kit.pagination import (
    PageRequest,
    PageTokenError,
    decode_token,
    encode_token,
    paginate,
    paginate_names,
)
from control_plane.organizations.models import Organization
from tests.fixtures.clocks import ManualClock

ORDER = (Organization.created_at, Organization.id)


def add(database: Database, clock: ManualClock, *ids: str) -> None:
    with database.transaction() as session:
        session.add_all(Organization(id=i, name=i, created_at=clock.now()) for i in ids)


def walk(database: Database, size: int) -> list[list[str]]:
    pages: list[list[str]] = []
    token = None
    while True:
        with database.snapshot() as session:
            page = paginate(session, select(Organization), ORDER, PageRequest(size, token))
        pages.append([row.id for row in page.items])
        token = page.next_page_token
        if token is None:
            return pages


class TestPaginate:
    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
    def test_every_row_comes_once_in_order(
        self, database: Database, clock: ManualClock, size: int
    ) -> None:
        add(database, clock, "b", "a")
        clock.advance(0.000001)
        add(database, clock, "d", "c")
        clock.advance(3600)
        add(database, clock, "0")
        pages = walk(database, size)
        assert [row for page in pages for row in page] == ["a", "b", "c", "d", "0"]
        assert all(len(page) == size for page in pages[:-1])

    def test_rows_added_meanwhile_shift_nothing(
        self, database: Database, clock: ManualClock
    ) -> None:
        add(database, clock, "b", "c")
        with database.snapshot() as session:
            first = paginate(session, select(Organization), ORDER, PageRequest(1))
        add(database, clock, "a")
        with database.snapshot() as session:
            second = paginate(
                session, select(Organization), ORDER, PageRequest(1, first.next_page_token)
            )
        assert [row.id for row in second.items] == ["c"]

    def test_an_empty_list_is_one_empty_page(self, database: Database) -> None:
        assert walk(database, 10) == [[]]


class TestPaginateNames:
    def test_every_name_comes_once_in_order(self) -> None:
        names = ["c", "a", "d", "b"]
        first = paginate_names(names, str, PageRequest(3))
        assert first.items == ["a", "b", "c"]
        second = paginate_names(names, str, PageRequest(3, first.next_page_token))
        assert second.items == ["d"]
        assert second.next_page_token is None


class TestToken:
    def test_round_trip(self) -> None:
        assert decode_token(encode_token(["2026", "é"]), 2) == ["2026", "é"]

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "x",
            "!!!!",
            "é",
            "A" * 2000,
            base64.urlsafe_b64encode(b"\xff").decode(),
            base64.urlsafe_b64encode(b"{}").decode(),
            base64.urlsafe_b64encode(json.dumps(["one"]).encode()).decode(),
            base64.urlsafe_b64encode(json.dumps(["one", 2]).encode()).decode(),
            base64.urlsafe_b64encode(json.dumps(["a", "b\0"]).encode()).decode(),
            base64.urlsafe_b64encode(b"[" * 700).decode(),
        ],
    )
    def test_anything_else_is_refused(self, token: str) -> None:
        with pytest.raises(PageTokenError):
            decode_token(token, 2)

    @pytest.mark.parametrize("instant", ["yesterday", "2026-11-22T00:00:00", "9" * 50])
    def test_a_token_without_an_instant_is_refused(
        self, sqlite_database: Database, instant: str
    ) -> None:
        page = PageRequest(1, encode_token([instant, "id"]))
        with sqlite_database.snapshot() as session, pytest.raises(PageTokenError):
            paginate(session, select(Organization), ORDER, page)
