"""The web application: middleware, error handling and every route, over one container."""

from fastapi import FastAPI

from api.deps import Container
from api.errors import install_error_handlers
from api.limits import BodyLimitMiddleware
from api.middleware import RequestMiddleware
from api.v1 import (
    api_keys,
    clusters,
    health,
    members,
    operations,
    organizations,
    plans,
    topics,
    whoami,
)

API_VERSION = "0.1.0"


def create_app(container: Container) -> FastAPI:
    """Make the application; it owns nothing that `container` does not."""
    app = FastAPI(
        title="Headrace",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.container = container
    install_error_handlers(app)
    # Added last is outermost: a body over the limit has a request id and a log line too.
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(RequestMiddleware)
    for module in (
        organizations,
        members,
        api_keys,
        clusters,
        topics,
        plans,
        operations,
        whoami,
        health,
    ):
        app.include_router(module.router)
    return app
