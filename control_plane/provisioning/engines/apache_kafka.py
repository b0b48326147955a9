"""The `apache-kafka` engine: a cluster is three nodes of Apache Kafka, by the local provisioner."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from control_plane.kit.clock import Clock
from control_plane.provisioning.engine import (
    CertificateIssuer,
    ClusterEndpoints,
    ClusterObservation,
    ClusterSpec,
    CredentialSet,
    KafkaBootstrap,
)
from control_plane.provisioning.engines.hosts import LOOPBACK, Hosts, join_host_port
from control_plane.provisioning.engines.kafka.cluster_directory import ClusterDirectory
from control_plane.provisioning.engines.kafka.distribution import Distribution, compile_plugins
from control_plane.provisioning.engines.kafka.node_config import (
    INTERNAL,
    LISTENERS,
    SASL_PLAINTEXT,
    SASL_SSL,
    KafkaCluster,
    Node,
    Place,
)
from control_plane.provisioning.engines.kafka.node_health import ClusterHealth, summed
from control_plane.provisioning.engines.kafka.nodes import Nodes, side_by_side
from control_plane.provisioning.engines.kafka.not_offered import NotOffered
from control_plane.provisioning.engines.kafka.rollout import cluster_state
from control_plane.provisioning.engines.kafka.usage_meter import Places, UsageMeter, to_ms
from control_plane.provisioning.engines.turns import Turns
from control_plane.provisioning.errors import ClusterNotRunningError, CredentialsRejectedError
from control_plane.provisioning.process import Listener, ProcessSpec, ProcessStatus
from control_plane.provisioning.provisioner import Provisioner
from control_plane.provisioning.usage import UsagePage

# Nodes that are told to end together wait in vain for each other; what they have stays on disk.
STOP_SECONDS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings(Hosts):
    """What all clusters of this engine have in common.

    `heap_mib` is all that a node's Java may allocate on its heap; beside it stand some 150 MB.
    """

    clusters_dir: Path
    plugins_dir: Path
    distribution: Distribution
    token_issuer: str
    usage_window_seconds: int = 60
    heap_mib: int = 400
    java_options: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.bind_host, self.public_host, self.token_issuer)


class ApacheKafkaEngine(NotOffered):
    """Implements `Engine`. Thread-safe; calls for one cluster are carried out in turn."""

    name = "apache-kafka"

    def __init__(
        self,
        settings: KafkaSettings,
        provisioner: Provisioner,
        issuer: CertificateIssuer,
        token_keys: Callable[[], Mapping[str, Any]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._provisioner = provisioner
        self._issuer = issuer
        self._token_keys = token_keys
        self._clock = clock
        self._turns = Turns()
        self._places: defaultdict[str, Places] = defaultdict(Places)

    def available_version(self) -> str | None:
        return self._settings.distribution.version

    def ensure(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        self.require_offered(spec)
        with self._turns.of(spec.cluster_id):
            specs = self._write(spec, credentials)
            nodes = self._nodes(spec.cluster_id)
            nodes.roll(specs, self._meter(spec.cluster_id).close_before_a_stop)
            self._directory(spec.cluster_id).found()
            nodes.confirm(credentials.generation)
        return self._observe_known(spec.cluster_id)

    def apply_credentials(self, cluster_id: str, credentials: CredentialSet) -> None:
        with self._turns.of(cluster_id):
            directory = self._directory(cluster_id)
            if not directory.exists():
                raise ClusterNotRunningError("the cluster was not started yet")
            before = directory.read_credentials()
            directory.write_credentials(credentials)
            try:
                self._nodes(cluster_id).confirm(credentials.generation)
            except CredentialsRejectedError:
                if before is not None:
                    directory.restore_credentials(before)
                raise

    def renew_certificate(self, cluster_id: str) -> bool:
        with self._turns.of(cluster_id):
            directory = self._directory(cluster_id)
            if not directory.exists():
                return False
            hosts = self._settings.certificate_hosts
            if not directory.write_certificate(self._issuer, cluster_id, hosts):
                return False
            nodes = self._nodes(cluster_id)
            for node_id in nodes.running():
                nodes.admin(node_id).reload_certificate()
            return True

    def restart(self, cluster_id: str) -> ClusterObservation:
        with self._turns.of(cluster_id):
            self._nodes(cluster_id).restart(self._meter(cluster_id).close_before_a_stop)
        return self._observe_known(cluster_id)

    def rest(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        self.require_offered(spec)
        with self._turns.of(spec.cluster_id):
            specs = self._write(spec, credentials)
            side_by_side(
                lambda node: self._provisioner.ensure(replace(specs[node], state="stopped"))
            )
        return self._observe_known(spec.cluster_id)

    def stop(self, cluster_id: str) -> ClusterObservation:
        with self._turns.of(cluster_id):
            nodes = self._nodes(cluster_id)
            side_by_side(lambda node: self._provisioner.stop(nodes.process_id(node)))
        return self._observe_known(cluster_id)

    def remove(self, cluster_id: str) -> None:
        with self._turns.of(cluster_id):
            nodes = self._nodes(cluster_id)
            side_by_side(lambda node: self._provisioner.remove(nodes.process_id(node)))
            self._directory(cluster_id).delete()
        self._turns.forget(cluster_id)
        self._places.pop(cluster_id, None)

    def observe(self, cluster_id: str) -> ClusterObservation | None:
        directory, nodes = self._directory(cluster_id), self._nodes(cluster_id)
        statuses = nodes.statuses()
        if not any(statuses.values()) and not directory.exists():
            return None
        state = cluster_state([status.state if status else None for status in statuses.values()])
        told = tuple(nodes.told().values())
        is_still = state == "stopped"
        kept = directory.credentials_generation() if is_still else None
        return ClusterObservation(
            cluster_id=cluster_id,
            state=state,
            reason=None if is_still else _reason(statuses, summed(told)),
            generation=min((node.generation for node in told), default=None),
            credentials_generation=min(
                (node.credentials_generation for node in told), default=kept
            ),
            endpoints=self._endpoints(directory),
            ca_certificate=self._issuer.ca_certificate,
            restarts=sum(status.restarts for status in statuses.values() if status),
            partitions=max((node.partitions for node in told), default=None),
            version=min((node.version for node in told if node.version), default=None),
        )

    def health(self, cluster_id: str) -> ClusterHealth:
        """What the nodes that answer tell of quorum and replication."""
        return self._nodes(cluster_id).health()

    def controller(self, cluster_id: str) -> int | None:
        """Which node is the active controller; None while there is none."""
        told = self._nodes(cluster_id).told()
        return next((one for one, node in told.items() if node.is_controller), None)

    def list(self) -> tuple[str, ...]:
        processes = {one.process_id.rpartition(".")[0] for one in self._provisioner.list()}
        root = self._settings.clusters_dir
        directories = {one.name for one in root.iterdir()} if root.is_dir() else set[str]()
        return tuple(sorted(processes | directories))

    def bootstrap(self, cluster_id: str) -> KafkaBootstrap:
        cluster = self._directory(cluster_id).load()
        if cluster is None:
            raise ClusterNotRunningError("the cluster was not started yet")
        return KafkaBootstrap(
            servers=_addresses(cluster, LOOPBACK, INTERNAL),
            security_protocol="SASL_PLAINTEXT",
            ca_certificate=None,
        )

    def usage_windows(self, cluster_id: str, *, after: int, count_max: int) -> UsagePage:
        return self._meter(cluster_id).page(after=after, count_max=count_max)

    def acknowledge_usage(self, cluster_id: str, *, through: int) -> None:
        self._meter(cluster_id).acknowledge(through)

    def close_usage_window(self, cluster_id: str) -> None:
        self._meter(cluster_id).close()

    def _write(self, spec: ClusterSpec, credentials: CredentialSet) -> Mapping[int, ProcessSpec]:
        """Write all files; return what each node's process should be."""
        directory = self._directory(spec.cluster_id)
        directory.create()
        nodes = self._nodes(spec.cluster_id)

        def reserve(node_id: int, ports: Mapping[str, int]) -> Mapping[str, int]:
            wanted = self._listeners(ports)
            held = self._provisioner.reserve(nodes.process_id(node_id), wanted)
            return {listener.name: listener.port for listener in held}

        cluster = directory.load_or_make(spec.cluster_id, reserve)
        directory.write_credentials(credentials)
        directory.write_token_keys(self._token_keys())
        directory.write_certificate(
            self._issuer,
            spec.cluster_id,
            self._settings.certificate_hosts,
            generation=spec.certificate_generation,
        )
        for node in cluster.nodes:
            directory.write_node(spec, cluster, node, self._settings.place)
        return {node.id: self._process(spec, node) for node in cluster.nodes}

    def _listeners(self, ports: Mapping[str, int]) -> tuple[Listener, ...]:
        hosts = {SASL_SSL: self._settings.bind_host}
        return tuple(
            Listener(name, hosts.get(name, LOOPBACK), ports.get(name, 0)) for name in LISTENERS
        )

    def _process(self, spec: ClusterSpec, node: Node) -> ProcessSpec:
        directory = self._directory(spec.cluster_id).node(node.id)
        distribution = self._settings.distribution
        plugins = compile_plugins(distribution, self._settings.plugins_dir)
        return ProcessSpec(
            process_id=self._nodes(spec.cluster_id).process_id(node.id),
            generation=spec.generation,
            command=(
                str(distribution.java),
                f"-Xmx{self._settings.heap_mib}m",
                *("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xss512k"),
                *("-XX:ReservedCodeCacheSize=64m", "-Djava.awt.headless=true"),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                *self._settings.java_options,
                *("-cp", distribution.class_path(plugins)),
                "headrace.Node",
                str(directory.properties_file),
            ),
            cwd=str(directory.path),
            listeners=self._listeners(node.ports),
            admin_socket=str(directory.admin_socket),
            handover_socket=str(directory.handover_socket),
            log_file=str(directory.log_file),
            env={},
            binds_itself=True,
            stop_seconds_max=STOP_SECONDS_MAX,
        )

    def _endpoints(self, directory: ClusterDirectory) -> ClusterEndpoints | None:
        cluster = directory.load()
        if cluster is None:
            return None
        plaintext = None
        if self._settings.is_loopback:
            plaintext = _addresses(cluster, LOOPBACK, SASL_PLAINTEXT)
        return ClusterEndpoints(
            sasl_ssl=_addresses(cluster, self._settings.public_host, SASL_SSL),
            sasl_plaintext=plaintext,
        )

    def _observe_known(self, cluster_id: str) -> ClusterObservation:
        observation = self.observe(cluster_id)
        if observation is None:
            raise ClusterNotRunningError("the cluster was removed meanwhile")
        return observation

    def _nodes(self, cluster_id: str) -> Nodes:
        return Nodes(cluster_id, self._directory(cluster_id), self._provisioner)

    def _meter(self, cluster_id: str) -> UsageMeter:
        return UsageMeter(
            self._directory(cluster_id),
            self._nodes(cluster_id),
            self._places[cluster_id],
            lambda: to_ms(self._clock.now()),
            window_seconds=self._settings.usage_window_seconds,
        )

    def _directory(self, cluster_id: str) -> ClusterDirectory:
        return ClusterDirectory(self._settings.clusters_dir / cluster_id)


def _addresses(cluster: KafkaCluster, host: str, listener: str) -> str:
    return ",".join(join_host_port(host, node.ports[listener]) for node in cluster.nodes)


def _reason(statuses: Mapping[int, ProcessStatus | None], health: ClusterHealth) -> str | None:
    for node_id, status in statuses.items():
        if status is not None and status.state == "backing_off":
            return f"its broker {node_id} {status.last_exit}; it is started again shortly"
    return health.problem
