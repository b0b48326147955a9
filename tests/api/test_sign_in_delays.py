import zlib
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from control_plane.identity.attempts import NAMES_FREE, PAIR_FREE
from control_plane.identity.known_principals import FRESH_SECONDS
from control_plane.identity.secrets import (
    CHECKSUM_LENGTH,
    ID_PART_LENGTH,
    key_id_of,
    new_secret,
)
from control_plane.kit.ids import BASE62_ALPHABET
from tests.fixtures.service import BASE_URL, Service

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
ELSEWHERE = ("192.0.2.7", 50000)

Attempt = Callable[[TestClient, str], Response]


def by_key(client: TestClient, secret: str) -> Response:
    return client.get("/v1/whoami", headers={"Authorization": f"Bearer {secret}"})


def by_sign_in(client: TestClient, secret: str) -> Response:
    return client.post("/console/session", json={"api_key": secret}, headers=OWN_PAGE)


def by_produce(client: TestClient, secret: str) -> Response:
    path = "/kafka/v3/clusters/lkc_none/topics/t/records"
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    return client.post(path, json={}, headers=headers)


@pytest.fixture
def secret(sqlite_service: Service) -> str:
    return sqlite_service.add_key(sqlite_service.add_organization())


def wrong(secret: str) -> str:
    """Return a well-formed secret of the same key that is not its own."""
    _, other = new_secret()
    start = len("hrs_") + ID_PART_LENGTH
    body = secret[:start] + other[start:-CHECKSUM_LENGTH]
    return body + base62(zlib.crc32(body.encode()))


def base62(number: int) -> str:
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62_ALPHABET))
        digits = BASE62_ALPHABET[digit] + digits
    return digits


@pytest.mark.parametrize("attempt", [by_key, by_sign_in, by_produce])
def test_after_too_many_failures_even_the_right_secret_waits_and_then_works(
    sqlite_service: Service, secret: str, attempt: Attempt
) -> None:
    client, bad = sqlite_service.client(), wrong(secret)
    assert key_id_of(bad) == key_id_of(secret)
    failed = [attempt(client, bad).status_code for _ in range(PAIR_FREE)]
    delayed = attempt(client, secret)

    assert failed == [401] * PAIR_FREE
    assert delayed.status_code == 429
    assert delayed.json()["code"] == "authentication_delayed"
    assert delayed.headers["retry-after"] == "1"

    sqlite_service.clock.advance(1)
    assert attempt(client, secret).status_code not in (401, 429)


def test_the_delay_grows(sqlite_service: Service, secret: str) -> None:
    client, bad = sqlite_service.client(), wrong(secret)
    for _ in range(PAIR_FREE):
        by_key(client, bad)
    delays: list[int] = []
    for _ in range(8):
        delays.append(int(by_key(client, bad).headers["retry-after"]))
        sqlite_service.clock.advance(delays[-1])
        assert by_key(client, bad).status_code == 401
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]


def test_an_unknown_name_is_answered_like_a_known_one(sqlite_service: Service, secret: str) -> None:
    def answers(bad: str, address: str) -> list[tuple[int, str | None, object]]:
        client = TestClient(sqlite_service.app, BASE_URL, client=(address, 50000))
        got = [by_key(client, bad) for _ in range(PAIR_FREE + 2)]
        return [
            (one.status_code, one.headers.get("retry-after"), one.json()["detail"]) for one in got
        ]

    _, unknown = new_secret()
    assert answers(wrong(secret), "192.0.2.1") == answers(unknown, "192.0.2.2")


def test_the_owner_is_not_kept_out_by_who_fails_elsewhere(
    sqlite_service: Service, secret: str
) -> None:
    attacker = TestClient(sqlite_service.app, BASE_URL, client=ELSEWHERE)
    for _ in range(200):
        by_key(attacker, wrong(secret))
        sqlite_service.clock.advance(1)
    assert by_key(attacker, wrong(secret)).status_code == 429
    assert by_key(sqlite_service.client(), secret).status_code == 200


def test_who_is_known_is_not_kept_out_by_who_guesses_beside_it(
    sqlite_service: Service, secret: str
) -> None:
    client = sqlite_service.client()
    fresh = sqlite_service.add_key(sqlite_service.add_organization())
    assert by_key(client, secret).status_code == 200
    for _ in range(NAMES_FREE):
        assert by_key(client, new_secret()[1]).status_code == 401
    assert by_key(client, fresh).status_code == 429
    sqlite_service.clock.advance(FRESH_SECONDS + 1)
    by_key(client, new_secret()[1])
    assert by_key(client, secret).status_code == 200


def test_what_is_no_credential_at_all_delays_nobody(sqlite_service: Service, secret: str) -> None:
    client = sqlite_service.client()
    for _ in range(3 * PAIR_FREE):
        assert by_key(client, "nonsense").status_code == 401
        assert by_sign_in(client, "nonsense").status_code == 401
    assert by_key(client, secret).status_code == 200


def test_an_ended_session_is_delayed_and_no_other(sqlite_service: Service, secret: str) -> None:
    client, other = sqlite_service.client(), sqlite_service.client()
    assert by_sign_in(other, secret).is_success
    (name,) = other.cookies
    client.cookies.set(name, "hrc_s_ended")
    codes = [client.get("/v1/whoami", headers=OWN_PAGE).status_code for _ in range(PAIR_FREE + 1)]
    assert codes == [401] * PAIR_FREE + [429]
    assert client.get("/console/session", headers=OWN_PAGE).status_code == 429
    assert other.get("/v1/whoami", headers=OWN_PAGE).status_code == 200


def test_guessing_sign_in_links_is_delayed(sqlite_service: Service) -> None:
    client = sqlite_service.client()
    codes = [
        client.get(f"/console/sign-in?token=hrc_{number}").status_code
        for number in range(NAMES_FREE + 1)
    ]
    assert codes == [303] * NAMES_FREE + [429]


def test_attempts_are_counted_and_logged_without_their_secret(
    sqlite_service: Service, secret: str
) -> None:
    labels = {"outcome": "failed"}
    name = "headrace_authentication_attempts_total"
    before = REGISTRY.get_sample_value(name, labels) or 0
    bad = wrong(secret)
    with capture_logs() as logs:
        by_key(sqlite_service.client(), bad)
    assert REGISTRY.get_sample_value(name, labels) == before + 1
    (entry,) = [one for one in logs if one["event"] == "authentication_failed"]
    assert (entry["name"], entry["address"]) == (key_id_of(secret), "127.0.0.1")
    assert bad not in str(logs)
