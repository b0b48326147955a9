from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from prometheus_client import REGISTRY

from api.app import create_app
from api.rate_limits import (
    Allowance,
    RateLimitExceededError,
    RateLimits,
    address_of,
    allowance_of,
)
from api.sessions import COOKIE_NAME
from control_plane.kit.token_buckets import Rate
from tests.fixtures.service import BASE_URL, Service

WIDE = Rate(1000, 100_000)
NARROW = Rate(2, 3)


def limited(service: Service, allowance: Allowance) -> Service:
    """Return the service with one narrow allowance."""
    rates = dict.fromkeys(Allowance, WIDE) | {allowance: NARROW}
    core = replace(service.core, rate_limits=RateLimits(rates, service.clock))
    container = replace(service.container, core=core)
    return replace(service, app=create_app(container), container=container)


def refused_count(allowance: Allowance) -> float:
    labels = {"allowance": allowance.value}
    return REGISTRY.get_sample_value("headrace_http_rate_limited_total", labels) or 0


def read(client: TestClient) -> Response:
    return client.get("/v1/whoami")


def write(client: TestClient) -> Response:
    return client.post("/v1/api-keys", json={"name": "n"})


def records(client: TestClient) -> Response:
    return client.get("/v1/clusters/lkc_none/topics/t/partitions/0/records")


KINDS: dict[Allowance, Callable[[TestClient], Response]] = {
    Allowance.READS: read,
    Allowance.WRITES: write,
    Allowance.RECORDS: records,
    Allowance.ADDRESS: read,
}


@pytest.mark.parametrize("allowance", KINDS)
def test_at_the_limit_all_is_well_over_it_429_says_when_to_come_again(
    sqlite_service: Service, allowance: Allowance
) -> None:
    service = limited(sqlite_service, allowance)
    client, ask = service.new_client(), KINDS[allowance]
    before = refused_count(allowance)

    within = [ask(client).status_code for _ in range(NARROW.burst)]
    over = ask(client)

    assert 429 not in within
    assert over.status_code == 429
    assert over.headers["content-type"] == "application/problem+json"
    assert over.json()["code"] == "rate_limit_exceeded"
    assert over.headers["retry-after"] == "1"
    assert over.headers["ratelimit-policy"] == f'"{allowance}";q=3;w=2'
    assert over.headers["ratelimit"] == f'"{allowance}";r=0;t=1'
    assert over.json()["request_id"] == over.headers["x-request-id"]
    assert refused_count(allowance) == before + 1

    service.clock.advance(int(over.headers["retry-after"]))
    assert ask(client).status_code != 429


def test_what_is_refused_changes_nothing_and_does_everything_when_it_comes_again(
    sqlite_service: Service,
) -> None:
    service = limited(sqlite_service, Allowance.WRITES)
    client = service.new_client()
    headers = {"Idempotency-Key": "one"}
    for _ in range(NARROW.burst):
        write(client)
    refused = client.post("/v1/api-keys", json={"name": "late"}, headers=headers)
    service.clock.advance(1)
    made = client.post("/v1/api-keys", json={"name": "late"}, headers=headers)

    assert (refused.status_code, made.status_code) == (429, 201)
    assert "idempotency-replayed" not in made.headers
    names = [one["name"] for one in client.get("/v1/api-keys").json()["items"]]
    assert names.count("late") == 1


def test_allowances_and_credentials_do_not_share(sqlite_service: Service) -> None:
    service = limited(sqlite_service, Allowance.READS)
    organization_id = service.add_organization()
    one, two = (service.client(service.add_key(organization_id)) for _ in range(2))
    for _ in range(NARROW.burst):
        read(one)

    assert read(one).status_code == 429
    assert write(one).status_code == 201
    assert records(one).status_code == 404
    assert read(two).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/v1/whoami", "/console/session", "/nowhere"])
def test_without_credentials_the_allowance_is_that_of_the_address(
    sqlite_service: Service, path: str
) -> None:
    service = limited(sqlite_service, Allowance.ANONYMOUS)
    client = service.client()
    for _ in range(NARROW.burst):
        assert client.get(path).status_code != 429
    over = client.get(path)
    assert over.status_code == 429
    assert over.headers["ratelimit-policy"].startswith('"anonymous"')

    elsewhere = TestClient(service.app, BASE_URL, client=("192.0.2.7", 50000))
    assert elsewhere.get(path).status_code != 429
    assert read(service.new_client()).status_code == 200


def test_what_is_no_credential_counts_as_none(sqlite_service: Service) -> None:
    service = limited(sqlite_service, Allowance.ANONYMOUS)
    client = service.client("nonsense")
    assert [read(client).status_code for _ in range(NARROW.burst)] == [401] * NARROW.burst
    assert read(client).json()["code"] == "rate_limit_exceeded"


def test_a_session_is_no_anonymous_request(sqlite_service: Service) -> None:
    service = limited(sqlite_service, Allowance.ANONYMOUS)
    client = service.client()
    key = service.add_key(service.add_organization())
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/console/session", json={"api_key": key}, headers=headers).is_success
    assert any(COOKIE_NAME in name for name in client.cookies)
    for _ in range(2 * NARROW.burst):
        assert read(client).status_code == 200


def test_a_refused_address_is_refused_before_its_body_is_read(sqlite_service: Service) -> None:
    service = limited(sqlite_service, Allowance.ADDRESS)
    client = service.new_client()
    for _ in range(NARROW.burst):
        read(client)
    body = b"a" * (2 * 1024 * 1024)
    assert client.post("/v1/api-keys", content=body).status_code == 429


def test_the_longest_unused_address_is_forgotten(sqlite_service: Service) -> None:
    limits = RateLimits({Allowance.ADDRESS: Rate(1, 1)}, sqlite_service.clock, buckets_max=2)
    limits.charge(Allowance.ADDRESS, "192.0.2.1")
    with pytest.raises(RateLimitExceededError):
        limits.charge(Allowance.ADDRESS, "192.0.2.1")
    for number in (2, 3):
        limits.charge(Allowance.ADDRESS, f"192.0.2.{number}")
    limits.charge(Allowance.ADDRESS, "192.0.2.1")
    with pytest.raises(RateLimitExceededError):
        limits.charge(Allowance.ADDRESS, "192.0.2.3")


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.1", 1), "192.0.2.1"),
        (("::ffff:192.0.2.1", 1), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (None, "unknown"),
    ],
)
def test_an_address_is_an_ipv4_address_or_a_network_of_one_subscriber(
    client: tuple[str, int] | None, address: str
) -> None:
    assert address_of({"type": "http", "client": client}) == address


@pytest.mark.parametrize(
    ("method", "path", "allowance"),
    [
        ("GET", "/v1/clusters", Allowance.READS),
        ("POST", "/v1/clusters", Allowance.WRITES),
        ("DELETE", "/v1/clusters/lkc_1/topics/records", Allowance.WRITES),
        ("POST", "/kafka/v3/clusters/lkc_1/topics/t/records", Allowance.RECORDS),
        ("GET", "/v1/clusters/lkc_1/topics/t/partitions/0/records", Allowance.RECORDS),
    ],
)
def test_requests_count_as_what_they_do(method: str, path: str, allowance: Allowance) -> None:
    assert allowance_of(method, path) is allowance
