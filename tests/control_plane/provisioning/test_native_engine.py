import json
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from api.embedded.authority import Authority
from control_plane.access.records import credential_set
from control_plane.identity.secrets import scram_verifier
from control_plane.identity.service import ClusterCredential, new_key_material
from control_plane.kit.clock import SystemClock
from control_plane.provisioning.engine import (
    ClusterLimits,
    ClusterSpec,
    CredentialSet,
)
from control_plane.provisioning.engines.native import NativeEngine, NativeSettings
from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ClusterNotRunningError,
    CredentialsRejectedError,
)
from control_plane.provisioning.local import LocalProvisioner
from tests.control_plane.provisioning.sasl_plain import is_closed_by_peer, login, login_on
from tests.control_plane.provisioning.supervised import is_gone
from tests.fixtures.waiting import eventually
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
        return self.engine.bootstrap(CLUSTER).servers


@pytest.fixture
def native(tmp_path: Path) -> Iterator[Native]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    provisioner = LocalProvisioner(data_dir)
    provisioner.start()
    authority = Authority.open(data_dir / "tls", SystemClock())
    engine = make_engine(data_dir, provisioner, authority)
    yield Native(engine, provisioner, data_dir, authority)
    provisioner.shutdown(brokers=True, now=True)


def make_engine(
    data_dir: Path, provisioner: LocalProvisioner, authority: Authority
) -> NativeEngine:
    settings = NativeSettings(
        clusters_dir=data_dir / "clusters",
        broker_binary=BROKER_BINARY,
        bind_host="127.0.0.1",
        public_host="localhost",
        token_issuer="headrace:in_test",
    )
    return NativeEngine(settings, provisioner, authority, lambda: KEYS)


def test_cluster_is_usable_when_ensure_returns(native: Native) -> None:
    key = Key.new()
    seen = native.engine.ensure(SPEC, credentials(1, key))

    assert (seen.state, seen.generation, seen.credentials_generation) == ("running", 1, 1)
    assert seen.endpoints is not None
    assert seen.endpoints.sasl_plaintext == native.plaintext()
    assert login(native.plaintext(), key.id, key.secret) == 0
    assert login(native.plaintext(), key.id, "hrs_wrong") != 0


