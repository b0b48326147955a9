"""Composes the engines of a process that serves or works for an installation."""

from collections.abc import Mapping
from pathlib import Path

from api.deps import Core
from api.embedded.installation import Installation
from api.embedded.kafka_home import installed_kafka
from control_plane.provisioning.engine import CertificateIssuer, Engine
from control_plane.provisioning.engines.apache_kafka import ApacheKafkaEngine, KafkaSettings
from control_plane.provisioning.engines.native import NativeEngine, NativeSettings
from control_plane.provisioning.local import LocalProvisioner


def build_engines(
    core: Core,
    installation: Installation,
    broker_binary: Path,
    provisioner: LocalProvisioner,
    issuer: CertificateIssuer,
) -> Mapping[str, Engine]:
    """Return the engines over the clusters of an installation, by name.

    That of Apache Kafka is among them where Kafka is installed.
    """
    settings = core.settings
    native = NativeEngine(
        NativeSettings(
            clusters_dir=installation.clusters_dir,
            broker_binary=broker_binary,
            bind_host=settings.broker_bind_host,
            public_host=settings.public_host,
            token_issuer=core.signer.issuer,
            usage_window_seconds=settings.usage_window_seconds,
        ),
        provisioner,
        issuer,
        core.signer.jwks,
    )
    distribution = installed_kafka(settings.kafka_home)
    if distribution is None:
        return {native.name: native}
    kafka = ApacheKafkaEngine(
        KafkaSettings(
            clusters_dir=installation.clusters_dir,
            plugins_dir=installation.kafka_dir,
            distribution=distribution,
            bind_host=settings.broker_bind_host,
            public_host=settings.public_host,
            token_issuer=core.signer.issuer,
            usage_window_seconds=settings.usage_window_seconds,
        ),
        provisioner,
        issuer,
        core.signer.jwks,
        core.clock,
    )
    return {native.name: native, kafka.name: kafka}
