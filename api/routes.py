"""Every route of the web process."""

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Lifespan

from api import console, console_users
from api.kafka_rest import records as kafka_rest_records
from api.v1 import (
    access_rules,
    api_keys,
    audit,
    billing,
    billing_reports,
    cluster_access,
    cluster_changes,
    cluster_forks,
    cluster_metrics,
    clusters,
    groups,
    health,
    installation,
    installation_audit,
    members,
    operation_events,
    operations,
    organizations,
    plans,
    quotas,
    records,
    scram_users,
    sessions,
    topics,
    usage,
    webhooks,
    whoami,
)

API_VERSION = "0.1.0"

MODULES = (
    organizations,
    members,
    api_keys,
    clusters,
    cluster_changes,
    cluster_access,
    cluster_forks,
    cluster_metrics,
    groups,
    topics,
    access_rules,
    scram_users,
    quotas,
    usage,
    plans,
    records,
    kafka_rest_records,
    operation_events,  # before the operations, one of whose ids is no "events"
    operations,
    audit,
    billing,
    billing_reports,
    webhooks,
    installation,
    installation_audit,
    sessions,
    whoami,
    health,
    console_users,  # before the console, whose addresses are all others
    console,
)


def create_routes(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Make an application of routes alone: enough to describe it, not to run it."""
    app = FastAPI(
        title="Headrace",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=lifespan,
    )
    for module in MODULES:
        app.include_router(module.router)
    return app


def described_routes() -> list[APIRoute]:
    """Return the routes that the OpenAPI document describes."""
    routes = [route for module in MODULES for route in module.router.routes]
    return [route for route in routes if isinstance(route, APIRoute) and route.include_in_schema]
