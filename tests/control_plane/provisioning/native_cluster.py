"""A cluster of the native engine, over a supervisor and a real broker."""

from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

from api.embedded.authority import Authority
from control_plane.access.records import credential_set
from control_plane.identity.secrets import scram_verifier
from control_plane.identity.service import ClusterCredential, new_key_material
from control_plane.provisioning.engine import (
    ClusterLimits,
    ClusterSpec,
    CredentialSet,
)
from control_plane.provisioning.engines.native import NativeEngine, NativeSettings
from control_plane.provisioning.local import LocalProvisioner
from tools.paths import BROKER_BINARY

CLUSTER = "lkc_4q8x0n1w2e3r5t6y"
SPEC = ClusterSpec(
    cluster_id=CLUSTER,
    generation=1,
    limits=ClusterLimits(connections_max=50, partitions_max=20, request_bytes_max=1024 * 1024),
)
KEYS = {
    "keys": [
        ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"}).as_dict(
            private=False
        )
    ]
}


@dataclass
class Key:
    """An API key and what a broker is given of it."""

    id: str
    secret: str
    credential: ClusterCredential

    @classmethod
    def new(cls) -> "Key":
        made = new_key_material()
        credential = ClusterCredential(
            username=made.id,
            hmac_salt=made.hmac_salt,
            secret_hmac=made.secret_hmac,
            scram_sha_256=scram_verifier("sha256", made.sha256_salt, made.sha256_salted),
            scram_sha_512=scram_verifier("sha512", made.sha512_salt, made.sha512_salted),
        )
        return cls(made.id, made.secret, credential)


def credentials(generation: int, *keys: Key) -> CredentialSet:
    return credential_set(generation, [key.credential for key in keys])


@dataclass
class Native:
    """An engine over a supervisor and real brokers."""

    engine: NativeEngine
    provisioner: LocalProvisioner
    data_dir: Path
    authority: Authority

    @property
    def cluster_dir(self) -> Path:
        return self.data_dir / "clusters" / CLUSTER

    def pid(self) -> int:
        status = self.provisioner.observe(f"{CLUSTER}.1")
        assert status is not None
        assert status.pid is not None
        return status.pid

    def plaintext(self) -> str:
        """The address of clients that log in without TLS."""
        seen = self.engine.observe(CLUSTER)
        assert seen is not None
        assert seen.endpoints is not None
        assert seen.endpoints.sasl_plaintext is not None
        return seen.endpoints.sasl_plaintext


def make_engine(
    data_dir: Path, provisioner: LocalProvisioner, authority: Authority
) -> NativeEngine:
    settings = NativeSettings(
        clusters_dir=data_dir / "clusters",
        broker_binary=BROKER_BINARY,
        bind_host="127.0.0.1",
        public_host="localhost",
        token_issuer="headrace:in_test",
        usage_window_seconds=60,
    )
    return NativeEngine(settings, provisioner, authority, lambda: KEYS)
