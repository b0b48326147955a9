"""Health and metrics of this process."""

import ipaddress

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from api.deps import Services
from api.errors import RouteNotFoundError, problems
from api.schemas import ResponseModel
from control_plane.kit.errors import UnavailableError

FORWARDED_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")

router = APIRouter(tags=["health"])
log = structlog.stdlib.get_logger("api")


class HealthResponse(ResponseModel):
    """How the process is."""

    status: str


class NotReadyError(UnavailableError):
    """The process can not serve requests now."""

    code = "service_not_ready"
    title = "Not ready"


@router.get("/healthz", operation_id="get_health")
async def get_health() -> HealthResponse:
    """Tell that the process lives; says nothing about what it depends on."""
    return HealthResponse(status="ok")


@router.get("/readyz", operation_id="get_readiness", responses=problems(NotReadyError))
def get_readiness(services: Services) -> HealthResponse:
    """Tell whether requests can be served: the database answers and jobs are run."""
    try:
        services.core.database.ping()
    except SQLAlchemyError as error:
        log.warning("database_unavailable", reason=type(error).__name__)
        raise NotReadyError("the database does not answer") from error
    if not services.job_runner.alive:
        raise NotReadyError("the runner of jobs has stopped")
    return HealthResponse(status="ready")


@router.get("/metrics", include_in_schema=False)
def get_metrics(request: Request) -> Response:
    """Prometheus metrics, for scrapers on this machine alone."""
    if not _is_local(request):
        raise RouteNotFoundError(f"there is no {request.url.path}")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    # A proxy on this machine would make every client look local.
    if request.client is None or any(name in request.headers for name in FORWARDED_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
