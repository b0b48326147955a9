from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from control_plane.identity.sessions import SESSION_IDLE_SECONDS, SESSIONS_MAX
from control_plane.kit.scope import Scope
from tests.fixtures.service import Service

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(service: Service, secret: str, user_agent: str = FIREFOX) -> TestClient:
    """A browser that is signed in with a key."""
    client = service.client()
    client.headers["User-Agent"] = user_agent
    answer = client.post("/console/session", json={"api_key": secret})
    assert answer.status_code == 200, answer.text
    return client


def member_signed_in(service: Service, organization_id: str, member_id: str) -> TestClient:
    client = service.client()
    core = service.core
    with core.database.transaction() as session:
        member = core.members.get(session, Scope(organization_id), member_id)
        token = core.sessions.issue_sign_in(session, member)
    assert client.get("/console/sign-in", params={"token": token}).status_code == 303
    return client


def ids(client: TestClient) -> list[str]:
    return [one["id"] for one in client.get("/v1/sessions").json()["items"]]


class TestListing:
    def test_tells_where_and_when(self, service: Service) -> None:
        secret = service.add_key(service.add_organization())
        opened_at = service.clock.now()
        browser = signed_in(service, secret)
        service.clock.advance(3600)
        assert browser.get("/v1/whoami").status_code == 200
        shown = browser.get("/v1/sessions").json()["items"][0]
        assert (shown["address"], shown["user_agent"]) == ("127.0.0.1", FIREFOX)
        assert shown["created_at"] == opened_at.isoformat(timespec="microseconds")[:-6] + "Z"
        assert shown["last_used_at"] > shown["created_at"]
        assert shown["is_current"] is True

    def test_of_a_key_are_those_opened_with_it(self, sqlite_service: Service) -> None:
        organization = sqlite_service.add_organization()
        secret, other = (sqlite_service.add_key(organization) for _ in range(2))
        signed_in(sqlite_service, other)
        browser = signed_in(sqlite_service, secret)
        shown = sqlite_service.client(secret).get("/v1/sessions").json()["items"]
        assert [one["id"] for one in shown] == ids(browser)
        assert [one["is_current"] for one in shown] == [False]

    def test_one_that_is_over_is_not_there(self, sqlite_service: Service) -> None:
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        browser = signed_in(sqlite_service, secret)
        signed_in(sqlite_service, secret).delete("/console/session")
        assert len(ids(browser)) == 1
        sqlite_service.clock.advance(SESSION_IDLE_SECONDS)
        assert ids(sqlite_service.client(secret)) == []

    def test_who_may_only_look_sees_its_own_in_one_cluster_too(
        self, sqlite_service: Service
    ) -> None:
        organization = sqlite_service.add_organization()
        cluster = sqlite_service.add_cluster(organization)
        browser = signed_in(
            sqlite_service, sqlite_service.add_key(organization, Role.VIEWER, cluster)
        )
        assert len(ids(browser)) == 1

    def test_what_a_client_says_of_itself_is_cut(self, sqlite_service: Service) -> None:
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        browser = signed_in(sqlite_service, secret, "x" * 4_000)
        assert browser.get("/v1/sessions").json()["items"][0]["user_agent"] == "x" * 256

    def test_there_are_only_so_many(self, sqlite_service: Service) -> None:
        secret = sqlite_service.add_key(sqlite_service.add_organization())
        principal = sqlite_service.core.authenticator.authenticate(secret)
        first = signed_in(sqlite_service, secret)
        for _ in range(SESSIONS_MAX):
            sqlite_service.clock.advance(1)
            with sqlite_service.core.database.transaction() as session:
                sqlite_service.core.sessions.sign_in_with_api_key(session, principal)
        assert len(ids(sqlite_service.client(secret))) == SESSIONS_MAX
        sqlite_service.clock.advance(10)
        assert first.get("/v1/whoami").status_code == 401


class TestRevoking:
    def test_ends_one_at_once(self, service: Service) -> None:
        secret = service.add_key(service.add_organization())
        browser, lost = signed_in(service, secret), signed_in(service, secret)
        assert lost.get("/v1/whoami").status_code == 200
        (lost_id,) = [
            one["id"] for one in lost.get("/v1/sessions").json()["items"] if one["is_current"]
        ]
        answer = browser.delete(f"/v1/sessions/{lost_id}")
        assert (answer.status_code, answer.json()["id"]) == (200, lost_id)
        assert lost.get("/v1/whoami").status_code == 401
        assert browser.get("/v1/whoami").status_code == 200
        again = browser.delete(f"/v1/sessions/{lost_id}")
        assert (again.status_code, again.json()["code"]) == (404, "session_not_found")

    def test_ends_all_others_at_once(self, service: Service) -> None:
        secret = service.add_key(service.add_organization())
        browser, lost = signed_in(service, secret), signed_in(service, secret)
        stranger = signed_in(service, service.add_key(service.add_organization()))
        assert lost.get("/v1/whoami").status_code == 200
        ended = browser.delete("/v1/sessions").json()["items"]
        assert len(ended) == 1
        assert lost.get("/v1/whoami").status_code == 401
        assert browser.get("/v1/whoami").status_code == 200
        assert stranger.get("/v1/whoami").status_code == 200

    def test_reaches_those_in_other_organizations_of_the_same_member_alone(
        self, sqlite_service: Service
    ) -> None:
        organization = sqlite_service.add_organization()
        ada, bob = (sqlite_service.add_member(organization) for _ in range(2))
        of_ada = member_signed_in(sqlite_service, organization, ada)
        of_bob = member_signed_in(sqlite_service, organization, bob)
        (of_bobs,) = ids(of_bob)
        assert of_ada.delete(f"/v1/sessions/{of_bobs}").status_code == 404
        assert of_ada.delete("/v1/sessions").json()["items"] == []
        assert of_bob.get("/v1/whoami").status_code == 200

    def test_is_written_down(self, sqlite_service: Service) -> None:
        organization = sqlite_service.add_organization()
        secret = sqlite_service.add_key(organization)
        browser = signed_in(sqlite_service, secret)
        (own,) = ids(browser)
        browser.delete(f"/v1/sessions/{own}")
        reader = sqlite_service.client(secret)
        found = reader.get("/v1/audit/events", params={"action": "sessions.revoke"}).json()
        assert [(one["resource_id"], one["outcome"]) for one in found["items"]] == [
            (own, "succeeded")
        ]
