"""Admin clients are shared per cluster and caller, bounded in number, and closed."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.identity.tokens import SignedToken
from control_plane.kafka.admin_clients import IDLE_SECONDS_MAX, AdminClients, Connection
from control_plane.kit.token_endpoint import TokenEndpoint

NOBODY_LISTENS = "127.0.0.1:1"
CONNECTION = Connection(
    cluster_id="lkc_one",
    subject="hk_one",
    servers=NOBODY_LISTENS,
    security_protocol="SASL_PLAINTEXT",
    ca_certificate=None,
)
CLIENTS_MAX = 3


@dataclass
class ManualClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Tokens:
    def sign(self, subject: str, cluster_id: str) -> SignedToken:
        expires_at = datetime.now(UTC) + timedelta(minutes=5)
        return SignedToken(f"{subject}@{cluster_id}", expires_at)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clients(clock: ManualClock) -> Generator[AdminClients]:
    endpoint = TokenEndpoint(Tokens())
    clients = AdminClients(endpoint, clock, clients_max=CLIENTS_MAX)
    yield clients
    clients.close()
    endpoint.close()


def is_closed(client: object) -> bool:
    poll = getattr(client, "poll", None)
    assert poll is not None
    try:
        poll(0)
    except RuntimeError:
        return True
    return False


class TestClient:
    def test_is_shared_by_the_same_caller_on_the_same_cluster(self, clients: AdminClients) -> None:
        with clients.client(CONNECTION) as first, clients.client(CONNECTION) as second:
            assert first is second

    @pytest.mark.parametrize("other", [{"subject": "hk_two"}, {"cluster_id": "lkc_two"}])
    def test_is_not_shared_with_anybody_else(
        self, clients: AdminClients, other: dict[str, str]
    ) -> None:
        connection = replace(CONNECTION, **other)
        with clients.client(CONNECTION) as first, clients.client(connection) as second:
            assert first is not second

    def test_is_closed_after_it_idled(self, clients: AdminClients, clock: ManualClock) -> None:
        with clients.client(CONNECTION) as idle:
            pass
        clock.seconds += IDLE_SECONDS_MAX - 1
        with clients.client(replace(CONNECTION, subject="hk_two")) as fresh:
            pass
        clock.seconds += 2
        clients.evict_idle()
        assert (is_closed(idle), is_closed(fresh)) == (True, False)

    def test_makes_room_by_closing_the_one_used_longest_ago(self, clients: AdminClients) -> None:
        opened: list[object] = []
        for number in range(CLIENTS_MAX + 1):
            with clients.client(replace(CONNECTION, subject=f"hk_{number}")) as client:
                opened.append(client)
        assert [is_closed(client) for client in opened] == [True, False, False, False]


class TestEvict:
    def test_closes_the_clients_of_that_cluster_alone(self, clients: AdminClients) -> None:
        with clients.client(CONNECTION) as gone:
            pass
        with clients.client(replace(CONNECTION, cluster_id="lkc_two")) as kept:
            pass
        clients.evict("lkc_one")
        assert (is_closed(gone), is_closed(kept)) == (True, False)

    def test_waits_for_those_who_use_it(self, clients: AdminClients) -> None:
        with clients.client(CONNECTION) as client:
            with clients.client(CONNECTION):
                clients.evict("lkc_one")
            assert not is_closed(client)
            with clients.client(CONNECTION) as fresh:
                assert fresh is not client
        assert is_closed(client)


class TestEvictSubjects:
    def test_closes_the_clients_of_those_who_are_gone(self, clients: AdminClients) -> None:
        with clients.client(CONNECTION) as gone:
            pass
        with clients.client(replace(CONNECTION, subject="hk_two")) as kept:
            pass
        with clients.client(replace(CONNECTION, cluster_id="lkc_two")) as elsewhere:
            pass
        clients.evict_subjects("lkc_one", lambda subject: subject == "hk_one")
        assert [is_closed(one) for one in (gone, kept, elsewhere)] == [True, False, False]


class TestClose:
    def test_closes_everything(self, clients: AdminClients) -> None:
        with clients.client(CONNECTION) as client:
            pass
        clients.close()
        assert is_closed(client)
