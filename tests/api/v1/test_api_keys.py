from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from api.app import create_app
from control_plane.clusters.models import Cluster
from control_plane.identity import tasks
from control_plane.identity.policy import Role
from control_plane.identity.secrets import key_id_of, new_secret
from control_plane.identity.service import ClusterCredential
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import JobRegistry
from tests.fixtures.apis import Api
from tests.fixtures.memory_engine import MemoryEngine
from tests.fixtures.service import Service

CALLERS = 4
EXAMPLE = "hrs_0123456789abcdef_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg_1HiPKt"


@dataclass
class WatchedPublisher:
    """Passes publications on to the real publisher, and notes what was known at the time."""

    service: Service
    published: list[tuple[str, str | None, set[str]]]

    def request(self, session: Session, organization_id: str, cluster_id: str | None) -> None:
        self.service.container.publisher.request(session, organization_id, cluster_id)

    def publish(self, organization_id: str, cluster_id: str | None) -> None:
        self.service.container.publisher.publish(organization_id, cluster_id)
        with self.service.core.database.snapshot() as session:
            credentials = self.service.core.api_keys.cluster_credentials(
                session, organization_id, cluster_id or ""
            )
        users = {credential.username for credential in credentials}
        self.published.append((organization_id, cluster_id, users))


@pytest.fixture
def watched(service: Service) -> tuple[Service, WatchedPublisher]:
    publisher = WatchedPublisher(service, [])
    container = replace(service.container, publisher=publisher)
    return replace(service, app=create_app(container), container=container), publisher


def credentials_generation(service: Service, cluster_id: str) -> int:
    with service.core.database.snapshot() as session:
        return session.get_one(Cluster, cluster_id).credentials_generation


def run_expiries(service: Service) -> None:
    """Run the jobs of identity that are due, and those alone."""
    registry = JobRegistry()
    core = service.core
    publish = service.container.publisher.publish
    tasks.register(registry, core.database, core.clock, publish, core.api_keys.retire)
    JobRunner(core.database, core.clock, registry, workers=1, exclusive=False).run_due()


def answers(service: Service, *secrets: str) -> list[int]:
    """How requests with these secrets are answered."""
    return [service.client(secret).get("/v1/whoami").status_code for secret in secrets]


def credentials_of(
    service: Service, organization_id: str, cluster_id: str, key_id: str
) -> list[ClusterCredential]:
    """What the cluster's brokers are told of a key."""
    with service.core.database.snapshot() as session:
        found = service.core.api_keys.cluster_credentials(session, organization_id, cluster_id)
    return [one for one in found if one.username == key_id]


