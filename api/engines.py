"""Composes the engines of a process that serves or works for an installation."""

from pathlib import Path

from api.deps import Core
from control_plane.provisioning.engine import CertificateIssuer
from control_plane.provisioning.engines.native import NativeEngine, NativeSettings
from control_plane.provisioning.local import LocalProvisioner


def build_native_engine(
    core: Core,
    clusters_dir: Path,
    broker_binary: Path,
    provisioner: LocalProvisioner,
    issuer: CertificateIssuer,
) -> NativeEngine:
    """Return the native engine over the brokers of a directory."""
    settings = core.settings
    return NativeEngine(
        NativeSettings(
            clusters_dir=clusters_dir,
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
