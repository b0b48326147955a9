"""The directory of a native cluster: what docs/broker-process.md says a broker reads."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from control_plane.provisioning.engine import (
    CertificateIssuer,
    ClientCertificates,
    ClusterSpec,
    CredentialSet,
)
from control_plane.provisioning.engines.hosts import join_host_port
from control_plane.provisioning.files import write_atomically, write_if_changed
from control_plane.provisioning.process import Listener

CONFIG_FORMAT = 1
CREDENTIALS_FORMAT = 1
CLOCK_SKEW_SECONDS = 30
BROKER_ID = 1

INTERNAL = "internal"
SSL = "ssl"
OAUTH = "oauth"
_PROTOCOLS = {INTERNAL: "SASL_PLAINTEXT", OAUTH: "SASL_SSL"}
_ISSUED_LOGINS = {OAUTH: {"logins": "issuer"}}

_CERTIFICATE = "tls/broker.pem"
_PRIVATE_KEY = "tls/broker.key"
_CERTIFICATE_GENERATION = "tls/generation"
_CLIENT_AUTHORITIES = "tls/client-authorities.pem"
_CREDENTIALS = "credentials.json"
_TOKEN_KEYS = "token-keys.json"  # noqa: S105 - a file's name
_ADMIN_SOCKET = "admin.sock"
_HANDOVER_SOCKET = "handover.sock"


class NativeDirectory:
    """Reads and writes the files of one cluster; each is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def config_file(self) -> Path:
        return self.path / "broker.json"

    @property
    def admin_socket(self) -> Path:
        return self.path / _ADMIN_SOCKET

    @property
    def handover_socket(self) -> Path:
        return self.path / _HANDOVER_SOCKET

    @property
    def log_file(self) -> Path:
        return self.path / "broker.log"

    def exists(self) -> bool:
        return self.path.is_dir()

    def create(self) -> None:
        (self.path / "tls").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def delete(self) -> None:
        if self.exists():
            shutil.rmtree(self.path)

    def ports(self) -> dict[str, int]:
        """Return the cluster's port of each listener, as far as it has been given one."""
        config = _read(self.config_file)
        return {
            listener["name"]: int(listener["bind"].rpartition(":")[2])
            for listener in cast("list[dict[str, str]]", config.get("listeners", []))
        }

    def write_config(
        self,
        spec: ClusterSpec,
        listeners: Sequence[Listener],
        advertised_hosts: Mapping[str, str],
        *,
        token_issuer: str,
        usage_window_seconds: int,
    ) -> bool:
        """Write broker.json; return whether it changed."""
        clients = spec.client_certificates
        config = {
            "format": CONFIG_FORMAT,
            "cluster_id": spec.cluster_id,
            "broker_id": BROKER_ID,
            "generation": spec.generation,
            "data_dir": str(self.path),
            "listeners": [
                {
                    "name": listener.name,
                    "protocol": _PROTOCOLS.get(listener.name, listener.name.upper()),
                    "bind": join_host_port(listener.host, listener.port),
                    "advertised": join_host_port(advertised_hosts[listener.name], listener.port),
                    "internal": listener.name == INTERNAL,
                    "client_auth": _client_auth(listener, clients),
                    **_ISSUED_LOGINS.get(listener.name, {}),
                }
                for listener in listeners
            ],
            "tls": {
                "certificate_file": _CERTIFICATE,
                "private_key_file": _PRIVATE_KEY,
                "client_ca_file": None if clients is None else _CLIENT_AUTHORITIES,
                "principal_mapping_rules": "" if clients is None else clients.mapping_rules,
            },
            "credentials_file": _CREDENTIALS,
            "tokens": {
                "jwks_file": _TOKEN_KEYS,
                "issuer": token_issuer,
                "clock_skew_seconds": CLOCK_SKEW_SECONDS,
            },
            "admin_socket": _ADMIN_SOCKET,
            "handover_socket": _HANDOVER_SOCKET,
            "topics": {
                "auto_create": spec.auto_create_topics,
                "num_partitions": spec.default_partitions,
            },
            "limits": asdict(spec.limits),
            "usage": {"window_seconds": usage_window_seconds},
        }
        return write_if_changed(self.config_file, _to_json(config))

    def write_client_authorities(self, clients: ClientCertificates | None) -> bool:
        """Write whose certificates of clients are taken; return whether that changed."""
        if clients is None:
            return False
        return write_if_changed(self.path / _CLIENT_AUTHORITIES, clients.authorities.encode())

    def write_token_keys(self, jwks: Mapping[str, Any]) -> bool:
        return write_if_changed(self.path / _TOKEN_KEYS, _to_json(jwks))

    def write_certificate(
        self,
        issuer: CertificateIssuer,
        common_name: str,
        hosts: Sequence[str],
        *,
        generation: int = 0,
    ) -> bool:
        """Make sure that the broker has a certificate for `hosts`; return whether it is new.

        One of an older generation is replaced, together with its key.
        """
        certificate, private_key = self.path / _CERTIFICATE, self.path / _PRIVATE_KEY
        if (
            self._certificate_generation() >= generation
            and certificate.exists()
            and private_key.exists()
            and issuer.is_current(certificate.read_bytes(), hosts)
        ):
            return False
        chain, key = issuer.issue(common_name, hosts)
        # A pair that does not fit together is never current: the certificate comes last.
        certificate.unlink(missing_ok=True)
        write_atomically(private_key, key)
        write_atomically(certificate, chain)
        if generation > self._certificate_generation():
            write_atomically(self.path / _CERTIFICATE_GENERATION, f"{generation}\n".encode())
        return True

    def _certificate_generation(self) -> int:
        path = self.path / _CERTIFICATE_GENERATION
        return int(path.read_bytes()) if path.exists() else 0

    def credentials_generation(self) -> int | None:
        """Return the generation of the set that is kept, None if there is none."""
        generation = _read(self.path / _CREDENTIALS).get("generation")
        return generation if isinstance(generation, int) else None

    def read_credentials(self) -> bytes | None:
        path = self.path / _CREDENTIALS
        return path.read_bytes() if path.exists() else None

    def restore_credentials(self, content: bytes) -> None:
        write_atomically(self.path / _CREDENTIALS, content)

    def write_credentials(self, credentials: CredentialSet) -> None:
        """Keep the set, unless a newer one is kept already."""
        kept = self.credentials_generation()
        if kept is not None and kept > credentials.generation:
            return
        issuer = credentials.oauth_issuer
        content: dict[str, Any] = {
            "format": CREDENTIALS_FORMAT,
            "generation": credentials.generation,
            "credentials": list(credentials.credentials),
            "access": credentials.openness.access,
            "allowed_networks": list(credentials.openness.allowed_networks),
        }
        if issuer is not None:
            content["oauth_issuer"] = asdict(issuer)
        write_if_changed(self.path / _CREDENTIALS, _to_json(content))


def _client_auth(listener: Listener, clients: ClientCertificates | None) -> str:
    if listener.name != SSL or clients is None:
        return "none"
    return "required" if clients.required else "requested"


def _to_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        value: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    assert isinstance(value, dict), f"{path} was not written by this program"
    return cast("dict[str, Any]", value)