class TestCreate:
    def test_the_secret_is_shown_once(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={"name": "loader"}).json()
        assert key_id_of(made["secret"]) == made["id"]
        assert (made["scope"], made["cluster_id"], made["role"]) == (
            "organization",
            None,
            "developer",
        )
        for path in ("/v1/api-keys", f"/v1/api-keys/{made['id']}"):
            assert made["secret"] not in client.get(path).text

    def test_a_key_of_one_cluster(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        client = service.client(service.add_key(organization_id))
        made = client.post("/v1/api-keys", json={"cluster_id": cluster_id}).json()
        assert (made["scope"], made["cluster_id"]) == ("cluster", cluster_id)
        assert service.client(made["secret"]).get("/v1/whoami").json()["cluster_id"] == cluster_id

    @pytest.mark.parametrize(
        "body", [{"scope": "cluster"}, {"scope": "organization", "cluster_id": "lkc_x"}]
    )
    def test_scope_and_cluster_must_agree(
        self, sqlite_service: Service, body: dict[str, str]
    ) -> None:
        response = sqlite_service.new_client().post("/v1/api-keys", json=body)
        assert response.status_code == 422

    @pytest.mark.parametrize("role", ["owner", "operator"])
    def test_gives_no_role_above_the_callers(self, service: Service, role: str) -> None:
        client = service.new_client(Role.DEVELOPER)
        response = client.post("/v1/api-keys", json={"role": role})
        assert response.status_code == 403

    @pytest.mark.parametrize("expires_at", ["2026-11-22T12:00:00Z", "1999-01-01T00:00:00+02:00"])
    def test_an_expiry_in_the_past_is_refused(self, service: Service, expires_at: str) -> None:
        response = service.new_client().post("/v1/api-keys", json={"expires_at": expires_at})
        assert response.status_code == 422
        assert response.json()["code"] == "api_key_expiry_invalid"

    def test_an_expiry_without_a_time_zone_is_refused(self, service: Service) -> None:
        response = service.new_client().post(
            "/v1/api-keys", json={"expires_at": "2027-01-01T00:00:00"}
        )
        assert response.json()["code"] == "request_invalid"


class TestSuppliedSecret:
    def test_works_and_is_not_shown(self, service: Service) -> None:
        client = service.new_client()
        expected, secret = new_secret()
        response = client.post("/v1/api-keys", json={"secret": secret})
        assert response.status_code == 201
        assert (response.json()["id"], response.json()["secret"]) == (expected, None)
        for answer in (
            response,
            client.get("/v1/api-keys"),
            client.get(f"/v1/api-keys/{expected}"),
        ):
            assert secret not in answer.text
        assert service.client(secret).get("/v1/whoami").json()["id"] == expected

    @pytest.mark.parametrize("secret", ["", "password", "x" * 100_000, EXAMPLE[:-1]])
    def test_one_that_is_not_fit_is_refused(self, sqlite_service: Service, secret: str) -> None:
        client = sqlite_service.new_client()
        response = client.post("/v1/api-keys", json={"secret": secret})
        assert response.status_code == 422
        assert response.json()["code"] == "api_key_secret_invalid"
        assert not secret or secret not in response.text
        assert len(client.get("/v1/api-keys").json()["items"]) == 1

    @pytest.mark.parametrize("secret", [7, ["hrs_listed"], {"hrs": "hrs_nested"}])
    def test_one_that_is_no_text_is_refused(self, sqlite_service: Service, secret: object) -> None:
        response = sqlite_service.new_client().post("/v1/api-keys", json={"secret": secret})
        assert response.json()["code"] == "request_invalid"
        assert "hrs_" not in response.text

    def test_one_that_was_used_is_refused_alike_to_everybody(self, service: Service) -> None:
        mine, theirs = service.new_client(), service.new_client()
        _, secret = new_secret()
        assert mine.post("/v1/api-keys", json={"secret": secret}).status_code == 201
        refusals = [each.post("/v1/api-keys", json={"secret": secret}) for each in (mine, theirs)]
        assert {each.status_code for each in refusals} == {409}
        assert {each.json()["code"] for each in refusals} == {"api_key_secret_used"}
        assert refusals[0].json()["detail"] == refusals[1].json()["detail"]

    def test_a_retry_gets_the_same_answer(self, service: Service) -> None:
        client = service.new_client()
        _, secret = new_secret()
        keyed = {"Idempotency-Key": "brought"}
        first, second = (
            client.post("/v1/api-keys", json={"secret": secret}, headers=keyed) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"
        other = client.post("/v1/api-keys", json={"secret": new_secret()[1]}, headers=keyed)
        assert other.json()["code"] == "idempotency_key_reused"

    def test_of_many_at_once_one_makes_the_key(self, service: Service) -> None:
        client = service.new_client()
        _, secret = new_secret()
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [
                pool.submit(client.post, "/v1/api-keys", json={"secret": secret})
                for _ in range(CALLERS)
            ]
        statuses = sorted(call.result().status_code for call in calls)
        assert statuses == [201] + [409] * (CALLERS - 1)


class TestPublishing:
    def test_a_new_key_is_published_before_the_answer(
        self, watched: tuple[Service, WatchedPublisher]
    ) -> None:
        service, publisher = watched
        organization_id = service.add_organization()
        client = service.client(service.add_key(organization_id))
        made = client.post("/v1/api-keys", json={}).json()
        ((published_for, cluster_id, users),) = publisher.published
        assert (published_for, cluster_id) == (organization_id, None)
        assert made["id"] in users

    def test_a_revoked_key_is_withdrawn_before_the_answer(
        self, watched: tuple[Service, WatchedPublisher]
    ) -> None:
        service, publisher = watched
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        revoked = client.delete(f"/v1/api-keys/{made['id']}")
        assert revoked.json()["revoked_at"] is not None
        assert made["id"] not in publisher.published[-1][2]

    def test_an_expired_key_is_withdrawn_at_its_instant(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        client = service.client(service.add_key(organization_id))
        expires_at = (service.clock.now() + timedelta(hours=1)).isoformat()
        client.post("/v1/api-keys", json={"expires_at": expires_at})
        before = credentials_generation(service, cluster_id)
        service.clock.advance(3599)
        run_expiries(service)
        assert credentials_generation(service, cluster_id) == before
        service.clock.advance(1)
        run_expiries(service)
        assert credentials_generation(service, cluster_id) > before


class TestRevoke:
    def test_stays_in_the_list(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        client.delete(f"/v1/api-keys/{made['id']}")
        listed = {key["id"]: key for key in client.get("/v1/api-keys").json()["items"]}
        assert listed[made["id"]]["revoked_at"] is not None

    def test_a_key_may_end_itself(self, service: Service) -> None:
        client = service.new_client()
        own = client.get("/v1/whoami").json()["id"]
        assert client.delete(f"/v1/api-keys/{own}").status_code == 200
        assert client.get("/v1/whoami").status_code == 401


class TestRotate:
    def test_both_secrets_work_until_the_one_before_ends(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        rotated = client.post(f"/v1/api-keys/{made['id']}:rotate")
        assert rotated.status_code == 200
        secret = rotated.json()["secret"]
        assert key_id_of(secret) == made["id"]
        assert secret != made["secret"]
        until = service.clock.now() + timedelta(days=1)
        assert datetime.fromisoformat(rotated.json()["previous_secret_until"]) == until
        assert secret not in client.get(f"/v1/api-keys/{made['id']}").text
        assert answers(service, made["secret"], secret) == [200, 200]
        service.clock.advance(24 * 3600 - 1)
        assert answers(service, made["secret"], secret) == [200, 200]
        service.clock.advance(1)
        assert answers(service, made["secret"], secret) == [401, 200]

    def test_without_an_overlap_the_one_before_ends_at_once(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        assert answers(service, made["secret"]) == [200]
        rotated = client.post(f"/v1/api-keys/{made['id']}:rotate", json={"overlap_seconds": 0})
        assert rotated.json()["previous_secret_until"] is None
        assert answers(service, made["secret"], rotated.json()["secret"]) == [401, 200]

    def test_rotating_again_ends_the_oldest(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        path = f"/v1/api-keys/{made['id']}:rotate"
        second, third = (client.post(path, json={}).json()["secret"] for _ in range(2))
        assert answers(service, made["secret"], second, third) == [401, 200, 200]

    def test_brokers_are_told_of_both_and_of_the_end_at_its_instant(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        client = service.client(service.add_key(organization_id))
        made = client.post("/v1/api-keys", json={"cluster_id": cluster_id}).json()
        (before,) = credentials_of(service, organization_id, cluster_id, made["id"])
        path = f"/v1/api-keys/{made['id']}:rotate"
        client.post(path, json={"overlap_seconds": 3600})
        (both,) = credentials_of(service, organization_id, cluster_id, made["id"])
        assert both.previous is not None
        assert both.previous.secret_hmac == before.secret_hmac
        assert both.previous.scram_sha_256 == before.scram_sha_256
        assert both.previous.scram_sha_512 == before.scram_sha_512
        assert both.hmac_salt == before.hmac_salt
        assert both.scram_sha_512.salt == before.scram_sha_512.salt
        assert both.secret_hmac != before.secret_hmac
        generation = credentials_generation(service, cluster_id)
        service.clock.advance(3599)
        run_expiries(service)
        assert credentials_generation(service, cluster_id) == generation
        service.clock.advance(1)
        run_expiries(service)
        assert credentials_generation(service, cluster_id) > generation
        (after,) = credentials_of(service, organization_id, cluster_id, made["id"])
        assert after == replace(both, previous=None)
        assert client.get(f"/v1/api-keys/{made['id']}").json()["previous_secret_until"] is None

    def test_a_dry_run_checks_and_changes_nothing(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        path = f"/v1/api-keys/{made['id']}"
        shown = client.post(f"{path}:rotate?dry_run=true", json={}).json()
        assert (shown["secret"], shown["is_dry_run"]) == (None, True)
        assert shown["previous_secret_until"] is not None
        assert client.get(path).json()["previous_secret_until"] is None
        assert answers(service, made["secret"]) == [200]
        client.delete(path)
        refused = client.post(f"{path}:rotate?dry_run=true", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "api_key_ended")

    @pytest.mark.parametrize("overlap", [-1, 30 * 24 * 3600 + 1, 0.5, "an hour"])
    def test_an_overlap_that_can_not_be_is_refused(
        self, sqlite_service: Service, overlap: object
    ) -> None:
        client = sqlite_service.new_client()
        own = client.get("/v1/whoami").json()["id"]
        response = client.post(f"/v1/api-keys/{own}:rotate", json={"overlap_seconds": overlap})
        assert response.status_code == 422

    def test_a_key_that_ended_and_one_above_the_caller_are_refused(self, service: Service) -> None:
        organization_id = service.add_organization()
        owner = service.client(service.add_key(organization_id))
        developer = service.client(service.add_key(organization_id, role=Role.DEVELOPER))
        above = owner.get("/v1/whoami").json()["id"]
        assert developer.post(f"/v1/api-keys/{above}:rotate", json={}).status_code == 403
        expires_at = (service.clock.now() + timedelta(hours=1)).isoformat()
        made = owner.post("/v1/api-keys", json={"expires_at": expires_at}).json()
        service.clock.advance(3600)
        refused = owner.post(f"/v1/api-keys/{made['id']}:rotate", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "api_key_ended")

    def test_the_secret_before_never_outlives_its_key(self, service: Service) -> None:
        client = service.new_client()
        expires_at = (service.clock.now() + timedelta(hours=1)).isoformat()
        made = client.post("/v1/api-keys", json={"expires_at": expires_at}).json()
        secret = client.post(f"/v1/api-keys/{made['id']}:rotate", json={}).json()["secret"]
        service.clock.advance(3600)
        assert answers(service, made["secret"], secret) == [401, 401]

    def test_a_retry_is_given_the_same_secret(self, service: Service) -> None:
        client = service.new_client()
        made = client.post("/v1/api-keys", json={}).json()
        path, keyed = f"/v1/api-keys/{made['id']}:rotate", {"Idempotency-Key": "rotation"}
        first, second = (client.post(path, json={}, headers=keyed) for _ in range(2))
        assert first.json() == second.json()
        assert answers(service, made["secret"], first.json()["secret"]) == [200, 200]

    def test_a_cluster_that_knows_one_secret_refuses_by_name(
        self, memory_api: Api, memory_engine: MemoryEngine
    ) -> None:
        memory_engine.knows_one_secret = True
        client = memory_api.caller().http
        client.post("/v1/clusters", json={"name": "one", "plan": "dev"})
        made = client.post("/v1/api-keys", json={}).json()
        refused = client.post(f"/v1/api-keys/{made['id']}:rotate", json={})
        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "api_key_rotation_not_offered",
        )
        # No broker knows a key that is not for records.
        viewer = client.post("/v1/api-keys", json={"role": "viewer"}).json()
        assert client.post(f"/v1/api-keys/{viewer['id']}:rotate", json={}).status_code == 200


class TestList:
    def test_pages_hold_every_key_once(self, service: Service) -> None:
        client = service.new_client()
        ids = [client.post("/v1/api-keys", json={}).json()["id"] for _ in range(4)]
        own = client.get("/v1/whoami").json()["id"]
        found: list[str] = []
        token = ""
        while token is not None:
            query = f"page_size=2&page_token={token}" if token else "page_size=2"
            page = client.get(f"/v1/api-keys?{query}").json()
            found += [key["id"] for key in page["items"]]
            token = page["next_page_token"]
        assert sorted(found) == sorted([own, *ids])
