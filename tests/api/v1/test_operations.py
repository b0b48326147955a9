from concurrent.futures import ThreadPoolExecutor

from control_plane.operations.models import Operation
from control_plane.operations.service import OperationSubject
from tests.fixtures.service import Service

WAIT_SECONDS = 30


def begin(service: Service, organization_id: str) -> Operation:
    subject = OperationSubject(organization_id, "lkc_one", "cluster", "lkc_one")
    with service.core.database.transaction() as session:
        return service.core.operations.create(session, kind="clusters.create", subject=subject)


class TestRead:
    def test_shows_steps_and_failure(self, service: Service) -> None:
        organization_id = service.add_organization()
        operation = begin(service, organization_id)
        with service.core.database.transaction() as session:
            service.core.operations.start(session, operation.id)
            service.core.operations.record_step(session, operation.id, "reserve")
            service.core.operations.fail(
                session, operation.id, code="broker_unavailable", detail="it did not start"
            )
        client = service.client(service.add_key(organization_id))
        shown = client.get(f"/v1/operations/{operation.id}").json()
        assert shown["status"] == "failed"
        assert shown["error"] == {"code": "broker_unavailable", "detail": "it did not start"}
        assert [step["name"] for step in shown["steps"]] == ["reserve"]
        assert shown["finished_at"] == "2026-11-22T12:00:00.000000Z"
        assert client.get("/v1/operations").json()["items"] == [shown]
        assert client.get("/v1/operations?resource_id=lkc_one").json()["items"] == [shown]
        assert client.get("/v1/operations?resource_id=lkc_two").json()["items"] == []

    def test_waits_for_the_end_if_asked_to(self, service: Service) -> None:
        organization_id = service.add_organization()
        operation = begin(service, organization_id)
        client = service.client(service.add_key(organization_id))
        path = f"/v1/operations/{operation.id}"
        assert client.get(path).json()["status"] == "pending"
        with ThreadPoolExecutor(1) as pool:
            shown = pool.submit(client.get, f"{path}?wait_seconds={WAIT_SECONDS}")
            with service.core.database.transaction() as session:
                service.core.operations.succeed(session, operation.id)
            assert shown.result(WAIT_SECONDS).json()["status"] == "succeeded"