def test_endpoint_with_tls_is_verified_by_the_authority(native: Native) -> None:
    key = Key.new()
    seen = native.engine.ensure(SPEC, credentials(1, key))
    assert seen.endpoints is not None
    host, port = seen.endpoints.sasl_ssl.split(":")
    context = ssl.create_default_context(cadata=seen.ca_certificate)
    with (
        socket.create_connection((host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        assert login_on(connection, key.id, key.secret) == 0


def test_command_line_names_the_data_directory(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    command = Path(f"/proc/{native.pid()}/cmdline").read_text().split("\0")
    assert command[:3] == [str(BROKER_BINARY), "--config", str(native.cluster_dir / "broker.json")]


def test_files_are_for_their_owner_alone(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1, Key.new()))
    modes = {
        path.stat().st_mode & 0o077 for path in [native.cluster_dir, *native.cluster_dir.rglob("*")]
    }
    assert modes == {0}


def test_same_again_changes_nothing(native: Native) -> None:
    first = native.engine.ensure(SPEC, credentials(1))
    pid = native.pid()
    assert native.engine.ensure(SPEC, credentials(1)) == first
    assert native.pid() == pid


def test_new_generation_restarts_the_broker_at_its_addresses(native: Native) -> None:
    first = native.engine.ensure(SPEC, credentials(1))
    pid = native.pid()
    second = native.engine.ensure(
        replace(SPEC, generation=2, auto_create_topics=True), credentials(1)
    )
    assert second.generation == 2
    assert second.endpoints == first.endpoints
    assert native.pid() != pid


def test_new_certificate_restarts_the_broker(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    pid = native.pid()
    (native.cluster_dir / "tls" / "broker.pem").unlink()
    native.engine.ensure(SPEC, credentials(1))
    assert native.pid() != pid


def test_added_and_revoked_keys_are_in_force_when_the_call_returns(native: Native) -> None:
    first, second = Key.new(), Key.new()
    native.engine.ensure(SPEC, credentials(1, first))
    assert login(native.plaintext(), second.id, second.secret) != 0

    native.engine.apply_credentials(CLUSTER, credentials(2, first, second))
    assert login(native.plaintext(), second.id, second.secret) == 0

    host, port = native.plaintext().split(":")
    with socket.create_connection((host, int(port))) as connection:
        assert login_on(connection, first.id, first.secret) == 0
        native.engine.apply_credentials(CLUSTER, credentials(3, second))
        assert is_closed_by_peer(connection)
    assert login(native.plaintext(), first.id, first.secret) != 0
    seen = native.engine.observe(CLUSTER)
    assert seen is not None
    assert seen.credentials_generation == 3


def test_older_credentials_never_replace_newer_ones(native: Native) -> None:
    old, new = Key.new(), Key.new()
    native.engine.ensure(SPEC, credentials(5, new))
    native.engine.apply_credentials(CLUSTER, credentials(4, old))
    assert login(native.plaintext(), new.id, new.secret) == 0
    assert login(native.plaintext(), old.id, old.secret) != 0


def test_refused_credentials_leave_the_ones_before_in_force(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    twice = credentials(2, key, key)
    with pytest.raises(CredentialsRejectedError):
        native.engine.apply_credentials(CLUSTER, twice)
    native.engine.restart(CLUSTER)
    assert login(native.plaintext(), key.id, key.secret) == 0


def test_credentials_of_a_stopped_cluster_are_in_force_at_its_start(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1))
    stopped = native.engine.stop(CLUSTER)
    assert stopped.state == "stopped"
    with pytest.raises(ConnectionRefusedError):
        login(native.plaintext(), key.id, key.secret)

    with pytest.raises(ClusterNotRunningError):
        native.engine.apply_credentials(CLUSTER, credentials(2, key))

    native.engine.ensure(SPEC, credentials(2, key))
    assert login(native.plaintext(), key.id, key.secret) == 0


def test_killed_broker_comes_back_with_its_credentials(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    killed = native.pid()
    os.kill(killed, signal.SIGKILL)

    eventually(lambda: is_gone(killed))
    assert login(native.plaintext(), key.id, key.secret) == 0
    eventually(lambda: (seen := native.engine.observe(CLUSTER)) and seen.state == "running")
    seen = native.engine.observe(CLUSTER)
    assert seen is not None
    assert seen.restarts == 1


def test_broker_outlives_its_supervisor_and_is_adopted(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    pid = native.pid()
    supervisor = int((native.data_dir / "supervisor" / "lock").read_text())
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: is_gone(supervisor))
    assert login(native.plaintext(), key.id, key.secret) == 0

    assert native.pid() == pid
    eventually(lambda: (seen := native.engine.observe(CLUSTER)) and seen.state == "running")
    native.engine.restart(CLUSTER)
    assert native.pid() != pid
    assert login(native.plaintext(), key.id, key.secret) == 0


def test_remove_leaves_nothing(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    pid, address = native.pid(), native.plaintext()

    native.engine.remove(CLUSTER)

    assert is_gone(pid)
    assert not native.cluster_dir.exists()
    assert native.engine.list() == ()
    assert native.engine.observe(CLUSTER) is None
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        pass
    native.engine.remove(CLUSTER)


def test_cluster_that_the_supervisor_forgot_is_seen_as_stopped(native: Native) -> None:
    first = native.engine.ensure(SPEC, credentials(1))
    native.provisioner.remove(f"{CLUSTER}.1")
    seen = native.engine.observe(CLUSTER)
    assert seen is not None
    assert (seen.state, seen.endpoints) == ("stopped", first.endpoints)
    assert native.engine.list() == (CLUSTER,)
    assert native.engine.ensure(SPEC, credentials(1)).endpoints == first.endpoints


def test_broker_that_can_not_start_says_why(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    native.engine.stop(CLUSTER)
    config = native.cluster_dir / "broker.json"
    (native.cluster_dir / "groups").rename(native.cluster_dir / "groups.away")
    (native.cluster_dir / "groups").write_text("not a directory")
    with pytest.raises(BrokerNotReadyError, match="exited with status 1: headrace-broker: "):
        native.engine.ensure(SPEC, credentials(1))
    assert json.loads(config.read_text())["generation"] == 1
    seen = native.engine.observe(CLUSTER)
    assert seen is not None
    assert seen.state in ("backing_off", "starting")


def test_authority_is_replaced_before_it_ends(tmp_path: Path) -> None:
    @dataclass
    class Later:
        days: int

        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=self.days)

        def monotonic(self) -> float:
            return 0.0

    first = Authority.open(tmp_path / "tls", Later(0))
    chain, _ = first.issue("localhost", ["localhost"])
    assert Authority.open(tmp_path / "tls", Later(365)).ca_certificate == first.ca_certificate
    assert first.is_current(chain, ["localhost"])
    assert not first.is_current(chain, ["localhost", "elsewhere"])
    aged = Authority.open(tmp_path / "tls", Later(300))
    assert not aged.is_current(chain, ["localhost"])
    assert Authority.open(tmp_path / "tls", Later(3400)).ca_certificate != first.ca_certificate
