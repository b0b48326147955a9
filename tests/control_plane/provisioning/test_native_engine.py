import json
import os
import resource
import signal
import socket
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.embedded.authority import Authority
from control_plane.provisioning.engine import ClientCertificates, ClusterOpenness, CredentialSet
from control_plane.provisioning.engines.native import DATA_BYTES_MAX
from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ClientCertificatesInvalidError,
    ClusterNotRunningError,
    CredentialsRejectedError,
)
from control_plane.provisioning.networks import network_problem
from tests.control_plane.provisioning.native_cluster import CLUSTER, SPEC, Key, Native, credentials
from tests.control_plane.provisioning.sasl_plain import (
    is_closed_by_peer,
    login,
    login_on,
    served_apis,
)
from tests.control_plane.provisioning.supervised import is_gone
from tests.fixtures.client_authority import ClientAuthority
from tests.fixtures.waiting import eventually
from tools.paths import BROKER_BINARY


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


def test_broker_has_a_limit_of_memory(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    limit = resource.prlimit(native.pid(), resource.RLIMIT_DATA)
    assert limit == (DATA_BYTES_MAX, DATA_BYTES_MAX)


def test_command_line_names_the_data_directory(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1))
    command = Path(f"/proc/{native.pid()}/cmdline").read_text().split("\0")
    assert command[:3] == [str(BROKER_BINARY), "--config", str(native.cluster_dir / "broker.json")]


def test_control_plane_has_a_listener_of_its_own(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    bootstrap = native.engine.bootstrap(CLUSTER)
    assert bootstrap.servers != native.plaintext()
    assert login(bootstrap.servers, key.id, key.secret) == 0
    config = json.loads((native.cluster_dir / "broker.json").read_text())
    internal = {listener["name"]: listener["internal"] for listener in config["listeners"]}
    assert internal == {"sasl_ssl": False, "sasl_plaintext": False, "internal": True}


def test_suspended_cluster_ends_connections_and_lets_nobody_in(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    host, port = native.plaintext().split(":")
    with socket.create_connection((host, int(port))) as connection:
        assert login_on(connection, key.id, key.secret) == 0
        native.engine.apply_credentials(CLUSTER, opened(2, key, access="suspended"))
        assert is_closed_by_peer(connection)
    assert login(native.plaintext(), key.id, key.secret) != 0
    native.engine.apply_credentials(CLUSTER, credentials(3, key))
    assert login(native.plaintext(), key.id, key.secret) == 0
    native.engine.ensure(replace(SPEC, generation=2), opened(4, key, access="suspended"))
    assert login(native.plaintext(), key.id, key.secret) != 0


def test_clients_come_from_allowed_networks_alone(native: Native) -> None:
    key = Key.new()
    native.engine.ensure(SPEC, credentials(1, key))
    host, port = native.plaintext().split(":")
    with socket.create_connection((host, int(port))) as connection:
        assert login_on(connection, key.id, key.secret) == 0
        native.engine.apply_credentials(CLUSTER, opened(2, key, allowed_networks=["192.0.2.0/24"]))
        assert is_closed_by_peer(connection)
    with socket.create_connection((host, int(port))) as connection:
        assert is_closed_by_peer(connection)
    internal = native.engine.bootstrap(CLUSTER).servers
    assert login(internal, key.id, key.secret) == 0, "the gateway comes in all the same"
    # Every form that the control plane takes, brokers take.
    forms = [
        "127.0.0.1",
        "0.0.0.0/0",
        "::/0",
        "2001:DB8::/32",
        "::ffff:10.0.0.0/104",
        "10.0.0.0/08",
    ]
    assert not any(network_problem(form) for form in forms)
    native.engine.apply_credentials(CLUSTER, opened(3, key, allowed_networks=forms))
    assert login(native.plaintext(), key.id, key.secret) == 0


def opened(generation: int, key: Key, **openness: Any) -> CredentialSet:
    return replace(credentials(generation, key), openness=ClusterOpenness(**openness))


def test_certificate_is_renewed_while_connections_go_on(native: Native) -> None:
    key = Key.new()
    seen = native.engine.ensure(SPEC, credentials(1, key))
    assert seen.endpoints is not None
    host, port = seen.endpoints.sasl_ssl.split(":")
    context = ssl.create_default_context(cadata=seen.ca_certificate)

    def connect() -> ssl.SSLSocket:
        plain = socket.create_connection((host, int(port)))
        return context.wrap_socket(plain, server_hostname=host)

    assert not native.engine.renew_certificate(CLUSTER)
    with connect() as before:
        # A certificate that is not ours is never current.
        (native.cluster_dir / "tls" / "broker.pem").write_text("gone")
        assert native.engine.renew_certificate(CLUSTER)
        with connect() as after:
            assert after.getpeercert(binary_form=True) != before.getpeercert(binary_form=True)
        assert login_on(before, key.id, key.secret) == 0


def test_files_are_for_their_owner_alone(native: Native) -> None:
    native.engine.ensure(SPEC, credentials(1, Key.new()))
    modes = {
        path.stat().st_mode & 0o077 for path in [native.cluster_dir, *native.cluster_dir.rglob("*")]
    }
    assert modes == {0}


def test_same_again_changes_nothing(native: Native) -> None:
    first = native.engine.ensure(SPEC, credentials(1))
    pid = native.pid()
    again = native.engine.ensure(SPEC, credentials(1))
    assert replace(again, customers=first.customers) == first
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


def test_client_certificates_have_a_listener_while_they_are_wanted(
    native: Native, tmp_path: Path
) -> None:
    authority = ClientAuthority(tmp_path)
    wanted = ClientCertificates(authority.pem, "RULE:^CN=(.*?),.*$/$1/", required=True)
    native.engine.check_client_certificates(wanted)
    native.engine.ensure(SPEC, credentials(1))
    plain = native.plaintext()
    by_certificate = replace(SPEC, generation=2, client_certificates=wanted)
    seen = native.engine.ensure(by_certificate, credentials(1))
    assert seen.endpoints is not None
    assert seen.endpoints.ssl is not None
    assert native.plaintext() == plain, "the others keep their addresses"
    host, port = seen.endpoints.ssl.rsplit(":", 1)
    holder = authority.issue("writer")
    context = ssl.create_default_context(cadata=seen.ca_certificate)
    context.load_cert_chain(holder.certificate_file, holder.key_file)
    with (
        socket.create_connection((host, int(port))) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        assert served_apis(connection) > 0
    again = native.engine.ensure(replace(by_certificate, generation=3), credentials(1))
    assert again.endpoints == seen.endpoints
    without = native.engine.ensure(replace(SPEC, generation=4), credentials(1))
    assert without.endpoints is not None
    assert without.endpoints.ssl is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


@pytest.mark.parametrize(
    ("authorities", "rules", "words"),
    [("nothing", "", "no certificate"), (None, "RULE:(/x/", "mapping rule 1")],
)
def test_client_certificates_that_no_broker_takes_are_refused(
    native: Native, tmp_path: Path, authorities: str | None, rules: str, words: str
) -> None:
    pem = authorities or ClientAuthority(tmp_path).pem
    with pytest.raises(ClientCertificatesInvalidError) as refused:
        native.engine.check_client_certificates(ClientCertificates(pem, rules, required=True))
    assert words in refused.value.detail
