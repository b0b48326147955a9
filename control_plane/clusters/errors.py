"""What can go wrong with a cluster, each with its stable code."""

from control_plane.kit.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)


class ClusterNotFoundError(NotFoundError):
    """The caller has no cluster of that id; another organization's looks the same."""

    code = "cluster_not_found"
    title = "Cluster not found"


class ClusterNameTakenError(ConflictError):
    """The organization has a cluster of that name."""

    code = "cluster_name_taken"
    title = "Cluster name taken"


class ClusterLimitError(ConflictError):
    """The organization has as many clusters as it may have."""

    code = "cluster_limit_reached"
    title = "Limit of clusters reached"


class PlanUnknownError(InvalidInputError):
    """The catalogue has no plan of that name."""

    code = "plan_unknown"
    title = "Plan unknown"


class EngineNotInstalledError(InvalidInputError):
    """The plan runs on an engine that this installation does not have."""

    code = "engine_not_installed"
    title = "Engine not installed"


class ClusterUnavailableError(UnavailableError):
    """The cluster does not answer just now."""

    code = "cluster_unavailable"
    title = "Cluster unavailable"


class ClusterNotReadyError(ConflictError):
    """The cluster is in a status in which it serves nobody."""

    code = "cluster_not_ready"
    title = "Cluster not ready"


class ClusterSuspendedError(AppError):
    """The operator of the service lets no client into the cluster at present."""

    code = "cluster_suspended"
    status = 403
    title = "Cluster suspended"


class ClusterReadOnlyError(AppError):
    """The operator of the service lets nothing more be stored in the cluster at present."""

    code = "cluster_read_only"
    status = 403
    title = "Cluster read-only"


class NetworkNotAllowedError(AppError):
    """The request comes from elsewhere than the clients of the cluster may."""

    code = "network_not_allowed"
    status = 403
    title = "Network not allowed"

    def __init__(self) -> None:
        super().__init__(
            "clients of this cluster may not come from the address that you come from",
            advice="whoever owns the cluster can add it to allowed_networks",
        )


class ClusterCreationFailedError(AppError):
    """The cluster was written down and could not be started; it is tried on until it is deleted."""

    code = "cluster_creation_failed"
    status = 500
    title = "Cluster creation failed"


class ClusterForkRefusedError(ClusterCreationFailedError):
    """What a fork was to begin with is not there; the fork stays empty until it is deleted."""

    code = "cluster_fork_refused"
    status = 409
    title = "Cluster can not be forked so"


class ClusterProtectedError(ConflictError):
    """The cluster is protected from being deleted."""

    code = "cluster_protected"
    title = "Cluster protected"


class DeletedClusterLimitError(ConflictError):
    """The organization keeps as many deleted clusters as it may."""

    code = "deleted_cluster_limit_reached"
    title = "Limit of deleted clusters reached"


class PlanTooSmallError(ConflictError):
    """What the cluster holds does not fit the plan."""

    code = "plan_too_small"
    title = "Plan too small"


class StorageLimitTooLargeError(InvalidInputError):
    """The plan does not allow a cluster to store so much."""

    code = "storage_limit_too_large"
    title = "Storage limit too large"


class VersionNotAvailableError(InvalidInputError):
    """The installation does not have that version of the engine."""

    code = "version_not_available"
    title = "Version not available"


class ClusterChangedError(AppError):
    """The cluster is not what the caller took it for (RFC 9110, If-Match)."""

    code = "cluster_changed"
    status = 412
    title = "Cluster changed"


class ClusterChangeFailedError(AppError):
    """The change was written down and could not be carried out; it is tried on."""

    code = "cluster_change_failed"
    status = 500
    title = "Cluster change failed"


class ClusterForkCutError(InvalidInputError):
    """A fork can not end where it is to."""

    code = "fork_cut_invalid"
    title = "Fork can not end there"


class ForksUnderWayError(ConflictError):
    """As many forks of the organization are being made as may be at once."""

    code = "forks_under_way_limit_reached"
    title = "Limit of forks under way reached"


class ClusterAheadError(ConflictError):
    """Brokers are newer than the row that wants them gone; see docs/clusters.md."""

    code = "cluster_ahead"
    title = "Cluster ahead of the database"


class IssuerKeysUnavailableError(InvalidInputError):
    """The keys of an issuer are not where they are said to be."""

    code = "issuer_keys_unavailable"
    title = "Issuer's keys unavailable"
