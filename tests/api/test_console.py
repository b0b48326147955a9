from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from api.console_files import ConsoleFiles
from control_plane.identity.known_principals import FRESH_SECONDS, STALE_SECONDS_MAX
from control_plane.identity.policy import Role
from control_plane.identity.secrets import key_id_of
from control_plane.identity.sessions import SESSION_IDLE_SECONDS
from control_plane.kit.scope import Scope
from tests.fixtures.databases import take_away
from tests.fixtures.service import Service

HTTPS = "https://localhost:8643"
HTTP = "http://localhost:8642"
SESSION = "/console/session"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


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
    return client.post(SESSION, json={"api_key": secret}, headers=headers)


@pytest.fixture
def secret(service: Service) -> str:
    return service.add_key(service.add_organization("Mill & <Street>"))


@pytest.fixture
def browser(service: Service, secret: str) -> TestClient:
    """A browser that is signed in by a key."""
    client = service.client(base_url=HTTPS)
    assert sign_in_by_key(client, secret).status_code == 200
    return client


class TestSignInByLink:
    def test_works_once_and_leads_to_the_console(self, service: Service) -> None:
        organization_id = service.add_organization()
        link = sign_in_link(service, organization_id)
        client = service.client(base_url=HTTP)
        entered = client.get(link)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/console/"
        assert client.get(SESSION).json()["session"]["organization_id"] == organization_id
        again = service.client(base_url=HTTP).get(link)
        assert again.headers["location"] == "/console/sign-in?problem=sign_in_token_invalid"
        assert "set-cookie" not in again.headers

    @pytest.mark.parametrize("token", ["", "hrc_nothing", "%C3%A9"])
    def test_refuses_what_was_never_given_out(self, service: Service, token: str) -> None:
        response = service.client().get(f"/console/sign-in?token={token}")
        assert response.headers["location"].startswith("/console/sign-in?problem=")
        assert "set-cookie" not in response.headers


class TestSignInByApiKey:
    def test_tells_who_it_is(self, service: Service) -> None:
        organization_id = service.add_organization("Mill & <Street>")
        cluster_id = service.add_cluster(organization_id)
        secret = service.add_key(organization_id, Role.DEVELOPER, cluster_id)
        client = service.client(base_url=HTTPS)
        signed_in = sign_in_by_key(client, f" {secret}\n").json()["session"]
        assert signed_in == client.get(SESSION).json()["session"] | {"expires_at": None}
        assert signed_in["principal_id"] == key_id_of(secret)
        assert signed_in["organization_name"] == "Mill & <Street>"
        assert signed_in["cluster_id"] == cluster_id
        assert signed_in["role"] == "developer"

    @pytest.mark.parametrize("secret", ["", "nothing", "hrs_", "é"])
    def test_refuses_what_is_no_key(self, service: Service, secret: str) -> None:
        response = sign_in_by_key(service.client(base_url=HTTPS), secret)
        assert response.status_code == 401
        assert response.json()["code"] == "credentials_invalid"
        assert "set-cookie" not in response.headers

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"api_key":1}', b'{"api_key":"x","y":1}'])
    def test_refuses_other_bodies(self, sqlite_service: Service, body: bytes) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        response = client.post(SESSION, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)

    def test_refuses_a_form(self, sqlite_service: Service) -> None:
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        client = sqlite_service.client(base_url=HTTPS)
        assert client.post(SESSION, data={"api_key": secret}).status_code == 422
        as_text = {"Content-Type": "text/plain"}
        body = f'{{"api_key":"{secret}"}}'
        assert client.post(SESSION, content=body, headers=as_text).status_code == 422


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
        client = service.client(base_url="http://headrace.example")
        for response in (client.get(link), sign_in_by_key(client, "hrs_x")):
            assert response.status_code == 403
            assert response.json()["code"] == "https_required"


