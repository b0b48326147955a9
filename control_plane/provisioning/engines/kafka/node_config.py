"""The configuration of one node of an Apache Kafka cluster; pure.

A node is broker and controller in one (KRaft, KIP-500), of a quorum whose voters are known by
their directory ids (KIP-853).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from control_plane.provisioning.engine import ClusterLimits
from control_plane.provisioning.engines.hosts import LOOPBACK

BROKERS = 3
REPLICATION = 3
MIN_INSYNC_REPLICAS = 2

SASL_SSL = "sasl_ssl"
SASL_PLAINTEXT = "sasl_plaintext"
INTERNAL = "internal"
CONTROLLER = "controller"
LISTENERS = (SASL_SSL, SASL_PLAINTEXT, INTERNAL, CONTROLLER)

BROKER_USER = "broker"
CONTROL_PLANE_USER = "control-plane"
TOKEN_SECONDS_MAX = 900
DELETE_DELAY_SECONDS = 180

_SECOND_MS = 1000
_INT_MAX = 2**31 - 1
_UUID_BYTES = 16
_CUSTOMERS_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER")
_SECURITY = {SASL_SSL: "SASL_SSL"}
_OAUTHBEARER = "org.apache.kafka.common.security.oauthbearer"
_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True, slots=True)
class Node:
    """One node: where it listens, and the id of its directory in the controllers' quorum."""

    id: int
    directory_id: str
    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """What all nodes have in common. `secret` is what nodes prove themselves to each other by."""

    cluster_id: str
    secret: str
    nodes: Sequence[Node]


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Absolute paths that a node's configuration names."""

    logs: str
    keystore: str
    token_keys: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where customers reach the cluster, and who signs their tokens."""

    bind_host: str
    public_host: str
    token_issuer: str


def kafka_cluster_id(cluster_id: str) -> str:
    """Return the id that Kafka itself goes by: it takes 16 bytes in URL-safe base64 alone."""
    digest = hashlib.sha256(cluster_id.encode()).digest()[:_UUID_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_keys_url(files: NodeFiles) -> str:
    return f"file://{files.token_keys}"


def format_arguments(cluster: KafkaCluster, properties_file: str) -> tuple[str, ...]:
    """Return the arguments of `kafka-storage` that give a node its first disk."""
    voters = ",".join(
        f"{node.id}@{LOOPBACK}:{node.ports[CONTROLLER]}:{node.directory_id}"
        for node in cluster.nodes
    )
    return (
        "format",
        *("--config", properties_file),
        *("--cluster-id", kafka_cluster_id(cluster.cluster_id)),
        *("--initial-controllers", voters),
        "--ignore-formatted",
    )


def node_client(cluster: KafkaCluster, node: Node) -> dict[str, str]:
    """Return the settings of a client by which a node asks the cluster something."""
    return {
        "bootstrap.servers": f"{LOOPBACK}:{node.ports[INTERNAL]}",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": _nodes_login(cluster),
    }


def server_properties(
    cluster: KafkaCluster,
    node: Node,
    files: NodeFiles,
    place: Place,
    limits: ClusterLimits,
    *,
    default_partitions: int,
    auto_create_topics: bool,
) -> dict[str, str]:
    """Return server.properties of one node, in the order in which it is written."""
    return {
        **_roles(cluster, node, files),
        **_listeners(node, place),
        **_logins(cluster),
        **_tokens(cluster, files, place),
        **_certificate(files),
        **_durability(),
        **_limits(limits),
        "num.partitions": str(default_partitions),
        "auto.create.topics.enable": str(auto_create_topics).lower(),
        **_small(),
    }


def to_text(properties: Mapping[str, str]) -> str:
    r"""Return the text of a properties file; values of ours have nothing to escape but ``\\``."""
    escaped = {name: value.replace("\\", "\\\\") for name, value in properties.items()}
    return "".join(f"{name}={value}\n" for name, value in escaped.items())


def _roles(cluster: KafkaCluster, node: Node, files: NodeFiles) -> dict[str, str]:
    controllers = ",".join(f"{LOOPBACK}:{one.ports[CONTROLLER]}" for one in cluster.nodes)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.id),
        "broker.rack": f"rack-{node.id}",
        "log.dirs": files.logs,
        "controller.quorum.bootstrap.servers": controllers,
        "controller.listener.names": CONTROLLER.upper(),
        "inter.broker.listener.name": INTERNAL.upper(),
    }


def _listeners(node: Node, place: Place) -> dict[str, str]:
    bound = dict.fromkeys(LISTENERS, LOOPBACK) | {SASL_SSL: place.bind_host}
    told = dict.fromkeys(LISTENERS, LOOPBACK) | {SASL_SSL: place.public_host}
    protocols = (f"{name.upper()}:{_SECURITY.get(name, 'SASL_PLAINTEXT')}" for name in LISTENERS)
    return {
        "listeners": _addresses(node, bound),
        "advertised.listeners": _addresses(node, told),
        "listener.security.protocol.map": ",".join(protocols),
    }


def _addresses(node: Node, hosts: Mapping[str, str]) -> str:
    return ",".join(
        f"{name.upper()}://{_bracketed(hosts[name])}:{node.ports[name]}" for name in LISTENERS
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _logins(cluster: KafkaCluster) -> dict[str, str]:
    """Who may log in where: customers from outside, nodes and the control plane inside."""
    found = {
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "headrace.GatedAuthorizer",
        "principal.builder.class": "headrace.Principals",
        "allow.everyone.if.no.acl.found": "true",
        "super.users": f"User:{CONTROL_PLANE_USER};User:{BROKER_USER}",
    }
    for name in (SASL_SSL, SASL_PLAINTEXT):
        found |= _mechanisms(name, _CUSTOMERS_MECHANISMS)
        for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256"):
            prefix = f"listener.name.{name}.{mechanism.lower()}"
            found[f"{prefix}.sasl.jaas.config"] = f"{_SCRAM_MODULE} required;"
            found[f"{prefix}.sasl.server.callback.handler.class"] = "headrace.ScramVerifier"
        prefix = f"listener.name.{name}.plain"
        found[f"{prefix}.sasl.jaas.config"] = f"{_PLAIN_MODULE} required;"
        found[f"{prefix}.sasl.server.callback.handler.class"] = "headrace.PlainVerifier"
    found |= _mechanisms(INTERNAL, ("PLAIN", "OAUTHBEARER"))
    found |= _mechanisms(CONTROLLER, ("PLAIN",))
    for name in (INTERNAL, CONTROLLER):
        found[f"listener.name.{name}.plain.sasl.jaas.config"] = _nodes_login(cluster)
    return found


def _mechanisms(listener: str, mechanisms: Sequence[str]) -> dict[str, str]:
    return {f"listener.name.{listener}.sasl.enabled.mechanisms": ",".join(mechanisms)}


def _nodes_login(cluster: KafkaCluster) -> str:
    secret = cluster.secret
    who = f'username="{BROKER_USER}" password="{secret}" user_{BROKER_USER}="{secret}"'
    return f"{_PLAIN_MODULE} required {who};"


def _tokens(cluster: KafkaCluster, files: NodeFiles, place: Place) -> dict[str, str]:
    """Tokens are judged by Kafka's validator of signed ones: its default takes unsigned ones."""
    found = {
        "sasl.oauthbearer.jwks.endpoint.url": token_keys_url(files),
        "sasl.oauthbearer.expected.issuer": place.token_issuer,
        "sasl.oauthbearer.expected.audience": cluster.cluster_id,
    }
    for name in (SASL_SSL, SASL_PLAINTEXT, INTERNAL):
        prefix = f"listener.name.{name}.oauthbearer"
        found |= {
            f"{prefix}.sasl.jaas.config": f"{_OAUTHBEARER}.OAuthBearerLoginModule required;",
            f"{prefix}.sasl.server.callback.handler.class": (
                f"{_OAUTHBEARER}.OAuthBearerValidatorCallbackHandler"
            ),
            # Without it a connection outlives its token.
            f"{prefix}.connections.max.reauth.ms": str(TOKEN_SECONDS_MAX * _SECOND_MS),
        }
    return found


