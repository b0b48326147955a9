"""The described routes with what a call of each needs: its action, its resource, a valid body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from api.openapi import build_document, required_actions
from api.routes import create_routes, described_routes

Json = dict[str, Any]

RESOURCES = (
    "cluster_id",
    "api_key_id",
    "member_id",
    "operation_id",
    "organization_id",
    "principal_id",
    "session_id",
    "webhook_id",
)
"""Path parameters that name what belongs to somebody; whatever else is in a path lies inside."""

FILLED = {"partition": "0", "partition_id": "0"}
PLAIN_NAME = "orders"

QUERIES: dict[str, Json] = {
    "stream_operation": {"seconds": 0},
    "stream_operations": {"seconds": 0},
}
"""Queries without which an answer would go on, by operation id."""

BODIES: dict[str, Json] = {
    "create_cluster": {"name": "made", "plan": "dev"},
    "update_cluster": {"labels": {"team": "mill"}},
    "update_topic": {"partitions": 2},
    "update_member": {"role": "viewer"},
    "set_cluster_access": {"access": "read_only", "reason": "unpaid"},
    "create_member": {"email": "{fresh}@example.com", "name": "Ada", "role": "viewer"},
    "create_api_key": {"role": "viewer"},
    "reset_group_offsets": {"to": "latest"},
    "update_quota": {
        "entity": [{"type": "user", "name": "importer"}],
        "rates": {"producer_byte_rate": 1024},
    },
    "produce_record": {"value": {"data": "x"}},
}
"""Bodies whose right values a schema does not tell, by operation id."""


@dataclass(frozen=True)
class Route:
    """One route; `resource` is the path parameter that names whose it is, None without one."""

    name: str
    method: str
    path: str
    action: str
    resource: str | None
    query: Json
    body: Json | None

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    @property
    def is_installation(self) -> bool:
        return self.path.startswith("/v1/installation/")


def all_routes() -> list[Route]:
    """Return every described route that needs credentials."""
    document = build_document(create_routes())
    found: list[Route] = []
    for route in described_routes():
        actions = required_actions(route)
        for method in sorted(route.methods or ()) if actions else ():
            operation = document["paths"][route.path_format][method.lower()]
            found.append(_route(document, route.path_format, method, operation, actions[0]))
    return found


def _route(document: Json, path: str, method: str, operation: Json, action: str) -> Route:
    resource = next((name for name in RESOURCES if "{" + name + "}" in path), None)
    query: Json = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] != resource:
            filled = FILLED.get(parameter["name"], PLAIN_NAME)
            path = path.replace("{" + parameter["name"] + "}", filled)
        elif parameter["in"] == "query" and parameter.get("required"):
            query[parameter["name"]] = example(document, parameter["schema"])
    name = operation["operationId"]
    query |= QUERIES.get(name, {})
    body = BODIES.get(name)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is None and content is not None:
        body = cast("Json", example(document, content["schema"]))
    return Route(name, method, path, action, resource, query, body)


def example(document: Json, schema: Json) -> Any:
    """Return a smallest value of a schema: examples where there are any, required fields alone."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(document, document["components"]["schemas"][name])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example(document, schema[choice][0])
    for known in ("examples", "enum"):
        if known in schema:
            return schema[known][0]
    return _plain(document, schema)


def _plain(document: Json, schema: Json) -> Any:
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {
                name: example(document, properties[name]) for name in schema.get("required", ())
            }
        case "array":
            wanted = schema.get("minItems", 0)
            return [example(document, schema["items"]) for _ in range(wanted)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return "2030-01-01T00:00:00Z" if schema.get("format") == "date-time" else PLAIN_NAME
