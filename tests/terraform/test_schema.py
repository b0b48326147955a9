"""Every attribute of the provider is one of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.openapi import DOCUMENT
from tests.terraform.configurations import PROVIDER
from tools.terraform_cli import Configuration

pytestmark = pytest.mark.xdist_group("terraform")

# The schema of the API that each resource and data source shows.
RESOURCES = {
    "headrace_cluster": "ClusterResponse",
    "headrace_topic": "TopicResponse",
    "headrace_api_key": "ApiKeyCreated",
}
DATA_SOURCES = {
    "headrace_cluster": "ClusterResponse",
    "headrace_clusters": "ListResponse_ClusterResponse_",
    "headrace_topic": "TopicResponse",
    "headrace_topics": "ListResponse_TopicResponse_",
    "headrace_plans": "ListResponse_PlanResponse_",
}
# A list is named after what is in it, and the cluster of its topics stands in the path.
RENAMED = {"clusters": "items", "topics": "items", "plans": "items"}
FROM_PATH = {"headrace_topics": "cluster_id"}


def attributes(block: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every attribute, nested ones included."""
    for name, attribute in block["attributes"].items():
        yield (*place, name)
        if "nested_type" in attribute:
            yield from attributes(attribute["nested_type"], (*place, name))


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references, null alternatives, lists and maps to what has properties."""
    if "$ref" in schema:
        return resolve(document, document["components"]["schemas"][schema["$ref"].split("/")[-1]])
    for alternative in schema.get("anyOf", []):
        if alternative.get("type") != "null":
            return resolve(document, alternative)
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            return resolve(document, schema[inner])
    return schema


def test_every_attribute_is_one_of_the_api(configuration: Configuration) -> None:
    configuration.write(PROVIDER)
    shown = json.loads(configuration.run("providers", "schema", "-json").stdout)
    (provider,) = shown["provider_schemas"].values()
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for kind, expected in (("resource_schemas", RESOURCES), ("data_source_schemas", DATA_SOURCES)):
        assert set(provider[kind]) == set(expected)
        for name, schema in expected.items():
            paths = list(attributes(provider[kind][name]["block"]))
            assert paths
            for path in paths:
                if kind == "data_source_schemas" and path == (FROM_PATH.get(name),):
                    continue
                seen = resolve(document, {"$ref": schema})
                for part in path:
                    known = RENAMED.get(part, part)
                    assert known in seen["properties"], f"{name}: {'.'.join(path)}"
                    seen = resolve(document, seen["properties"][known])
