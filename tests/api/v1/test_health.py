import pytest
from fastapi.testclient import TestClient

from tests.fixtures.databases import take_away
from tests.fixtures.service import BASE_URL, Service


class TestHealth:
    def test_lives(self, service: Service) -> None:
        assert service.client().get("/healthz").json() == {"status": "ok"}

    def test_is_ready_while_jobs_are_run(self, service: Service) -> None:
        client = service.client()
        assert client.get("/readyz").json()["code"] == "service_not_ready"
        service.container.job_runner.start()
        assert client.get("/readyz").json() == {"status": "ready"}
        assert service.container.job_runner.stop(timeout_seconds=30)
        assert client.get("/readyz").status_code == 503

    def test_is_not_ready_without_its_database(
        self, sqlite_service: Service, sqlite_url: str
    ) -> None:
        take_away(sqlite_service.core.database, sqlite_url)
        response = sqlite_service.client().get("/readyz")
        assert response.status_code == 503
        assert response.json()["detail"] == "the database does not answer"
        assert sqlite_service.client().get("/healthz").status_code == 200


class TestMetrics:
    def test_count_requests_by_route_and_never_by_path(self, sqlite_service: Service) -> None:
        client = sqlite_service.new_client()
        client.get("/v1/api-keys/hk_canary")
        client.get("/canary/of/a/path")
        client.request("CANARY", "/v1/whoami")
        text = client.get("/metrics").text
        labels = 'method="GET",route="/v1/api-keys/{api_key_id}",status="404"'
        assert f"headrace_http_requests_total{{{labels}}}" in text
        assert "canary" not in text.lower()

    @pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"])
    def test_are_for_this_machine_alone(self, sqlite_service: Service, address: str) -> None:
        remote = TestClient(sqlite_service.app, BASE_URL, client=(address, 50000))
        assert remote.get("/metrics").json()["code"] == "route_not_found"

    @pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP"])
    def test_are_not_shown_through_a_proxy(self, sqlite_service: Service, header: str) -> None:
        response = sqlite_service.client().get("/metrics", headers={header: "192.0.2.1"})
        assert response.status_code == 404
