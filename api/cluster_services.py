"""The services of clusters, topics and access, composed over the core and the engines."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from api.deps import Core, Services
from control_plane.access.service import AccessService, CredentialLoader
from control_plane.clusters import tasks
from control_plane.clusters.forks import ClusterForks
from control_plane.clusters.issuer_keys import (
    FETCH_SECONDS_MAX,
    FetchKeys,
    IssuerKeysRefresher,
    fetch_keys,
)
from control_plane.clusters.lifecycle import ClusterLifecycle
from control_plane.clusters.models import Cluster
from control_plane.clusters.plans import CATALOGUE, Plan
from control_plane.clusters.purge import Purger
from control_plane.clusters.reconciler import Reconciler
from control_plane.clusters.service import ClusterService
from control_plane.clusters.sweep import Sweeper
from control_plane.groups.record_times import RecordTimes
from control_plane.groups.service import GroupService
from control_plane.identity.principals import Principal
from control_plane.identity.tokens import CONTROL_PLANE_SUBJECT
from control_plane.kafka.admin_clients import AdminClients, Connection, TokenSettings
from control_plane.kafka.connection import BrokerConnections
from control_plane.kit.scope import Scope
from control_plane.metrics import tasks as metrics_tasks
from control_plane.metrics.sampler import Sampler
from control_plane.metrics.service import MetricsService
from control_plane.metrics.survey import Surveyor
from control_plane.outbound.http import OutboundHttp
from control_plane.provisioning.engine import Engine
from control_plane.rights.access_rule_service import AccessRuleService
from control_plane.rights.quota_service import QuotaService
from control_plane.rights.scram_user_service import ScramUserService
from control_plane.topics.service import TopicService
from control_plane.usage import tasks as usage_tasks
from control_plane.usage.collector import Collector
from control_plane.usage.service import UsageService


@dataclass(frozen=True)
class ClusterServices:
    """Everything about clusters; `rest_url` is where clients reach the HTTP gateway."""

    clusters: ClusterService
    lifecycle: ClusterLifecycle
    forks: ClusterForks
    topics: TopicService
    groups: GroupService
    access_rules: AccessRuleService
    scram_users: ScramUserService
    quotas: QuotaService
    access: AccessService
    usage: UsageService
    metrics: MetricsService
    sweeper: Sweeper
    fetch_keys: FetchKeys
    admin_clients: AdminClients
    rest_url: str

    def connection(self, cluster: Cluster, caller: Principal) -> Connection:
        """Return how to ask the cluster something as `caller`; call it outside transactions."""
        bootstrap = self.clusters.bootstrap(cluster)
        return Connection(
            cluster_id=cluster.id,
            subject=caller.id,
            servers=bootstrap.servers,
            security_protocol=bootstrap.security_protocol,
            ca_certificate=bootstrap.ca_certificate,
        )

    def require(self, session: Session, scope: Scope, cluster_id: str) -> None:
        """Raise ClusterNotFoundError unless the cluster exists for `scope`."""
        self.clusters.require(session, scope, cluster_id)

    def require_rotation(
        self, session: Session, organization_id: str, cluster_id: str | None
    ) -> None:
        """Raise RotationNotOfferedError unless what a key reaches knows two secrets of it."""
        self.clusters.require_rotation(session, organization_id, cluster_id)

    def close(self) -> None:
        """Close what is open to clusters."""
        self.admin_clients.close()


def build_cluster_services(
    core: Core,
    engines: Mapping[str, Engine],
    tokens: TokenSettings,
    *,
    rest_url: str,
    plans: Mapping[str, Plan] = CATALOGUE,
) -> ClusterServices:
    """Compose the services and add their jobs to the core's registry."""
    clusters = ClusterService(core.clock, core.operations, engines, plans)
    credentials = CredentialLoader(core.api_keys)
    admin_clients = AdminClients(tokens, core.clock)
    brokers = BrokerConnections(core.signer)
    lifecycle = ClusterLifecycle(core.clock, clusters, core.operations)
    sweeper = Sweeper(core.database, core.clock, engines, lifecycle)
    collector = Collector(core.database, core.clock, clusters)
    reconciler = Reconciler(
        core.database,
        core.clock,
        core.operations,
        engines,
        plans,
        credentials,
        collector,
        on_gone=admin_clients.evict,
    )
    purger = Purger(core.database, core.clock, lifecycle)
    http = OutboundHttp(
        allows_private=core.settings.allows_private_addresses, seconds_max=FETCH_SECONDS_MAX
    )
    keys_of_issuers = partial(fetch_keys, http)
    refresher = IssuerKeysRefresher(core.database, core.clock, clusters, keys_of_issuers)
    tasks.register(core.jobs, reconciler, sweeper, purger, refresher)
    usage_tasks.register(
        core.jobs,
        collector,
        usage_tasks.FanOut(
            core.database,
            core.clock,
            clusters,
            window_seconds=core.settings.usage_window_seconds,
        ),
        usage_tasks.RestMeter(core.database, core.clock, clusters, collector.rests),
        usage_tasks.Purge(core.clock),
        every_seconds=core.settings.usage_collect_seconds,
    )
    brokers = BrokerConnections(core.signer)
    metrics_tasks.register(
        core.jobs,
        Sampler(core.database, core.clock, clusters, Surveyor(brokers)),
        metrics_tasks.Purge(core.clock),
    )
    return ClusterServices(
        clusters=clusters,
        lifecycle=lifecycle,
        forks=ClusterForks(core.clock, clusters),
        topics=TopicService(admin_clients),
        groups=GroupService(
            admin_clients,
            brokers,
            RecordTimes(tokens, core.clock, CONTROL_PLANE_SUBJECT),
        ),
        access_rules=AccessRuleService(admin_clients, brokers),
        scram_users=ScramUserService(admin_clients, brokers),
        quotas=QuotaService(brokers),
        access=AccessService(
            core.database, clusters, credentials, on_publish=admin_clients.evict_subjects
        ),
        usage=UsageService(core.clock),
        metrics=MetricsService(core.clock),
        sweeper=sweeper,
        fetch_keys=keys_of_issuers,
        admin_clients=admin_clients,
        rest_url=rest_url,
    )


def get_cluster_services(services: Services) -> ClusterServices:
    assert isinstance(services.clusters, ClusterServices), "this application has no clusters"
    return services.clusters


Clusters = Annotated[ClusterServices, Depends(get_cluster_services)]
