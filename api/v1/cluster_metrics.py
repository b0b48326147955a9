"""What a cluster measures of itself, for Prometheus."""

from typing import Annotated

from fastapi import Depends, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices
from api.errors import problems
from api.v1.clusters import find_cluster
from api.v1.kafka_problems import CLUSTER_PROBLEMS
from api.v1.router import v1_router
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kafka.errors import ClusterRequestFailedError, unavailable
from control_plane.metrics.exposition import ExpositionError, cluster_metrics
from control_plane.provisioning.errors import ProvisioningError

router = v1_router("metrics")

Reader = Annotated[Principal, Depends(require(Action.METRICS_READ))]


@router.get(
    "/clusters/{cluster_id}/prometheus",
    operation_id="scrape_cluster",
    response_class=PlainTextResponse,
    responses=problems(*CLUSTER_PROBLEMS),
)
def scrape_cluster(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters
) -> Response:
    """Tell what a running cluster counts and measures now, in the text format of Prometheus.

    A scrape is on nobody's bill, keeps no cluster from pausing and wakes none.
    """
    cluster = find_cluster(core, services, caller, cluster_id)
    services.clusters.bootstrap(cluster)  # one that serves nobody says so, as everywhere
    try:
        text = services.clusters.engine(cluster.engine).metrics(cluster_id)
        body = cluster_metrics(text, cluster_id)
    except ProvisioningError as error:
        raise unavailable(str(error)) from error
    except ExpositionError as error:
        raise ClusterRequestFailedError(f"the cluster told strange metrics: {error}") from error
    return Response(body, media_type=CONTENT_TYPE_LATEST)