class TestSession:
    def test_without_one_nobody_is_signed_in(self, service: Service) -> None:
        answer = service.client().get(SESSION)
        assert (answer.status_code, answer.json()) == (200, {"session": None})

    def test_acts_on_the_api_as_who_signed_in(self, browser: TestClient, secret: str) -> None:
        assert browser.get("/v1/whoami").json()["id"] == key_id_of(secret)
        assert browser.post("/v1/api-keys", json={}).status_code == 201

    def test_is_over_after_signing_out(self, service: Service, browser: TestClient) -> None:
        kept = dict(browser.cookies)
        assert browser.get("/v1/whoami").status_code == 200
        assert browser.delete(SESSION).status_code == 204
        assert not browser.cookies
        thief = service.client(base_url=HTTPS)
        thief.cookies.update(kept)
        assert thief.get(SESSION).json() == {"session": None}
        refused = thief.get("/v1/whoami")
        assert refused.status_code == 401
        assert refused.json()["code"] == "session_invalid"
        assert "Basic" not in refused.headers["www-authenticate"]

    def test_ends_with_its_key_when_the_call_returns(
        self, service: Service, browser: TestClient, secret: str
    ) -> None:
        assert browser.get("/v1/whoami").status_code == 200
        revoked = service.client(secret).delete(f"/v1/api-keys/{key_id_of(secret)}")
        assert revoked.status_code == 200
        assert browser.get("/v1/whoami").status_code == 401

    def test_ends_when_idle_and_stays_while_used(
        self, service: Service, browser: TestClient
    ) -> None:
        for _ in range(2):
            service.clock.advance(SESSION_IDLE_SECONDS - 1)
            assert browser.get("/v1/whoami").status_code == 200
        service.clock.advance(SESSION_IDLE_SECONDS + 1)
        assert browser.get("/v1/whoami").status_code == 401

    def test_another_process_ends_it_within_seconds(
        self, service: Service, browser: TestClient
    ) -> None:
        assert browser.get("/v1/whoami").status_code == 200
        (cookie_value,) = browser.cookies.values()
        with service.core.database.transaction() as session:
            service.core.sessions.sign_out(session, cookie_value)
        service.clock.advance(FRESH_SECONDS + 0.001)
        assert browser.get("/v1/whoami").status_code == 401

    def test_warm_asks_no_database_and_works_without_one(
        self, sqlite_service: Service, sqlite_url: str
    ) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        sign_in_by_key(client, sqlite_service.add_key(sqlite_service.add_organization()))
        stranger = sqlite_service.client(base_url=HTTPS)
        stranger.cookies.set("__Host-headrace_session", "hrc_s_" + "x" * 43)
        assert client.get("/v1/whoami").status_code == 200
        take_away(sqlite_service.core.database, sqlite_url)
        assert client.get("/v1/whoami").status_code == 200
        sqlite_service.clock.advance(FRESH_SECONDS + 0.001)
        assert client.get("/v1/whoami").status_code == 200
        assert stranger.get("/v1/whoami").status_code == 503
        sqlite_service.clock.advance(STALE_SECONDS_MAX)
        assert client.get("/v1/whoami").status_code == 503

    def test_is_not_looked_at_beside_an_authorization_header(self, browser: TestClient) -> None:
        answer = browser.get("/v1/whoami", headers={"Authorization": "Bearer hrs_nothing"})
        assert answer.json()["code"] == "credentials_invalid"

    @pytest.mark.parametrize("cookie", ["", "x", "x" * 5000, "hrc_s_" + "x" * 43, "\x7f"])
    def test_is_refused_unless_it_was_given_out(self, sqlite_service: Service, cookie: str) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        answer = client.get("/v1/whoami", headers={"Cookie": f"__Host-headrace_session={cookie}"})
        assert answer.status_code == 401

    def test_a_page_of_ours_without_one_is_not_asked_for_a_password(
        self, sqlite_service: Service
    ) -> None:
        answer = sqlite_service.client(base_url=HTTPS).get(
            "/v1/whoami", headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert answer.json()["code"] == "session_invalid"
        assert "Basic" not in answer.headers["www-authenticate"]


class TestOtherSites:
    @pytest.mark.parametrize("headers", FOREIGN)
    def test_sign_nobody_in_or_out(self, sqlite_service: Service, headers: dict[str, str]) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        assert sign_in_by_key(client, secret, headers).status_code == 403
        sign_in_by_key(client, secret, {"Sec-Fetch-Site": "same-origin"})
        assert client.delete(SESSION, headers=headers).status_code == 403
        assert client.get(SESSION).json()["session"] is not None

    @pytest.mark.parametrize("headers", FOREIGN)
    def test_change_nothing_with_the_cookie(
        self, sqlite_service: Service, headers: dict[str, str]
    ) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        sign_in_by_key(client, secret)
        produce = "/kafka/v3/clusters/lkc_x/topics/t/records"
        answers = [
            client.post("/v1/api-keys", json={}, headers=headers),
            client.delete(f"/v1/api-keys/{key_id_of(secret)}", headers=headers),
            client.post(produce, json={}, headers=headers),
        ]
        for answer in answers:
            assert answer.status_code == 403
            assert answer.json()["code"] == "cross_site_request"
        kept = client.get("/v1/api-keys", headers=headers).json()["items"]
        assert [key["revoked_at"] for key in kept] == [None]

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": HTTPS}, {}])
    def test_our_own_pages_may(self, sqlite_service: Service, headers: dict[str, str]) -> None:
        client = sqlite_service.client(base_url=HTTPS)
        sign_in_by_key(client, sqlite_service.add_key(sqlite_service.add_organization()))
        assert client.post("/v1/api-keys", json={}, headers=headers).status_code == 201

    def test_programs_with_keys_are_not_asked_where_they_come_from(
        self, sqlite_service: Service
    ) -> None:
        client = sqlite_service.new_client()
        answer = client.post("/v1/api-keys", json={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 201


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build looks like on disk, and a neighbour that is nobody's business."""
    (tmp_path / "secret.txt").write_text("treasure")
    root = tmp_path / "built"
    (root / "assets").mkdir(parents=True)
    page = '<meta name="csp-nonce" content="__CSP_NONCE__"><div id="root"></div>'
    (root / "index.html").write_text(page)
    (root / "favicon.svg").write_text("<svg/>")
    (root / "assets" / "app-1a2b.js").write_text("start()")
    (root / "assets" / "app-1a2b.js.gz").write_bytes(b"\x1f\x8b")
    return root


@pytest.fixture
def application(sqlite_service: Service, built: Path) -> TestClient:
    app = create_app(sqlite_service.container, ConsoleFiles(built))
    return TestClient(app, HTTPS, follow_redirects=False)


class TestApplication:
    @pytest.mark.parametrize(
        "path", ["", "/", "/sign-in", "/clusters/lkc_x/topics/a.b", "/index.html"]
    )
    def test_is_one_page_at_every_address(self, application: TestClient, path: str) -> None:
        page = application.get(f"/console{path}")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-store"
        assert '<div id="root">' in page.text

    def test_comes_under_a_strict_policy_with_a_nonce_of_its_own(
        self, application: TestClient
    ) -> None:
        first, second = (application.get("/console/") for _ in range(2))
        policy = dict(
            rule.split(" ", 1) for rule in first.headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert "unsafe" not in first.headers["content-security-policy"]
        nonce = policy["style-src"].removeprefix("'self' 'nonce-").removesuffix("'")
        assert len(nonce) >= 20
        assert f'content="{nonce}"' in first.text
        assert nonce not in second.text
        assert first.headers["x-content-type-options"] == "nosniff"
        assert first.headers["referrer-policy"] == "no-referrer"

    def test_keeps_hashed_files_for_good_and_others_for_a_while(
        self, application: TestClient
    ) -> None:
        plain = {"Accept-Encoding": "identity"}
        script = application.get("/console/assets/app-1a2b.js", headers=plain)
        assert script.text == "start()"
        assert script.headers["content-type"].startswith("text/javascript")
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        icon = application.get("/console/favicon.svg", headers=plain)
        assert icon.headers["content-type"] == "image/svg+xml"
        assert icon.headers["cache-control"] == "public, max-age=3600"

    def test_sends_the_compressed_copy_to_who_takes_it(self, application: TestClient) -> None:
        with application.stream(
            "GET", "/console/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip, br"}
        ) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["content-type"].startswith("text/javascript")

    def test_a_file_of_another_build_is_not_the_page(self, application: TestClient) -> None:
        answer = application.get("/console/assets/app-0000.js")
        assert answer.status_code == 404
        assert answer.json()["code"] == "console_file_not_found"

    @pytest.mark.parametrize(
        "path",
        [
            "../secret.txt",
            "%2e%2e/secret.txt",
            "assets/%2e%2e/%2e%2e/secret.txt",
            "%2fetc/passwd",
            "..%2fsecret.txt",
            "x" * 5000,
            "a/" * 500,
        ],
    )
    def test_leads_nowhere_else(self, application: TestClient, path: str) -> None:
        answer = application.get(f"/console/{path}")
        assert answer.status_code in (200, 404)
        assert "treasure" not in answer.text
        assert "root:" not in answer.text

    def test_says_how_to_build_it_where_it_is_missing(
        self, sqlite_service: Service, tmp_path: Path
    ) -> None:
        app = create_app(sqlite_service.container, ConsoleFiles(tmp_path / "nothing"))
        answer = TestClient(app, HTTPS).get("/console/")
        assert answer.status_code == 503
        assert answer.json()["code"] == "console_not_built"
        assert "make setup" in answer.json()["advice"]
