"""The directory of an Apache Kafka cluster: one folder for each node, and what nodes share."""

import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from control_plane.provisioning.engine import CertificateIssuer, ClusterSpec, CredentialSet
from control_plane.provisioning.engines.kafka.node_config import (
    BROKERS,
    KafkaCluster,
    Node,
    NodeFiles,
    Place,
    format_arguments,
    node_client,
    server_properties,
    to_text,
    token_keys_url,
)
from control_plane.provisioning.files import write_atomically, write_if_changed

FORMAT = 1
CREDENTIALS_FORMAT = 1
NODE_IDS = tuple(range(1, BROKERS + 1))

_SECRET_BYTES = 32
_DIRECTORY_ID_BYTES = 16


class NodeDirectory:
    """The files of one node; its processes run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.admin_socket = path / "admin.sock"
        self.handover_socket = path / "handover.sock"
        self.log_file = path / "broker.log"
        self.properties_file = path / "server.properties"
        self.told_file = path / "node.properties"
        self.client_file = path / "client.properties"
        self.format_file = path / "format.args"
        self.logs = path / "logs"

    def create(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)


class ClusterDirectory:
    """Reads and writes the files of one cluster; each is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.credentials_file = path / "credentials.json"
        self.token_keys_file = path / "token-keys.json"
        self.keystore = path / "keystore.pem"
        self.usage_file = path / "usage.json"
        self.usage_lock = path / "usage.lock"
        self._cluster_file = path / "cluster.json"
        self._certificate = path / "certificate.pem"
        self._certificate_generation = path / "certificate.generation"
        self._founded = path / "founded"

    def node(self, node_id: int) -> NodeDirectory:
        return NodeDirectory(self.path / str(node_id))

    @property
    def is_founded(self) -> bool:
        """Whether all nodes have taken part once: none is ever formatted again then."""
        return self._founded.exists()

    def found(self) -> None:
        """Note that all nodes have taken part, and take from them what formats a disk."""
        if self.is_founded:
            return
        write_atomically(self._founded, b"")
        for node_id in NODE_IDS:
            self.node(node_id).format_file.unlink(missing_ok=True)

    def files(self, node_id: int) -> NodeFiles:
        return NodeFiles(
            logs=str(self.node(node_id).logs),
            keystore=str(self.keystore),
            token_keys=str(self.token_keys_file),
        )

    def exists(self) -> bool:
        return self.path.is_dir()

    def create(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for node_id in NODE_IDS:
            self.node(node_id).create()

    def delete(self) -> None:
        if self.exists():
            shutil.rmtree(self.path)

    def load(self) -> KafkaCluster | None:
        """Return what was written of the cluster, None before it was."""
        try:
            value: dict[str, Any] = json.loads(self._cluster_file.read_bytes())
        except FileNotFoundError:
            return None
        nodes = cast("list[dict[str, Any]]", value["nodes"])
        return KafkaCluster(
            cluster_id=value["cluster_id"],
            secret=value["secret"],
            nodes=tuple(Node(**node) for node in nodes),
        )

    def load_or_make(
        self, cluster_id: str, reserve: Callable[[int, Mapping[str, int]], Mapping[str, int]]
    ) -> KafkaCluster:
        """Return the cluster, its addresses held; what is chosen the first time stays its own."""
        kept = self.load()
        known = {node.id: node for node in kept.nodes} if kept else {}
        nodes: list[Node] = []
        for node_id in NODE_IDS:
            node = known.get(node_id)
            ports = reserve(node_id, node.ports if node else {})
            directory_id = node.directory_id if node else _directory_id()
            nodes.append(Node(node_id, directory_id, dict(ports)))
        secret = kept.secret if kept else secrets.token_hex(_SECRET_BYTES)
        cluster = KafkaCluster(cluster_id, secret, tuple(nodes))
        write_if_changed(self._cluster_file, _to_json({"format": FORMAT, **asdict(cluster)}))
        return cluster

    def write_node(
        self, spec: ClusterSpec, cluster: KafkaCluster, node: Node, place: Place
    ) -> None:
        """Write what one node reads at its start."""
        files, paths = self.node(node.id), self.files(node.id)
        properties = server_properties(
            cluster,
            node,
            paths,
            place,
            spec.limits,
            default_partitions=spec.default_partitions,
            auto_create_topics=spec.auto_create_topics,
        )
        told = {
            "headrace.cluster": spec.cluster_id,
            "headrace.broker": str(node.id),
            "headrace.generation": str(spec.generation),
            "headrace.credentials": str(self.credentials_file),
            "headrace.keystore": str(self.keystore),
            "headrace.partitions.max": str(spec.limits.partitions_max),
            # Kafka reads keys from no file that is not named here.
            "org.apache.kafka.sasl.oauthbearer.allowed.urls": token_keys_url(paths),
        }
        write_if_changed(files.properties_file, to_text(properties).encode())
        write_if_changed(files.told_file, to_text(told).encode())
        write_if_changed(files.client_file, to_text(node_client(cluster, node)).encode())
        if not self.is_founded:
            arguments = format_arguments(cluster, str(files.properties_file))
            write_if_changed(files.format_file, "\n".join(arguments).encode())

    def write_token_keys(self, jwks: Mapping[str, Any]) -> bool:
        return write_if_changed(self.token_keys_file, _to_json(jwks))

    def write_certificate(
        self,
        issuer: CertificateIssuer,
        common_name: str,
        hosts: Sequence[str],
        *,
        generation: int = 0,
    ) -> bool:
        """Make sure that nodes have a certificate for `hosts`; return whether it is new.

        One of an older generation is replaced, together with its key.
        """
        kept = self._kept_certificate_generation()
        if (
            kept >= generation
            and self._certificate.exists()
            and self.keystore.exists()
            and issuer.is_current(self._certificate.read_bytes(), hosts)
        ):
            return False
        chain, key = issuer.issue(common_name, hosts)
        self._certificate.unlink(missing_ok=True)
        write_atomically(self.keystore, key + chain)
        # Without it the pair is never current, so it comes last.
        write_atomically(self._certificate, chain)
        if generation > kept:
            write_atomically(self._certificate_generation, f"{generation}\n".encode())
        return True

    def _kept_certificate_generation(self) -> int:
        path = self._certificate_generation
        return int(path.read_bytes()) if path.exists() else 0

    def credentials_generation(self) -> int | None:
        try:
            generation = json.loads(self.credentials_file.read_bytes()).get("generation")
        except FileNotFoundError:
            return None
        return generation if isinstance(generation, int) else None

    def read_credentials(self) -> bytes | None:
        return self.credentials_file.read_bytes() if self.credentials_file.exists() else None

    def restore_credentials(self, content: bytes) -> None:
        write_atomically(self.credentials_file, content)

    def write_credentials(self, credentials: CredentialSet) -> None:
        """Keep the set, unless a newer one is kept already."""
        kept = self.credentials_generation()
        if kept is not None and kept > credentials.generation:
            return
        content = {
            "format": CREDENTIALS_FORMAT,
            "generation": credentials.generation,
            "credentials": list(credentials.credentials),
            "access": credentials.openness.access,
            "allowed_networks": list(credentials.openness.allowed_networks),
        }
        write_if_changed(self.credentials_file, _to_json(content))


def _directory_id() -> str:
    """Return an id as Kafka writes them: 16 bytes in base64, which must not begin with `-`."""
    while True:
        found = secrets.token_urlsafe(_DIRECTORY_ID_BYTES)
        if not found.startswith("-"):
            return found


def _to_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"
