"""The two brokers with logins and access rules, and speakers who have logged in by SASL PLAIN."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.parity.brokers import (
    CLUSTER_ID,
    SERVER_PROPERTIES,
    apache_kafka_command,
    free_port,
    running,
)
from tests.parity.conversations import Speaker
from tools.paths import BROKER_BINARY

KEEPER: Final = "hk_keeper"
"""Makes the rules."""
ASKER: Final = "hk_asker"
"""Feels them."""
SECRETS: Final[Mapping[str, str]] = {KEEPER: "keeper-secret", ASKER: "asker-secret"}

_SALT: Final = b"parity of access"
_HANDSHAKE, _AUTHENTICATE = 17, 36
_PLAIN_MODULE: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_USERS: Final = " ".join(f'user_{name}="{secret}"' for name, secret in SECRETS.items())

_KAFKA_PROPERTIES: Final = (
    SERVER_PROPERTIES.replace("PLAINTEXT://", "SASL_PLAINTEXT://")
    + f"""\
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={_PLAIN_MODULE} required \
username="broker" password="broker" user_broker="broker" {_USERS};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS;User:broker
"""
)


@contextmanager
def native(directory: Path) -> Generator[int]:
    """Our broker with the two logins; its port."""
    port = free_port()
    data = directory / "native"
    data.mkdir()
    credentials = [_credential(name, secret) for name, secret in SECRETS.items()]
    _write(data / "credentials.json", {"format": 1, "generation": 1, "credentials": credentials})
    address = f"127.0.0.1:{port}"
    listener = {
        "name": "sasl_plaintext",
        "protocol": "SASL_PLAINTEXT",
        "bind": address,
        "advertised": address,
    }
    config = {
        "format": 1,
        "cluster_id": CLUSTER_ID,
        "broker_id": 1,
        "generation": 1,
        "data_dir": str(data),
        "listeners": [listener],
        "credentials_file": "credentials.json",
        "groups": {"initial_rebalance_delay_ms": 0},
    }
    _write(data / "broker.json", config)
    command = [str(BROKER_BINARY), "--config", str(data / "broker.json")]
    with running(command, directory / "native.log", port):
        yield port


@contextmanager
def apache_kafka(directory: Path) -> Generator[int]:
    """Apache Kafka with its own authorizer and the two logins; its port."""
    port = free_port()
    command = apache_kafka_command(directory, port, _KAFKA_PROPERTIES)
    with running(command, directory / "apache-kafka.log", port):
        yield port


class KnownSpeaker(Speaker):
    """A connection that has logged in; so has each that follows one that was hung up."""

    def __init__(self, port: int, username: str) -> None:
        self._username = username
        super().__init__(port)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def _connect(self) -> None:
        super()._connect()
        mechanism = b"PLAIN"
        self._exchange(_HANDSHAKE, struct.pack(">h", len(mechanism)) + mechanism)
        initial = b"\0".join((b"", self._username.encode(), SECRETS[self._username].encode()))
        answer = self._exchange(_AUTHENTICATE, struct.pack(">i", len(initial)) + initial)
        (code,) = struct.unpack_from(">h", answer)
        assert code == 0, f"{self._username} can not log in: {code}"

    def _exchange(self, api_key: int, body: bytes) -> bytes:
        frame = struct.pack(">hhih", api_key, 1, 7, -1) + body
        self._wire.send(struct.pack(">i", len(frame)) + frame)
        return self._wire.read_frame()[4:]


def _credential(name: str, secret: str) -> dict[str, Any]:
    """A key that logs in by PLAIN; its SCRAM verifiers fit no secret."""
    salt = _encode(_SALT)
    scram = {
        mechanism: {
            "salt": salt,
            "iterations": 8192,
            "stored_key": _encode(bytes(length)),
            "server_key": _encode(bytes(length)),
        }
        for mechanism, length in {"scram_sha_256": 32, "scram_sha_512": 64}.items()
    }
    hashed = hmac.new(_SALT, secret.encode(), hashlib.sha256).digest()
    plain = {"salt": salt, "hmac_sha256": _encode(hashed)}
    return {"username": name, "principal": f"User:{name}", "plain": plain, **scram}


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
