"""What can go wrong between the control plane and the processes of a cluster."""

from control_plane.kit.errors import AppError, ConflictError, InvalidInputError


class ProvisioningError(AppError):
    """The place where clusters run could not do what was asked; trying again may help."""

    code = "provisioning_failed"
    status = 503
    title = "Provisioning failed"


class SupervisorUnavailableError(ProvisioningError):
    """No supervisor answers on this machine, and none could be started."""

    code = "supervisor_unavailable"


class AddressUnavailableError(ProvisioningError):
    """An address of a cluster is held by someone else, or no port is free."""

    code = "address_unavailable"


class BrokerNotReadyError(ProvisioningError):
    """A broker was started but does not answer, or ended; the detail holds its last words."""

    code = "broker_not_ready"


class ClusterNotRunningError(ProvisioningError):
    """No broker of the cluster answers now."""

    code = "cluster_not_running"


class CredentialsRejectedError(ProvisioningError):
    """A broker refused a set of credentials; the ones before stay in force."""

    code = "credentials_rejected"


class CapacityExhaustedError(ProvisioningError):
    """The machine runs as many broker processes as it is allowed to."""

    code = "capacity_exhausted"


class EngineUnusableError(ProvisioningError):
    """What an engine needs is not on this machine, or does not fit."""

    code = "engine_unusable"


class ClusterUnsettledError(ProvisioningError):
    """Not all brokers take part with all their data: none may be ended now."""

    code = "cluster_unsettled"


class WakingNotOfferedError(InvalidInputError):
    """The cluster's engine can not be started by a connection."""

    code = "waking_not_offered"
    title = "Waking not offered"


class AutoPauseNotOfferedError(InvalidInputError):
    """The cluster's engine does not tell when nobody uses it."""

    code = "auto_pause_not_offered"
    title = "Automatic pause not offered"


class KeepingLimitNotOfferedError(InvalidInputError):
    """The cluster's engine does not hold a limit of what is kept."""

    code = "keeping_limit_not_offered"
    title = "Limit of what is kept not offered"


class ForkSourceUnavailableError(ProvisioningError):
    """The cluster that is to be forked is starting, stopping, or forked already; try again."""

    code = "fork_source_unavailable"


class ForkRefusedError(ProvisioningError):
    """What is to be forked is not there, or can not be read; trying again does not help."""

    code = "fork_refused"
    status = 409


class ForkOverwritesError(ForkRefusedError):
    """The data of a fork would take the place of data."""

    code = "fork_overwrites"


class BrokerRunningError(ProvisioningError):
    """A broker runs where something is to be done that no broker may see."""

    code = "broker_running"
    status = 409


class DataExistsError(ProvisioningError):
    """Data would take the place of data."""

    code = "data_exists"
    status = 409


class DataUnsoundError(ProvisioningError):
    """What was to become the data of a broker is damaged, or can not be read."""

    code = "data_unsound"
    status = 409


class UsageNotOfferedError(ProvisioningError):
    """The brokers of the cluster do not count what is used."""

    code = "usage_not_offered"


class MetricsNotOfferedError(ProvisioningError):
    """The brokers of the cluster tell no metrics."""

    code = "metrics_not_offered"


class UsageReportInvalidError(ProvisioningError):
    """A broker reported usage that can not be; nothing of it is counted."""

    code = "usage_report_invalid"


class UsageWindowUnknownError(ProvisioningError):
    """A usage window was acknowledged that its broker has not closed."""

    code = "usage_window_unknown"


class ClientCertificatesInvalidError(InvalidInputError):
    """The authorities or the mapping rules of client certificates can not be used."""

    code = "client_certificates_invalid"
    title = "Client certificates invalid"


class OAuthIssuerInvalidError(InvalidInputError):
    """The issuer of tokens, or its keys, can not be used."""

    code = "oauth_issuer_invalid"
    title = "OAuth issuer invalid"


class RotationNotOfferedError(ConflictError):
    """The engine of a cluster that the key reaches knows one secret of a key alone."""

    code = "api_key_rotation_not_offered"
    title = "API key rotation not offered"


class OAuthIssuerNotOfferedError(InvalidInputError):
    """The cluster's engine has no listener for the clients of an issuer of its organization."""

    code = "oauth_issuer_not_offered"
    title = "OAuth issuer not offered"


class ClientCertificatesNotOfferedError(InvalidInputError):
    """The cluster's engine knows no client by its certificate."""

    code = "client_certificates_not_offered"
    title = "Client certificates not offered"
