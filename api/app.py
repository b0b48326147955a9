"""The web application: every route behind its middleware, over one container."""

from fastapi import FastAPI

from api.console_files import ConsoleFiles
from api.deps import Container
from api.errors import install_error_handlers
from api.kafka_rest import errors as kafka_rest_errors
from api.limits import BodyLimitMiddleware
from api.middleware import RequestMiddleware, TargetMiddleware
from api.openapi import install_document
from api.rate_limits import RateLimitMiddleware
from api.routes import create_routes


def create_app(container: Container, console_files: ConsoleFiles | None = None) -> FastAPI:
    """Make the application; it owns nothing that `container` does not.

    It serves the console that was built here, or the one of `console_files`.
    """
    app = create_routes(container.gateway.lifespan)
    app.state.container = container
    app.state.console_files = console_files or ConsoleFiles()
    install_document(app)
    install_error_handlers(app, {kafka_rest_errors.PREFIX: kafka_rest_errors.problem_members})
    settings = container.core.settings
    hosts = (settings.public_host, *settings.allowed_hosts)
    # Added last is outermost: what the inner ones refuse has a request id and a log line too.
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(TargetMiddleware, allowed_hosts=hosts)
    app.add_middleware(RateLimitMiddleware, limits=container.core.rate_limits)
    app.add_middleware(RequestMiddleware)
    return app