def _certificate(files: NodeFiles) -> dict[str, str]:
    prefix = f"listener.name.{SASL_SSL}"
    return {
        f"{prefix}.ssl.keystore.type": "PEM",
        f"{prefix}.ssl.keystore.location": files.keystore,
        "ssl.enabled.protocols": "TLSv1.3,TLSv1.2",
    }


def _durability() -> dict[str, str]:
    return {
        "default.replication.factor": str(REPLICATION),
        "min.insync.replicas": str(MIN_INSYNC_REPLICAS),
        "offsets.topic.replication.factor": str(REPLICATION),
        "transaction.state.log.replication.factor": str(REPLICATION),
        "transaction.state.log.min.isr": str(MIN_INSYNC_REPLICAS),
        "share.coordinator.state.topic.replication.factor": str(REPLICATION),
        "share.coordinator.state.topic.min.isr": str(MIN_INSYNC_REPLICAS),
        "unclean.leader.election.enable": "false",
        # What was deleted is counted first, from its files.
        "log.segment.delete.delay.ms": str(DELETE_DELAY_SECONDS * _SECOND_MS),
    }


def _limits(limits: ClusterLimits) -> dict[str, str]:
    """The plan, as far as a node sees it: rates are each node's share of the cluster's."""
    found = {
        "socket.request.max.bytes": str(limits.request_bytes_max),
        "create.topic.policy.class.name": "headrace.PlanPolicy",
        "headrace.topics.max": str(limits.topics_max),
        "client.quota.callback.class": "headrace.PlanQuota",
        # Nodes, control plane and gateway are all of this address.
        "max.connections.per.ip.overrides": f"{LOOPBACK}:{_INT_MAX}",
    }
    for name in (SASL_SSL, SASL_PLAINTEXT):
        found[f"listener.name.{name}.max.connections"] = str(limits.connections_max)
        if limits.connections_per_second_max is not None:
            rate = str(limits.connections_per_second_max)
            found[f"listener.name.{name}.max.connection.creation.rate"] = rate
    if limits.connections_per_address_max is not None:
        found["max.connections.per.ip"] = str(limits.connections_per_address_max)
    rates = {
        "headrace.produce.bytes.per.second": limits.produce_bytes_per_second_max,
        "headrace.fetch.bytes.per.second": limits.fetch_bytes_per_second_max,
    }
    found |= {name: str(rate / BROKERS) for name, rate in rates.items() if rate is not None}
    if limits.partition_changes_per_minute_max is not None:
        # One controller makes all changes.
        found["headrace.partition.changes.per.second"] = str(
            limits.partition_changes_per_minute_max / 60
        )
    return found


def _small() -> dict[str, str]:
    """What Kafka sizes for large machines, for nodes of a few hundred MB."""
    return {
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "offsets.topic.num.partitions": "10",
        "transaction.state.log.num.partitions": "10",
        "share.coordinator.state.topic.num.partitions": "5",
        "group.initial.rebalance.delay.ms": "500",
        "controlled.shutdown.enable": "true",
    }
