"""What every engine can do: run one kind of Kafka as the cluster of an organization.

The control plane above knows clusters, credentials and endpoints. Processes, files and sockets
end here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NotRequired, Protocol, TypedDict, get_args

from control_plane.provisioning.forks import ForkCut
from control_plane.provisioning.usage import UsagePage

# How far a cluster is open to its clients, whatever their rights.
ClusterAccess = Literal["full", "read_only", "suspended"]
ObservedState = Literal["running", "starting", "backing_off", "stopped"]

# Longest set of keys of an organization's own issuer, in bytes.
KEYS_BYTES_MAX = 64 * 1024


# What some engines do not offer.
Wish = Literal["wake_on_connect", "auto_pause", "storage_limit", "retention_limits", "fork"]


def to_access(word: str) -> ClusterAccess:
    """Return the access that a row holds as a word."""
    found = next((access for access in get_args(ClusterAccess) if access == word), None)
    assert found is not None, f"{word} was not written by this program"
    return found


class HashedSecret(TypedDict):
    """HMAC-SHA256 with key ``salt`` over the secret; both in base64."""

    salt: str
    hmac_sha256: str


class ScramProof(TypedDict):
    """StoredKey and ServerKey of RFC 5802, in base64."""

    stored_key: str
    server_key: str


class ScramCredential(ScramProof):
    """With the salt, in base64, and the iterations that they were made with."""

    salt: str
    iterations: int


class PreviousHash(TypedDict):
    """HMAC-SHA256 over the secret before, with the salt of the present one; in base64."""

    hmac_sha256: str


class PreviousCredential(TypedDict):
    """What verifies the secret before; salts and iterations are those of the present one."""

    plain: PreviousHash
    scram_sha_256: ScramProof
    scram_sha_512: ScramProof


class CredentialRecord(TypedDict):
    """One credential as a broker gets it: verifiers, never secrets."""

    username: str
    principal: str
    plain: HashedSecret
    scram_sha_256: ScramCredential
    scram_sha_512: ScramCredential
    bounds: NotRequired[dict[str, list[str]]]
    previous: NotRequired[PreviousCredential]


@dataclass(frozen=True, slots=True)
class ClusterOpenness:
    """How far a cluster is open to whoever has a credential, and from where.

    ``allowed_networks`` are addresses and networks as ``10.0.0.0/8``; empty means everywhere.
    """

    access: ClusterAccess = "full"
    allowed_networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OAuthIssuer:
    """An organization's own issuer of tokens, whose clients come in by a listener of their own.

    The value of `principal_claim` makes the principal ``User:oauth:<value>``. `keys` are JWKs;
    after `keys_good_until_ms` (since the epoch) none of them is good any more.
    """

    issuer: str
    audience: str
    principal_claim: str
    algorithms: Sequence[str]
    clock_skew_seconds: int
    keys: Sequence[Mapping[str, Any]]
    keys_good_until_ms: int | None


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Who may reach a cluster, from where, and how far.

    ``generation`` rises with every change of it.
    """

    generation: int
    credentials: Sequence[CredentialRecord]
    openness: ClusterOpenness = ClusterOpenness()
    oauth_issuer: OAuthIssuer | None = None


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """What one broker of the cluster accepts at most; what is None is not limited.

    Retention is of each partition, whatever a topic's settings say.
    """

    connections_max: int
    partitions_max: int
    request_bytes_max: int
    connections_per_address_max: int | None = None
    connections_per_second_max: int | None = None
    connections_per_address_per_second_max: int | None = None
    produce_bytes_per_second_max: int | None = None
    fetch_bytes_per_second_max: int | None = None
    partition_changes_per_minute_max: int | None = None
    topics_max: int = 1_000
    groups_max: int = 500
    producer_ids_max: int = 10_000
    stored_bytes_max: int | None = None
    retention_ms_max: int | None = None
    retention_bytes_max: int | None = None


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """Clients that are known by their certificates, on a listener of their own.

    `authorities` (PEM) sign them; `mapping_rules` make principals of their subjects, as Apache
    Kafka's ``ssl.principal.mapping.rules`` do. Unless they are `required`, who shows none is
    ``User:ANONYMOUS`` and may do what access rules allow that name.
    """

    authorities: str
    mapping_rules: str
    required: bool


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster as it should run. ``generation`` rises with every change of the spec.

    With ``wakes`` the first connection to it starts it while it rests. With ``takes_issued_tokens``
    it has a listener for the clients of the issuer that its credentials name. Another private key
    and certificate come with a greater ``certificate_generation``.
    """

    cluster_id: str
    generation: int
    limits: ClusterLimits
    auto_create_topics: bool = False
    default_partitions: int = 1
    wakes: bool = False
    client_certificates: ClientCertificates | None = None
    certificate_generation: int = 0
    takes_issued_tokens: bool = False


@dataclass(frozen=True, slots=True)
class ClusterEndpoints:
    """Where clients connect, as ``host:port``.

    ``sasl_plaintext`` is there only where it is loopback, ``ssl`` (no logins, certificates of
    clients instead) only where the spec has client certificates, and ``oauth`` (SASL/OAUTHBEARER
    over TLS, tokens of the organization's own issuer) only where it takes those.
    """

    sasl_ssl: str
    sasl_plaintext: str | None
    ssl: str | None = None
    oauth: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerActivity:
    """How others than the control plane use a cluster.

    `connections` have logged in; for `idle_ms` there has been none, since the start at most.
    `is_seen` tells whether there ever was one since then.
    """

    connections: int
    idle_ms: int
    is_seen: bool


@dataclass(frozen=True, slots=True)
class ClusterObservation:
    """A cluster as it runs. What brokers tell is None while none answers.

    ``credentials_generation`` of a stopped cluster is that of the set it will start with.
    ``woken_at`` is there while it runs because somebody connected to it.
    """

    cluster_id: str
    state: ObservedState
    reason: str | None
    generation: int | None
    credentials_generation: int | None
    endpoints: ClusterEndpoints | None
    ca_certificate: str
    restarts: int
    partitions: int | None = None
    customers: CustomerActivity | None = None
    wakes: bool = False
    woken_at: datetime | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class KafkaBootstrap:
    """How the control plane itself reaches the cluster by the Kafka protocol (SASL/OAUTHBEARER)."""

    servers: str
    security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]
    ca_certificate: str | None


class CertificateIssuer(Protocol):
    """A certificate authority that clients of the clusters are told to trust."""

    @property
    def ca_certificate(self) -> str:
        """The authority's own certificate, PEM."""
        ...

    def issue(self, common_name: str, hosts: Sequence[str]) -> tuple[bytes, bytes]:
        """Certificate chain and private key, PEM, for a server known by these names."""
        ...

    def is_current(self, certificate: bytes, hosts: Sequence[str]) -> bool:
        """Whether this PEM certificate is ours, for these hosts, and not near its end."""
        ...


class Engine(Protocol):
    """Runs clusters. Every method may be repeated and none uses a database.

    Raised is ``ProvisioningError`` (see ``errors.py``) with a stable code.
    """

    name: str

    def available_version(self) -> str | None:
        """Return the version that brokers are started with now; None if that is not known."""
        ...

    def ensure(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        """Create, start or change the cluster; returns once it is usable as specified.

        Both generations are then in force. The addresses chosen at the first call stay the
        cluster's own until ``remove``.
        """
        ...

    def fork(self, cluster_id: str, source_id: str, cut: ForkCut) -> datetime:
        """Give a cluster that has not run yet the data of another, running or not, up to a cut.

        Topics get other ids, offsets of groups are clamped, transactions that are open at the cut
        are aborted; users and keys stay behind. Neither cluster changes what they share. Once done
        it is not done again. Returns the moment that the fork is of. Raises
        ``ForkSourceUnavailableError`` and, where trying again does not help, ``ForkRefusedError``.
        """
        ...

    def apply_credentials(self, cluster_id: str, credentials: CredentialSet) -> None:
        """Put the credentials in force; returns when every broker has confirmed the generation.

        They hold for open connections too: those that would not be let in any more are ended.
        Raises ``ClusterNotRunningError`` when no broker answers: the credentials are then kept
        and in force from the next start on.
        """
        ...

    def check_wishes(self, wishes: Collection[Wish]) -> None:
        """Raise InvalidInputError or ForkRefusedError, by name, for what clusters can not have."""
        ...

    def check_client_certificates(self, wanted: ClientCertificates) -> None:
        """Raise ``ClientCertificatesInvalidError`` for what brokers would not take.

        Raises ``ClientCertificatesNotOfferedError`` where the engine knows no client by its
        certificate.
        """
        ...

    def check_oauth_issuer(self, wanted: OAuthIssuer) -> None:
        """Raise ``OAuthIssuerInvalidError`` for what brokers would not take.

        Raises ``OAuthIssuerNotOfferedError`` where the engine has no listener for the clients of
        an issuer alone.
        """
        ...

    def require_rotation(self) -> None:
        """Raise ``RotationNotOfferedError`` where brokers know one secret of a key alone."""
        ...

    def renew_certificate(self, cluster_id: str) -> bool:
        """Give the cluster a new certificate if its own is near its end; return whether it was.

        Connections go on. Raises ``ClusterNotRunningError`` when no broker answers: the new one
        is then shown from the next start on.
        """
        ...

    def restart(self, cluster_id: str) -> ClusterObservation: ...

    def rest(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        """End its processes, keep its data and addresses, and with `spec.wakes` wait for somebody.

        What it starts with then is this spec and these credentials.
        """
        ...

    def stop(self, cluster_id: str) -> ClusterObservation:
        """End its processes, keep its data and addresses; connections are refused at once."""
        ...

    def remove(self, cluster_id: str) -> None:
        """End the cluster and delete its data. An unknown cluster is no error."""
        ...

    def observe(self, cluster_id: str) -> ClusterObservation | None:
        """What runs now; None when the engine has nothing of this cluster."""
        ...

    def list(self) -> tuple[str, ...]:
        """Ids of all clusters that have processes or data here."""
        ...

    def bootstrap(self, cluster_id: str) -> KafkaBootstrap: ...

    def metrics(self, cluster_id: str) -> str:
        """Return what the broker counts and measures now, as OpenMetrics text.

        Raises ``ClusterNotRunningError`` when no broker answers.
        """
        ...

    def usage_windows(self, cluster_id: str, *, after: int, count_max: int) -> UsagePage:
        """Return at most `count_max` closed usage windows that follow window `after`.

        Raises ``ClusterNotRunningError`` when no broker answers, ``UsageNotOfferedError`` when it
        does not count, and ``UsageReportInvalidError`` when what it says can not be.
        """
        ...

    def acknowledge_usage(self, cluster_id: str, *, through: int) -> None:
        """Let the broker forget its windows through this one. Repeating is no error.

        Raises what ``usage_windows`` raises, and ``UsageWindowUnknownError`` for a window that is
        not closed.
        """
        ...

    def close_usage_window(self, cluster_id: str) -> None:
        """Close the open usage window at once; the next one begins at that moment.

        Raises what ``usage_windows`` raises.
        """
        ...
