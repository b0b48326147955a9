"""A cluster of the apache-kafka engine: three real nodes over a supervisor, and clients of it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from joserfc import jwt
from joserfc.jwk import ECKey

from api.embedded.authority import Authority
from control_plane.kit.clock import SystemClock
from control_plane.provisioning.engine import ClusterLimits, ClusterObservation, ClusterSpec
from control_plane.provisioning.engines.apache_kafka import ApacheKafkaEngine, KafkaSettings
from control_plane.provisioning.engines.kafka.distribution import find_distribution
from control_plane.provisioning.local import LocalProvisioner
from tests.control_plane.provisioning.native_cluster import CLUSTER, Key
from tests.fixtures.waiting import eventually
from tools.java_artifacts import JAVA_DIR

SPEC = ClusterSpec(
    cluster_id=CLUSTER,
    generation=1,
    limits=ClusterLimits(
        connections_max=500,
        partitions_max=200,
        request_bytes_max=16 * 1024 * 1024,
        produce_bytes_per_second_max=300_000_000,
        fetch_bytes_per_second_max=300_000_000,
        partition_changes_per_minute_max=10_000,
        topics_max=10,
    ),
)
ISSUER = "headrace:in_test"
SIGNING_KEY = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
ANSWER_SECONDS_MAX = 60

Options = dict[str, Any]


@dataclass
class Kafka:
    """An engine over a supervisor and real nodes of Apache Kafka."""

    engine: ApacheKafkaEngine
    provisioner: LocalProvisioner
    data_dir: Path

    def pid(self, node: int) -> int:
        status = self.provisioner.observe(f"{CLUSTER}.{node}")
        assert status is not None
        assert status.pid is not None
        return status.pid

    def seen(self) -> ClusterObservation:
        seen = self.engine.observe(CLUSTER)
        assert seen is not None
        return seen

    def client(self, key: Key, mechanism: str = "SCRAM-SHA-512") -> Options:
        """Settings of librdkafka for a customer's client."""
        seen = self.seen()
        assert seen.endpoints is not None
        return {
            "bootstrap.servers": seen.endpoints.sasl_ssl,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": mechanism,
            "sasl.username": key.id,
            "sasl.password": key.secret,
            "ssl.ca.pem": seen.ca_certificate,
            "log_level": 0,
        }

    def token_client(self, token: str, *, is_inside: bool = True) -> Options:
        """Settings for a client that logs in by this token, inside or as customers do."""
        seen = self.seen()
        assert seen.endpoints is not None
        inside = self.engine.bootstrap(CLUSTER)
        outside = {"bootstrap.servers": seen.endpoints.sasl_ssl, "security.protocol": "SASL_SSL"}

        def hand_out(_settings: str) -> tuple[str, float]:
            return token, time.time() + 3600

        reached = {
            "bootstrap.servers": inside.servers,
            "security.protocol": inside.security_protocol,
        }
        return {
            **(reached if is_inside else outside),
            "sasl.mechanism": "OAUTHBEARER",
            "oauth_cb": hand_out,
            "ssl.ca.pem": seen.ca_certificate,
            "log_level": 0,
        }


@contextmanager
def kafka_installation(data_dir: Path, *java_options: str) -> Generator[Kafka]:
    data_dir.mkdir()
    provisioner = LocalProvisioner(data_dir)
    provisioner.start()
    settings = KafkaSettings(
        clusters_dir=data_dir / "clusters",
        plugins_dir=data_dir / "kafka",
        distribution=find_distribution(JAVA_DIR),
        bind_host="127.0.0.1",
        public_host="localhost",
        token_issuer=ISSUER,
        java_options=java_options,
    )
    authority = Authority.open(data_dir / "tls", SystemClock())
    jwks = {"keys": [SIGNING_KEY.as_dict(private=False)]}
    try:
        yield Kafka(
            ApacheKafkaEngine(settings, provisioner, authority, lambda: jwks, SystemClock()),
            provisioner,
            data_dir,
        )
    finally:
        # A test may have killed its supervisor: only a successor finds what it left behind.
        provisioner.start()
        provisioner.shutdown(brokers=True, now=True)


def claims(subject: str, **others: object) -> dict[str, Any]:
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": CLUSTER, "sub": subject, "iat": now, "exp": now + 600}
    return whole | others


def signed(content: Mapping[str, Any], key: ECKey = SIGNING_KEY) -> str:
    return jwt.encode({"alg": "ES256", "kid": "k1"}, dict(content), key)


def unsigned(content: Mapping[str, Any]) -> str:
    parts = ({"alg": "none"}, content)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join(encoded).decode() + "."


def is_let_in(options: Options) -> bool:
    """Whether a client with these settings may log in; waits for the one or the other."""
    refused: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - librdkafka's name
            refused.append(error)

    settings: Options = {"error_cb": note, "socket.connection.setup.timeout.ms": 30_000}
    client = AdminClient(options | settings)
    answered: list[bool] = []

    def is_decided() -> bool:
        try:
            client.list_topics(timeout=0.2)
        except KafkaException:
            client.poll(0)
        else:
            answered.append(True)
        return bool(answered or refused)

    eventually(is_decided, "no broker answers", ANSWER_SECONDS_MAX)
    return bool(answered)
