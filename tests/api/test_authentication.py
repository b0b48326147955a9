import base64
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.routes import described_routes
from control_plane.identity.models import ApiKey
from control_plane.identity.secrets import key_id_of, new_secret
from tests.fixtures.service import Service


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def whoami(client: TestClient, *headers: str) -> Response:
    return client.get("/v1/whoami", headers=[("Authorization", header) for header in headers])


def without_ids(response: Response) -> dict[str, object]:
    return {key: value for key, value in response.json().items() if key != "request_id"}


@pytest.fixture
def secret(service: Service) -> str:
    return service.add_key(service.add_organization())


def end(service: Service, secret: str, work: Callable[[ApiKey], None]) -> None:
    with service.core.database.transaction() as session:
        work(session.get_one(ApiKey, key_id_of(secret)))


class TestGoodCredentials:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_bearer(self, service: Service, secret: str, scheme: str) -> None:
        response = whoami(service.client(), f"{scheme} {secret}")
        assert response.status_code == 200
        assert response.json()["id"] == key_id_of(secret)

    def test_basic(self, service: Service, secret: str) -> None:
        response = whoami(service.client(), basic(str(key_id_of(secret)), secret))
        assert response.status_code == 200
        assert response.json()["id"] == key_id_of(secret)


class TestBadCredentials:
    def test_all_are_answered_alike(self, service: Service, secret: str) -> None:
        client = service.client()
        organization_id = service.add_organization()
        revoked, expired = (service.add_key(organization_id) for _ in range(2))
        now = service.clock.now()

        def revoke(row: ApiKey) -> None:
            row.revoked_at = now

        def expire(row: ApiKey) -> None:
            row.expires_at = now

        end(service, revoked, revoke)
        end(service, expired, expire)
        other_id, unknown = new_secret()
        answers = [
            whoami(client, *headers)
            for headers in (
                (),
                ("",),
                ("Bearer",),
                ("Bearer ",),
                (f"Bearer {secret[:-1]}",),
                (f"Bearer {secret}x",),
                (f"Bearer {secret} {secret}",),
                (f"Bearer {unknown}",),
                (f"Bearer {revoked}",),
                (f"Bearer {expired}",),
                (f"Token {secret}",),
                (f"Digest {secret}",),
                (secret,),
                ("Basic",),
                ("Basic %%%",),
                ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(),),
                ("Basic " + base64.b64encode(secret.encode()).decode(),),
                (basic("", secret),),
                (basic(other_id, secret),),
                (basic("m\N{LATIN SMALL LETTER U WITH DIAERESIS}hle", secret),),
                (basic(str(key_id_of(secret)), unknown),),
                (basic(str(key_id_of(revoked)), revoked),),
                ("Bearer " + "x" * 5000,),
                (f"Bearer {secret}", f"Bearer {secret}"),
            )
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert all(without_ids(answer) == without_ids(answers[0]) for answer in answers)
        assert answers[0].json()["code"] == "credentials_invalid"
        for answer in answers:
            challenge = answer.headers["www-authenticate"]
            assert "Bearer" in challenge
            assert "Basic" in challenge

    def test_revoking_takes_effect_when_the_call_returns(
        self, service: Service, secret: str
    ) -> None:
        client = service.client(secret)
        made = client.post("/v1/api-keys", json={}).json()
        other = service.client(made["secret"])
        assert other.get("/v1/whoami").status_code == 200
        assert client.delete(f"/v1/api-keys/{made['id']}").status_code == 200
        assert other.get("/v1/whoami").status_code == 401

    def test_every_route_but_health_asks_for_them(self, sqlite_service: Service) -> None:
        client = sqlite_service.client()
        for route in described_routes():
            for method in route.methods or ():
                response = client.request(method, route.path, json={})
                expected = 200 if route.path == "/healthz" else 401
                if route.path != "/readyz":
                    assert response.status_code == expected, f"{method} {route.path}"

    def test_malformed_bodies_are_not_looked_at_without_them(self, sqlite_service: Service) -> None:
        client = sqlite_service.client()
        assert client.post("/v1/api-keys", content=b"{").status_code == 401
        assert client.post("/v1/api-keys", json={"unknown": 1}).status_code == 401
