"""What the apache-kafka engine does not offer, refused by name."""

# Arguments are named as in `Engine`, whose callers name them.
# ruff: noqa: ARG002
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from control_plane.kit.errors import AppError
from control_plane.provisioning.engine import ClientCertificates, ClusterSpec, OAuthIssuer, Wish
from control_plane.provisioning.errors import (
    AutoPauseNotOfferedError,
    ClientCertificatesNotOfferedError,
    ForkRefusedError,
    KeepingLimitNotOfferedError,
    MetricsNotOfferedError,
    OAuthIssuerNotOfferedError,
    RotationNotOfferedError,
    WakingNotOfferedError,
)
from control_plane.provisioning.forks import ForkCut


class NotOffered:
    """The methods of `Engine` that nothing stands behind here."""

    def fork(self, cluster_id: str, source_id: str, cut: ForkCut) -> datetime:
        raise _refusal("fork")

    def check_wishes(self, wishes: Collection[Wish]) -> None:
        for wish in wishes:
            raise _refusal(wish)

    def check_client_certificates(self, wanted: ClientCertificates) -> None:
        raise ClientCertificatesNotOfferedError(
            "clusters of Apache Kafka know no client by its certificate",
            advice="let clients log in by keys or tokens, or choose a plan of the native engine",
        )

    def check_oauth_issuer(self, wanted: OAuthIssuer) -> None:
        raise _issuer_refused()

    def require_rotation(self) -> None:
        raise RotationNotOfferedError(
            "the key reaches a cluster of Apache Kafka, whose brokers know one secret of a key",
            advice="make another key, move your clients to it, then revoke this one",
        )

    def metrics(self, cluster_id: str) -> str:
        raise MetricsNotOfferedError("clusters of Apache Kafka tell no metrics here")

    def require_offered(self, spec: ClusterSpec) -> None:
        """Refuse a spec that asks for what is not there."""
        if spec.wakes:
            raise _waking_refused()
        if spec.client_certificates is not None:
            self.check_client_certificates(spec.client_certificates)
        if spec.takes_issued_tokens:
            raise _issuer_refused()


def _waking_refused() -> WakingNotOfferedError:
    return WakingNotOfferedError(
        "clusters of Apache Kafka can not be started by a connection",
        advice="turn wake_on_connect off, or choose a plan of the native engine",
    )


def _auto_pause_refused() -> AutoPauseNotOfferedError:
    return AutoPauseNotOfferedError(
        "clusters of Apache Kafka do not tell when nobody has used them for a while",
        advice="leave auto_pause_minutes out, or choose a plan of the native engine",
    )


def _keeping_limit_refused() -> KeepingLimitNotOfferedError:
    return KeepingLimitNotOfferedError(
        "clusters of Apache Kafka hold no limit of what all their topics keep",
        advice="set retention of topics, or choose a plan of the native engine",
    )


def _fork_refused() -> ForkRefusedError:
    return ForkRefusedError(
        "clusters of Apache Kafka can not be forked",
        advice="create a cluster and copy the topics",
    )


_REFUSALS: Mapping[Wish, Callable[[], AppError]] = {
    "wake_on_connect": _waking_refused,
    "auto_pause": _auto_pause_refused,
    "storage_limit": _keeping_limit_refused,
    "retention_limits": _keeping_limit_refused,
    "fork": _fork_refused,
}


def _refusal(wish: Wish) -> AppError:
    return _REFUSALS[wish]()


def _issuer_refused() -> OAuthIssuerNotOfferedError:
    return OAuthIssuerNotOfferedError(
        "clusters of Apache Kafka take no tokens of an issuer of yours",
        advice="let clients log in by keys, or choose a plan of the native engine",
    )
