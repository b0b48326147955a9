"""Brings credentials into force on the clusters that check them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.orm import Session

from control_plane.access.records import credential_set
from control_plane.clusters.service import ClusterService, ServingCluster
from control_plane.identity.secrets import KEY_ID_PREFIX
from control_plane.identity.service import ApiKeyService
from control_plane.kit.db import Database
from control_plane.provisioning.engine import CredentialSet
from control_plane.provisioning.errors import ClusterNotRunningError

PUBLISH_THREADS_MAX = 8

# Told before a set is brought into force: the cluster, and how to know who may not reach it.
OnPublish = Callable[[str, Callable[[str], bool]], None]

log = structlog.stdlib.get_logger("access")


class CredentialLoader:
    """Reads who may reach a cluster."""

    def __init__(self, api_keys: ApiKeyService) -> None:
        self._api_keys = api_keys

    def load(
        self, session: Session, organization_id: str, cluster: ServingCluster
    ) -> CredentialSet:
        """Return the credentials of an organization's cluster, as the set of its generation."""
        keys = self._api_keys.cluster_credentials(session, organization_id, cluster.id)
        return credential_set(
            cluster.credentials_generation, keys, cluster.openness, cluster.oauth_issuer
        )


class AccessService:
    """Publishes the keys of an organization to its clusters.

    A set is read in the transaction that gives it its generation, and an engine never replaces a
    set by an older one, so whatever order publications arrive in, the newest stays.
    """

    def __init__(
        self,
        database: Database,
        clusters: ClusterService,
        credentials: CredentialLoader,
        on_publish: OnPublish,
    ) -> None:
        self._database = database
        self._clusters = clusters
        self._credentials = credentials
        self._on_publish = on_publish

    def request(self, session: Session, organization_id: str, cluster_id: str | None) -> None:
        """Ask, in the transaction that changes a key, for publication: a crash can not lose it."""
        self._clusters.request_publication(session, organization_id, cluster_id)

    def publish(self, organization_id: str, cluster_id: str | None) -> None:
        """Publish now and return when the brokers confirm it: to one cluster, or None for all.

        A cluster that does not run gets its credentials at its start. Raises ProvisioningError
        when a running one does not confirm; the reconciler then goes on trying.
        """
        with self._database.transaction() as session:
            self._clusters.request_publication(session, organization_id, cluster_id)
            serving = self._clusters.list_serving(session, organization_id, cluster_id)
            sets = [(one, self._credentials.load(session, organization_id, one)) for one in serving]
        self._apply_all(sets)

    def _apply_all(self, sets: Sequence[tuple[ServingCluster, CredentialSet]]) -> None:
        if len(sets) <= 1:
            for cluster, credentials in sets:
                self._apply(cluster, credentials)
            return
        with ThreadPoolExecutor(min(len(sets), PUBLISH_THREADS_MAX)) as pool:
            futures = [pool.submit(self._apply, cluster, found) for cluster, found in sets]
        for future in futures:
            future.result()

    def _apply(self, cluster: ServingCluster, credentials: CredentialSet) -> None:
        usernames = frozenset(one["username"] for one in credentials.credentials)
        self._on_publish(
            cluster.id, lambda name: name.startswith(KEY_ID_PREFIX) and name not in usernames
        )
        try:
            self._clusters.engine(cluster.engine).apply_credentials(cluster.id, credentials)
        except ClusterNotRunningError:
            log.info("credentials_wait_for_start", cluster_id=cluster.id)
