from collections.abc import Callable, Mapping

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from control_plane.identity.policy import Role
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service

HTTPS = "https://localhost:8643"
HTTP = "http://localhost:8642"


def sign_in_link(service: Service, organization_id: str) -> str:
    scope = Scope(organization_id)
    with service.core.database.transaction() as session:
        member = service.core.members.create(
            session, scope, email="ada@example.com", name="Ada", role=Role.OWNER, granted_by=None
        )
        token = service.core.sessions.issue_sign_in(session, member)
    return f"/console/sign-in?token={token}"


def sign_in_by_key(
    client: TestClient, secret: str, headers: Mapping[str, str] | None = None
) -> Response:
    return client.post("/console/sign-in", data={"api_key": secret}, headers=headers)


class TestSignInByLink:
    def test_works_once_and_leads_to_the_clusters(self, service: Service) -> None:
        organization_id = service.add_organization("Mill & <Street>")
        cluster_id = service.add_cluster(organization_id)
        link = sign_in_link(service, organization_id)
        client = service.client(base_url=HTTP)
        entered = client.get(link)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/console"
        page = client.get("/console")
        assert page.status_code == 200
        assert cluster_id in page.text
        assert "creating" in page.text
        assert "Mill &amp; &lt;Street&gt;" in page.text
        assert page.text.count("headrace ") >= 3
        again = service.client(base_url=HTTP).get(link)
        assert again.status_code == 401
        assert "set-cookie" not in again.headers

    @pytest.mark.parametrize("token", ["", "hrc_nothing", "%C3%A9"])
    def test_refuses_what_was_never_given_out(self, service: Service, token: str) -> None:
        response = service.client().get(f"/console/sign-in?token={token}")
        assert response.status_code == 401
        assert "<form" in response.text


class TestSignInByApiKey:
    def test_shows_what_the_key_may_see(self, service: Service) -> None:
        organization_id = service.add_organization()
        own = service.add_cluster(organization_id)
        other = service.add_cluster(organization_id, "other")
        client = service.client(base_url=HTTPS)
        secret = service.add_key(organization_id, Role.DEVELOPER, own)
        assert sign_in_by_key(client, secret).status_code == 303
        page = client.get("/console").text
        assert own in page
        assert other not in page

    @pytest.mark.parametrize("secret", ["", "nothing", "hrs_", "x" * 10_000])
    def test_refuses_what_is_no_key(self, service: Service, secret: str) -> None:
        response = sign_in_by_key(service.client(base_url=HTTPS), secret)
        assert response.status_code == 401
        assert "set-cookie" not in response.headers


class TestCookie:
    def test_over_https_is_bound_to_the_host(self, service: Service) -> None:
        client = service.client(base_url=HTTPS)
        cookie = client.get(sign_in_link(service, service.add_organization())).headers["set-cookie"]
        assert cookie.startswith("__Host-headrace_session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie

    def test_over_loopback_http_has_no_prefix_it_can_not_honour(self, service: Service) -> None:
        client = service.client(base_url=HTTP)
        cookie = client.get(sign_in_link(service, service.add_organization())).headers["set-cookie"]
        assert cookie.startswith("headrace_session_8642=")
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Secure" not in cookie

    def test_plain_http_from_elsewhere_signs_nobody_in(
        self, make_service: Callable[..., Service], sqlite_url: str
    ) -> None:
        service = make_service(sqlite_url, public_host="headrace.example")
        link = sign_in_link(service, service.add_organization())
        response = service.client(base_url="http://headrace.example").get(link)
        assert response.status_code == 403
        assert response.json()["code"] == "https_required"


class TestSession:
    def test_without_one_there_is_a_form(self, service: Service) -> None:
        page = service.client().get("/console")
        assert page.status_code == 401
        assert 'name="api_key"' in page.text

    def test_is_over_after_signing_out(self, service: Service) -> None:
        client = service.client(base_url=HTTPS)
        client.get(sign_in_link(service, service.add_organization()))
        kept = dict(client.cookies)
        assert client.post("/console/sign-out").status_code == 303
        thief = service.client(base_url=HTTPS)
        thief.cookies.update(kept)
        assert thief.get("/console").status_code == 401

    def test_is_no_credential_of_the_api(self, service: Service) -> None:
        client = service.client(base_url=HTTPS)
        client.get(sign_in_link(service, service.add_organization()))
        assert client.get("/v1/whoami").status_code == 401

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ],
    )
    def test_pages_of_other_sites_sign_nobody_in_or_out(
        self, sqlite_service: Service, headers: dict[str, str]
    ) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        assert sign_in_by_key(client, secret, headers).status_code == 403
        sign_in_by_key(client, secret, {"Sec-Fetch-Site": "same-origin"})
        assert client.post("/console/sign-out", headers=headers).status_code == 403
        assert client.get("/console").status_code == 200


class TestPage:
    def test_runs_no_script_and_loads_nothing(self, service: Service) -> None:
        page = service.client().get("/console")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in page.text
