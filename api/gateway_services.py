"""Composes the gateway of a web process over the clusters it serves."""

from api.cluster_services import ClusterServices
from api.deps import Core
from api.http_gateway import ClusterRoutes, HttpGateway, ReachableCluster
from control_plane.identity.principals import Principal
from data_plane.gateway.endpoints import ClientCredentials, ClusterEndpoint
from data_plane.gateway.gateway import Gateway


def build_http_gateway(
    core: Core, clusters: ClusterServices, credentials: ClientCredentials
) -> HttpGateway:
    """Compose the gateway; `credentials` has its Kafka clients act as their callers."""

    def look_up(caller: Principal, cluster_id: str) -> ReachableCluster:
        with core.database.snapshot() as session:
            cluster = clusters.clusters.get(session, caller.scope, cluster_id)
        connection = clusters.connection(cluster, caller)
        endpoint = ClusterEndpoint(
            cluster_id=cluster.id,
            bootstrap_servers=connection.servers,
            security_protocol=connection.security_protocol,
            ca_certificate=connection.ca_certificate,
        )
        return ReachableCluster(endpoint, tuple(cluster.allowed_networks))

    return HttpGateway(Gateway(credentials, core.clock), ClusterRoutes(look_up, core.clock))
