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
    "headrace_prices": "PriceBookResponse",
    "headrace_price_preview": "PricePreviewResponse",
}
EPHEMERAL_RESOURCES = {"headrace_secret": "ApiKeyCreated"}
LIST = "ListResponse_"
# What the answer to a dry run, or the request, has.
OTHER_SCHEMAS = {
    ("headrace_cluster", "price"): "ClusterPreview",
    ("headrace_price_preview", "partitions"): "PricePreviewRequest",
    ("headrace_price_preview", "gb_in_per_day"): "PricePreviewRequest",
    ("headrace_price_preview", "gb_out_per_day"): "PricePreviewRequest",
    ("headrace_price_preview", "gb_stored"): "PricePreviewRequest",
}
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
    "headrace_prices": {"date"},
    "headrace_api_key": {"secret_wo_version"},
    "headrace_cluster_connection": {"security_protocol", "sasl_mechanism", "properties"},
}


def attributes(block: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every attribute, nested ones included."""
    for name, attribute in block["attributes"].items():
        yield (*place, name)
        if "nested_type" in attribute:
            yield from attributes(attribute["nested_type"], (*place, name))


def lists(name: str) -> str:
    return name.removeprefix("headrace_")


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
                seen = resolve(document, {"$ref": OTHER_SCHEMAS.get((name, path[0]), schema)})
                for part in PLACES.get(name, {}).get(path[0], path):
                    # A list is named after what is in it.
                    known = "items" if schema.startswith(LIST) and part == lists(name) else part
                    assert known in seen["properties"], f"{name}: {'.'.join(path)}"
                    seen = resolve(document, seen["properties"][known])
