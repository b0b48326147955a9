"""What the apache-kafka engine does not offer, refused by name."""

# Arguments are named as in `Engine`, whose callers name them.
# ruff: noqa: ARG002
from datetime import datetime

from control_plane.provisioning.engine import ClientCertificates, ClusterSpec, OAuthIssuer
from control_plane.provisioning.errors import (
    ClientCertificatesNotOfferedError,
    ForkRefusedError,
    MetricsNotOfferedError,
    OAuthIssuerNotOfferedError,
    UsageNotOfferedError,
    WakingNotOfferedError,
)
from control_plane.provisioning.forks import ForkCut
from control_plane.provisioning.usage import UsagePage


class NotOffered:
    """The methods of `Engine` that nothing stands behind here."""

    def fork(self, cluster_id: str, source_id: str, cut: ForkCut) -> datetime:
        raise ForkRefusedError("clusters of Apache Kafka can not be forked")

    def check_client_certificates(self, wanted: ClientCertificates) -> None:
        raise ClientCertificatesNotOfferedError(
            "clusters of Apache Kafka know no client by its certificate",
            advice="let clients log in by keys or tokens, or choose a plan of the native engine",
        )

    def check_oauth_issuer(self, wanted: OAuthIssuer) -> None:
        raise _issuer_refused()

    def metrics(self, cluster_id: str) -> str:
        raise MetricsNotOfferedError("clusters of Apache Kafka tell no metrics here")

    def usage_windows(self, cluster_id: str, *, after: int, count_max: int) -> UsagePage:
        raise UsageNotOfferedError("clusters of Apache Kafka do not count what is used")

    def acknowledge_usage(self, cluster_id: str, *, through: int) -> None:
        raise UsageNotOfferedError("clusters of Apache Kafka do not count what is used")

    def close_usage_window(self, cluster_id: str) -> None:
        raise UsageNotOfferedError("clusters of Apache Kafka do not count what is used")

    def require_offered(self, spec: ClusterSpec) -> None:
        """Refuse a spec that asks for what is not there."""
        if spec.wakes:
            raise WakingNotOfferedError(
                "clusters of Apache Kafka can not be started by a connection",
                advice="turn wake_on_connect off, or choose a plan of the native engine",
            )
        if spec.client_certificates is not None:
            self.check_client_certificates(spec.client_certificates)
        if spec.takes_issued_tokens:
            raise _issuer_refused()


def _issuer_refused() -> OAuthIssuerNotOfferedError:
    return OAuthIssuerNotOfferedError(
        "clusters of Apache Kafka take no tokens of an issuer of yours",
        advice="let clients log in by keys, or choose a plan of the native engine",
    )
