"""The `native` engine: a cluster is one broker process of ours, kept by the local provisioner."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from control_plane.provisioning.broker_admin import BrokerAdmin
from control_plane.provisioning.engine import (
    CertificateIssuer,
    ClientCertificates,
    ClusterEndpoints,
    ClusterObservation,
    ClusterSpec,
    CredentialSet,
    KafkaBootstrap,
    OAuthIssuer,
    Wish,
)
from control_plane.provisioning.engines import broker_check
from control_plane.provisioning.engines.hosts import LOOPBACK, Hosts, join_host_port
from control_plane.provisioning.engines.native_directory import (
    BROKER_ID,
    INTERNAL,
    OAUTH,
    SSL,
    NativeDirectory,
)
from control_plane.provisioning.engines.native_forks import ForkedDirectory, fork_offline
from control_plane.provisioning.engines.turns import Turns
from control_plane.provisioning.engines.versions import InstalledVersion
from control_plane.provisioning.errors import (
    ClientCertificatesInvalidError,
    ClusterNotRunningError,
    CredentialsRejectedError,
    ForkRefusedError,
    ForkSourceUnavailableError,
    OAuthIssuerInvalidError,
    ProvisioningError,
)
from control_plane.provisioning.forks import ForkCut, cut_to_json
from control_plane.provisioning.process import Listener, ProcessSpec, ProcessStatus
from control_plane.provisioning.provisioner import Provisioner
from control_plane.provisioning.usage import UsagePage

SASL_SSL = "sasl_ssl"
SASL_PLAINTEXT = "sasl_plaintext"
DATA_BYTES_MAX = 2 * 1024**3
"""Of one broker: several times what its own limits let it take. It ends a leak, not a customer."""

_logger = structlog.stdlib.get_logger("provisioning")


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeSettings(Hosts):
    """What all clusters of this engine have in common."""

    clusters_dir: Path
    broker_binary: Path
    token_issuer: str
    usage_window_seconds: int


class NativeEngine:
    """Implements `Engine`. Thread-safe; calls for one cluster are carried out in turn."""

    name = "native"

    def __init__(
        self,
        settings: NativeSettings,
        provisioner: Provisioner,
        issuer: CertificateIssuer,
        token_keys: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._settings = settings
        self._provisioner = provisioner
        self._issuer = issuer
        self._token_keys = token_keys
        self._version = InstalledVersion(settings.broker_binary)
        self._turns = Turns()

    def available_version(self) -> str | None:
        return self._version.read()

    def ensure(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        with self._turns.of(spec.cluster_id):
            directory = self._directory(spec.cluster_id)
            directory.create()
            process_id = _process_id(spec.cluster_id)
            wanted = self._listeners(directory, spec)
            listeners = self._provisioner.reserve(process_id, wanted)
            is_stale = self._write(directory, spec, listeners, credentials)
            before = self._provisioner.observe(process_id)
            after = self._provisioner.ensure(self._process(directory, spec, listeners))
            if is_stale and before is not None and before.pid == after.pid:
                self._provisioner.restart(process_id)
            self._confirm(spec.cluster_id, credentials.generation)
        observation = self.observe(spec.cluster_id)
        assert observation is not None, "an ensured cluster has a directory"
        return observation

    def fork(self, cluster_id: str, source_id: str, cut: ForkCut) -> datetime:
        with self._turns.of(cluster_id):
            directory = self._directory(cluster_id)
            directory.create()
            forked = ForkedDirectory(directory.path)
            return forked.take(lambda attempt: self._fork(source_id, cut, attempt))

    def apply_credentials(self, cluster_id: str, credentials: CredentialSet) -> None:
        with self._turns.of(cluster_id):
            directory = self._directory(cluster_id)
            if not directory.exists():
                raise ClusterNotRunningError("the cluster was not started yet")
            before = directory.read_credentials()
            directory.write_credentials(credentials)
            try:
                self._confirm(cluster_id, credentials.generation)
            except CredentialsRejectedError:
                if before is not None:
                    directory.restore_credentials(before)
                raise

    def check_wishes(self, wishes: Collection[Wish]) -> None:
        """Refuse nothing: its brokers have it all."""

    def check_client_certificates(self, wanted: ClientCertificates) -> None:
        problem = broker_check.client_certificates(self._settings.broker_binary, wanted)
        if problem is not None:
            raise ClientCertificatesInvalidError(
                problem, advice="send PEM certificates of authorities, and rules as Kafka has them"
            )

    def check_oauth_issuer(self, wanted: OAuthIssuer) -> None:
        problem = broker_check.oauth_issuer(self._settings.broker_binary, wanted)
        if problem is not None:
            raise OAuthIssuerInvalidError(
                problem.removeprefix("standard input: "),
                advice="see docs/oauth-issuer.md for what issuers and keys can be",
            )

    def require_rotation(self) -> None:
        """Brokers check two secrets of a key side by side."""

    def renew_certificate(self, cluster_id: str) -> bool:
        with self._turns.of(cluster_id):
            directory = self._directory(cluster_id)
            if not directory.exists():
                return False
            hosts = self._settings.certificate_hosts
            is_new = directory.write_certificate(self._issuer, cluster_id, hosts)
            if is_new:
                self._admin(cluster_id).reload_certificate()
            return is_new

    def restart(self, cluster_id: str) -> ClusterObservation:
        with self._turns.of(cluster_id):
            self._provisioner.restart(_process_id(cluster_id))
        return self._observe_known(cluster_id)

    def rest(self, spec: ClusterSpec, credentials: CredentialSet) -> ClusterObservation:
        with self._turns.of(spec.cluster_id):
            directory = self._directory(spec.cluster_id)
            directory.create()
            process_id = _process_id(spec.cluster_id)
            wanted = self._listeners(directory, spec)
            listeners = self._provisioner.reserve(process_id, wanted)
            self._write(directory, spec, listeners, credentials)
            process = self._process(directory, spec, listeners)
            wakes_from = tuple(credentials.openness.allowed_networks)
            self._provisioner.ensure(
                replace(process, state="stopped", wakes=spec.wakes, wakes_from=wakes_from)
            )
        return self._observe_known(spec.cluster_id)

    def stop(self, cluster_id: str) -> ClusterObservation:
        with self._turns.of(cluster_id):
            self._provisioner.stop(_process_id(cluster_id))
        return self._observe_known(cluster_id)

    def remove(self, cluster_id: str) -> None:
        with self._turns.of(cluster_id):
            self._provisioner.remove(_process_id(cluster_id))
            self._directory(cluster_id).delete()
        self._turns.forget(cluster_id)

    def observe(self, cluster_id: str) -> ClusterObservation | None:
        directory = self._directory(cluster_id)
        status = self._provisioner.observe(_process_id(cluster_id))
        if status is None and not directory.exists():
            return None
        health = None
        if status is not None and status.state == "running":
            try:
                health = BrokerAdmin(directory.admin_socket).health()
            except ClusterNotRunningError as error:
                _logger.warning("broker_silent", cluster_id=cluster_id, reason=error.detail)
        state = "stopped" if status is None else status.state
        kept = directory.credentials_generation() if state == "stopped" else None
        woken_at = None if status is None else status.woken_at
        return ClusterObservation(
            cluster_id=cluster_id,
            state=state,
            reason=None if status is None else _reason(status),
            generation=health.generation if health else None,
            credentials_generation=health.credentials_generation if health else kept,
            endpoints=self._endpoints(directory),
            ca_certificate=self._issuer.ca_certificate,
            restarts=0 if status is None else status.restarts,
            partitions=health.partitions if health else None,
            customers=health.customers if health else None,
            wakes=status is not None and status.state == "stopped" and status.wakes,
            woken_at=None if woken_at is None else datetime.fromisoformat(woken_at),
            version=health.version if health else None,
        )

    def list(self) -> tuple[str, ...]:
        processes = {_cluster_id(one.process_id) for one in self._provisioner.list()}
        root = self._settings.clusters_dir
        directories = {one.name for one in root.iterdir()} if root.is_dir() else set[str]()
        return tuple(sorted(processes | directories))

    def bootstrap(self, cluster_id: str) -> KafkaBootstrap:
        ports = self._directory(cluster_id).ports()
        # A broker from before there was an internal listener is reached as it was.
        port = ports.get(INTERNAL, ports.get(SASL_PLAINTEXT))
        if port is None:
            raise ClusterNotRunningError("the cluster was not started yet")
        return KafkaBootstrap(
            servers=join_host_port(LOOPBACK, port),
            security_protocol="SASL_PLAINTEXT",
            ca_certificate=None,
        )

    def metrics(self, cluster_id: str) -> str:
        return self._admin(cluster_id).metrics()

    def usage_windows(self, cluster_id: str, *, after: int, count_max: int) -> UsagePage:
        admin = self._admin(cluster_id)
        return admin.usage_windows(broker_id=BROKER_ID, after=after, count_max=count_max)

    def acknowledge_usage(self, cluster_id: str, *, through: int) -> None:
        self._admin(cluster_id).acknowledge_usage(through)

    def close_usage_window(self, cluster_id: str) -> None:
        self._admin(cluster_id).close_usage_window()

    def _fork(self, source_id: str, cut: ForkCut, attempt: Path) -> dict[str, Any]:
        """Have the broker of a cluster write a fork, or without one do so in its place."""
        request = {"directory": str(attempt), **cut_to_json(cut)}
        with self._turns.of(source_id):
            source = self._directory(source_id)
            if not source.exists():
                raise ForkRefusedError("the cluster that was to be forked is gone")
            status = self._provisioner.observe(_process_id(source_id))
            if status is None or status.state == "stopped":
                return fork_offline(self._settings.broker_binary, source.config_file, request)
            if status.state != "running":
                raise ForkSourceUnavailableError(f"the cluster to be forked is {status.state}")
            return self._admin(source_id).fork(request)

    def _write(
        self,
        directory: NativeDirectory,
        spec: ClusterSpec,
        listeners: tuple[Listener, ...],
        credentials: CredentialSet,
    ) -> bool:
        """Write all files; return whether one changed that a broker reads only at its start."""
        settings = self._settings
        advertised = {
            SASL_SSL: settings.public_host,
            SASL_PLAINTEXT: LOOPBACK,
            INTERNAL: LOOPBACK,
            SSL: settings.public_host,
            OAUTH: settings.public_host,
        }
        # Every file is synced on its own; side by side they share the journal's commits.
        with ThreadPoolExecutor(max_workers=4) as pool:
            kept = pool.submit(directory.write_credentials, credentials)
            authorities = pool.submit(directory.write_client_authorities, spec.client_certificates)
            keys = pool.submit(directory.write_token_keys, self._token_keys())
            certificate = pool.submit(
                directory.write_certificate,
                self._issuer,
                spec.cluster_id,
                settings.certificate_hosts,
                generation=spec.certificate_generation,
            )
            config = pool.submit(
                directory.write_config,
                spec,
                listeners,
                advertised,
                token_issuer=settings.token_issuer,
                usage_window_seconds=settings.usage_window_seconds,
            )
        kept.result()
        keys.result()
        return any((certificate.result(), config.result(), authorities.result()))

    def _listeners(self, directory: NativeDirectory, spec: ClusterSpec) -> tuple[Listener, ...]:
        ports = directory.ports()
        tls = Listener(SASL_SSL, self._settings.bind_host, ports.get(SASL_SSL, 0))
        plaintext = Listener(SASL_PLAINTEXT, LOOPBACK, ports.get(SASL_PLAINTEXT, 0))
        # The control plane and the gateway come in here, and the super user nowhere else.
        internal = Listener(INTERNAL, LOOPBACK, ports.get(INTERNAL, 0))
        wanted = [tls, plaintext, internal]
        if spec.client_certificates is not None:
            wanted.append(Listener(SSL, tls.host, ports.get(SSL, 0)))
        if spec.takes_issued_tokens:
            wanted.append(Listener(OAUTH, tls.host, ports.get(OAUTH, 0)))
        return tuple(wanted)

    def _process(
        self, directory: NativeDirectory, spec: ClusterSpec, listeners: tuple[Listener, ...]
    ) -> ProcessSpec:
        return ProcessSpec(
            process_id=_process_id(spec.cluster_id),
            generation=spec.generation,
            command=(str(self._settings.broker_binary), "--config", str(directory.config_file)),
            cwd=str(directory.path),
            listeners=listeners,
            admin_socket=str(directory.admin_socket),
            handover_socket=str(directory.handover_socket),
            log_file=str(directory.log_file),
            env={},
            data_bytes_max=DATA_BYTES_MAX,
        )

    def _confirm(self, cluster_id: str, generation: int) -> None:
        """Return once the broker has this set of credentials, or a newer one, in force."""
        admin = self._admin(cluster_id)
        if admin.health().credentials_generation >= generation:
            return
        confirmed = admin.reload_credentials()
        if confirmed < generation:
            raise ProvisioningError(
                f"the broker has credentials generation {confirmed}, not {generation}"
            )

    def _endpoints(self, directory: NativeDirectory) -> ClusterEndpoints | None:
        ports = directory.ports()
        if SASL_SSL not in ports:
            return None
        plaintext = None
        if self._settings.is_loopback:
            plaintext = join_host_port(LOOPBACK, ports[SASL_PLAINTEXT])
        return ClusterEndpoints(
            sasl_ssl=join_host_port(self._settings.public_host, ports[SASL_SSL]),
            sasl_plaintext=plaintext,
            ssl=self._public(ports.get(SSL)),
            oauth=self._public(ports.get(OAUTH)),
        )

    def _public(self, port: int | None) -> str | None:
        return None if port is None else join_host_port(self._settings.public_host, port)

    def _observe_known(self, cluster_id: str) -> ClusterObservation:
        observation = self.observe(cluster_id)
        if observation is None:
            raise ClusterNotRunningError("the cluster was removed meanwhile")
        return observation

    def _admin(self, cluster_id: str) -> BrokerAdmin:
        return BrokerAdmin(self._directory(cluster_id).admin_socket)

    def _directory(self, cluster_id: str) -> NativeDirectory:
        return NativeDirectory(self._settings.clusters_dir / cluster_id)


def _process_id(cluster_id: str) -> str:
    return f"{cluster_id}.{BROKER_ID}"


def _cluster_id(process_id: str) -> str:
    return process_id.rpartition(".")[0]


def _reason(status: ProcessStatus) -> str | None:
    if status.state != "backing_off":
        return None
    return f"its broker {status.last_exit}; it is started again shortly"
