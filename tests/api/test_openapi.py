import json

import pytest
from openapi_spec_validator import validate

from api.openapi import DOCUMENT, build_document, render, required_actions
from api.routes import create_routes, described_routes
from control_plane.identity.policy import Action
from tests.fixtures.service import Service

HEALTH = {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def document() -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    return build_document(create_routes())


class TestDocument:
    def test_is_valid_openapi_3_1(self, document: dict[str, object]) -> None:
        assert str(document["openapi"]).startswith("3.1.")
        validate(document)

    def test_the_committed_one_is_what_the_routes_say(self, document: dict[str, object]) -> None:
        assert DOCUMENT.read_text("utf-8") == render(document), "run: python -m api.openapi"

    def test_every_operation_is_named_tagged_and_described(self) -> None:
        document = json.loads(DOCUMENT.read_text("utf-8"))
        tags = {tag["name"] for tag in document["tags"]}
        seen: set[str] = set()
        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert operation["operationId"] not in seen
                seen.add(operation["operationId"])
                assert operation["description"], path
                assert set(operation["tags"]) <= tags, path
                assert path in HEALTH or operation["security"], path

    def test_every_error_is_a_problem_with_an_example(self) -> None:
        document = json.loads(DOCUMENT.read_text("utf-8"))
        for path, methods in document["paths"].items():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        problem = response["content"]["application/problem+json"]
                        assert problem["examples"], f"{path} {status}"
                        for code, example in problem["examples"].items():
                            assert example["value"]["code"] == code

    def test_is_served(self, sqlite_service: Service) -> None:
        served = sqlite_service.client().get("/v1/openapi.json")
        assert served.json() == json.loads(DOCUMENT.read_text("utf-8"))


class TestPolicy:
    def test_every_route_declares_one_action(self) -> None:
        for route in described_routes():
            if route.path not in HEALTH:
                assert len(set(required_actions(route))) == 1, route.path

    def test_every_action_is_declared_by_a_route(self) -> None:
        declared = {action for route in described_routes() for action in required_actions(route)}
        assert declared == {action.value for action in Action}
