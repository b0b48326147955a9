"""The OpenAPI document: completed, committed as openapi.json, and compared in every check.

`python -m api.openapi` writes the file, `--check` fails if it is not what the routes say.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.auth import requirements
from api.errors import PROBLEM_MEDIA_TYPE, Problem, RequestInvalidError, problems
from api.idempotency import IDEMPOTENCY_HEADER
from api.routes import create_routes, described_routes

DOCUMENT = Path(__file__).parent / "openapi.json"

SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret of an API key.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The id and the secret of an API key.",
    },
}

TAGS = {
    "organizations": "Who holds clusters, and pays for them.",
    "members": "The people of an organization.",
    "api-keys": "Credentials of programs, for HTTP and for Kafka alike.",
    "clusters": "Kafka clusters.",
    "topics": "Topics of a cluster.",
    "groups": "Consumer groups of a cluster: who reads, how far behind, and where from.",
    "access-rules": "Who may do what with which resource of a cluster: Kafka's ACLs.",
    "scram-users": "Logins of one cluster that are no API keys.",
    "quotas": "Rates that clients of a cluster may reach.",
    "metrics": "What a cluster counts and measures of itself.",
    "usage": "What clusters used.",
    "plans": "What clusters can be had.",
    "billing": "What clusters cost, and what they would.",
    "records": "Producing and consuming over HTTP.",
    "audit": "What was done, by whom, and what was refused.",
    "operations": "Work that goes on after a request was accepted.",
    "webhooks": "URLs that are told of events, and what they were told.",
    "sessions": "Where somebody is signed in.",
    "whoami": "Whose credentials these are.",
    "installation": "What the operators of the installation do.",
    "health": "How the service is.",
}

IDEMPOTENCY_PARAMETER = {
    "name": IDEMPOTENCY_HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Makes it safe to send the request again: for 24 hours the same key with the same "
        "request is answered by the same reply, and nothing is done twice."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "0f8b2f1e-3a55-4f0e-9a52-6c1f8f1b7a10",
}


def build_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of every described route of `app`."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Managed Kafka clusters: made, used and shown.",
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_problem_schemas())
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    for route in described_routes():
        for method in sorted(route.methods or ()):
            _complete(document["paths"][route.path_format][method.lower()], route, method)
    return document


def install_document(app: FastAPI) -> None:
    """Make `app` serve the completed document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_document(app)
        return app.openapi_schema

    app.openapi = openapi


def required_actions(route: APIRoute) -> list[str]:
    """Return the actions that a route declares by `require`."""
    return [found.action.value for found in requirements(route.dependant)]


def render(document: dict[str, Any]) -> str:
    """Write a document the same way every time."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check the committed document."""
    parser = argparse.ArgumentParser(prog="python -m api.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    wanted = render(build_document(create_routes()))
    if not parser.parse_args().check:
        DOCUMENT.write_text(wanted, "utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text("utf-8") != wanted:
        sys.stderr.write(f"{DOCUMENT} is not what the routes say; run: python -m api.openapi\n")
        return 1
    return 0


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    if required_actions(route):
        operation["security"] = [{"bearer": []}, {"basic": []}]
    if method == "POST" and route.path.startswith("/v1/"):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_PARAMETER)
    if "422" in operation["responses"]:
        _describe_invalid(operation["responses"])


def _describe_invalid(responses: dict[str, Any]) -> None:
    """Add the general 422 to those that the route names, in place of the framework's own."""
    general = problems(RequestInvalidError)[422]
    named = responses["422"].get("content", {}).get(PROBLEM_MEDIA_TYPE, {})
    general["content"][PROBLEM_MEDIA_TYPE]["examples"].update(named.get("examples", {}))
    responses["422"] = general


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


if __name__ == "__main__":
    sys.exit(main())
