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
    "headrace_api_key": "ApiKeyResponse",
    "headrace_api_keys": "ListResponse_ApiKeyResponse_",
    "headrace_cluster": "ClusterResponse",
    "headrace_cluster_connection": "ClusterResponse",
    "headrace_clusters": "ListResponse_ClusterResponse_",
    "headrace_topic": "TopicResponse",
    "headrace_topics": "ListResponse_TopicResponse_",
    "headrace_plans": "ListResponse_PlanResponse_",
}
EPHEMERAL_RESOURCES = {"headrace_secret": "ApiKeyCreated"}
# A list is named after what is in it.
RENAMED = {"api_keys": "items", "clusters": "items", "topics": "items", "plans": "items"}
# What has another name, or is deeper, in the API.
PLACES = {
    "headrace_cluster_connection": {
        "cluster_id": ("id",),
        "bootstrap_servers": ("endpoints", "kafka", "sasl_ssl"),
        "rest_url": ("endpoints", "rest"),
    },
    "headrace_secret": {"api_key_id": ("id",)},
    "headrace_api_key": {"secret_wo": ("secret",)},
}
# What is asked for stands in the path or the query, numbers of write-only attributes are the
# provider's, and one way into a cluster is the same for all.
NO_ATTRIBUTES = {
    "headrace_topics": {"cluster_id"},
    "headrace_api_keys": {"cluster_id"},
    "headrace_api_key": {"secret_wo_version"},
    "headrace_cluster_connection": {"security_protocol", "sasl_mechanism", "properties"},
}


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
    for kind, expected in (
        ("resource_schemas", RESOURCES),
        ("data_source_schemas", DATA_SOURCES),
        ("ephemeral_resource_schemas", EPHEMERAL_RESOURCES),
    ):
        assert set(provider[kind]) == set(expected)
        for name, schema in expected.items():
            paths = list(attributes(provider[kind][name]["block"]))
            assert paths
            for path in paths:
                if path[0] in NO_ATTRIBUTES.get(name, set[str]()):
                    continue
                seen = resolve(document, {"$ref": schema})
                for part in PLACES.get(name, {}).get(path[0], path):
                    known = RENAMED.get(part, part)
                    assert known in seen["properties"], f"{name}: {'.'.join(path)}"
                    seen = resolve(document, seen["properties"][known])
