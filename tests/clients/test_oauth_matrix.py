"""Every client that has OAUTHBEARER logs in by an organization's own issuer, on a real service.

All at once, each by a program of its own: most of the time passes in waiting for a token's end.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Final

import pytest

from tests.clients import rows
from tests.clients.catalog import PROGRAMS, Client, proves
from tests.clients.foreign_programs import start
from tests.clients.mill import Mill
from tests.clients.program import Program
from tests.clients.programs import pause
from tests.clients.samples import poll_until
from tests.fixtures.identity_provider import Grant
from tests.fixtures.relay import Relay

LIFE_SECONDS: Final = 15
"""Of a token. Clients renew their sessions when a part of it is left, which must be time enough."""

MEETINGS_MAX: Final = 4
"""Tokens whose end a connection may meet: one is enough, and a busy machine may be late for it."""

REFUSED: Final[Mapping[str, Grant]] = {
    "expired": Grant(seconds=-3600),
    "unsigned": Grant(signed=False),
    "for-others": Grant(audience="other"),
}

CASES = [
    pytest.param(client, marks=proves(client.name, "oauthbearer"), id=client.name)
    for client in PROGRAMS
]
pytestmark = pytest.mark.xdist_group("clients-oauthbearer")


@pytest.fixture(scope="module")
def trials(mill: Mill) -> Generator[Mapping[str, Future[None]]]:
    """What becomes of each client, by its name."""
    mill.provider.grants.update(REFUSED)
    with ThreadPoolExecutor(len(PROGRAMS)) as pool:
        yield {
            client.name: pool.submit(go_through, client, mill, f"mill-{number}", 10 + number)
            for number, client in enumerate(PROGRAMS)
        }


@pytest.mark.parametrize("client", CASES)
def test_a_client(client: Client, trials: Mapping[str, Future[None]]) -> None:
    trials[client.name].result()


def go_through(client: Client, mill: Mill, client_id: str, host: int) -> None:
    """Produce, consume by a group, be refused, and outlive a token."""
    mill.provider.grants[client_id] = Grant(seconds=LIFE_SECONDS)
    topic = mill.kafka.topic("kept", 1)
    with (
        Relay(mill.address, f"127.0.0.{host}") as relay,
        closing(start(client, mill.program(client_id))) as program,
    ):
        session = Session(program, mill, client_id, topic)
        rows.produce(program, mill.kafka)
        rows.consume(program, mill.kafka)

        for name in REFUSED:
            answer = program.ask("enter", client_id=name, bootstrap=relay.address)
            assert answer["refused"] in client.refusals, name
        let_in = program.ask("enter", client_id=client_id, bootstrap=relay.address)
        assert let_in == {"refused": None}

        if client.reauthenticates:
            assert session.outlives_a_token()
        else:
            session.is_replaced()


class Session:
    """A producer that stays open, and the connections that it has at first."""

    def __init__(self, program: Program, mill: Mill, client_id: str, topic: str) -> None:
        self._program, self._mill, self._client_id, self._topic = program, mill, client_id, topic
        self._begin()

    def outlives_a_token(self) -> bool:
        """Whether a connection goes on when the token has ended by which it was opened.

        The broker ends connections with their tokens (`is_replaced` shows it of clients that do not
        log in again), so whoever has one still has logged in again on it (KIP-368).
        """
        for _ in range(MEETINGS_MAX):
            self._pass_the_end()
            if self._connections & self._open():
                return True
            self._begin()
        return False

    def is_replaced(self) -> None:
        """The connections end with the token; the producer goes on by others."""
        self._pass_the_end()
        poll_until(lambda: not self._connections & self._open(), pause, "the end of connections")
        self._send()

    def _begin(self) -> None:
        self._send()
        self._connections = self._open()
        self._end = max(self._mill.provider.ends[self._client_id])

    def _pass_the_end(self) -> None:
        """Go on sending until a second after it."""
        while time.time() <= self._end + 1:
            self._send()
            pause()

    def _send(self) -> None:
        self._program.ask("keep", topic=self._topic)

    def _open(self) -> set[int]:
        return self._program.connections(self._mill.address)
