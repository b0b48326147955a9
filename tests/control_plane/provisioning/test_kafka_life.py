"""The life of a cluster of the apache-kafka engine, with processes in the place of its JVMs."""

import json
import os
import signal
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from api.embedded.authority import Authority
from control_plane.kit.clock import SystemClock
from control_plane.provisioning.engine import ClusterEndpoints
from control_plane.provisioning.engines.apache_kafka import ApacheKafkaEngine, KafkaSettings
from control_plane.provisioning.engines.kafka import nodes
from control_plane.provisioning.engines.kafka.distribution import Distribution
from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ClusterNotRunningError,
    ClusterUnsettledError,
    UsageReportInvalidError,
    UsageWindowUnknownError,
)
from control_plane.provisioning.local import LocalProvisioner
from control_plane.provisioning.process import Listener
from control_plane.provisioning.usage import UsageWindow
from tests.control_plane.provisioning.log_files import Batch, write_partition
from tests.control_plane.provisioning.native_cluster import CLUSTER, KEYS, SPEC, credentials
from tests.control_plane.provisioning.supervised import is_refused
from tests.fixtures.waiting import eventually

FAKE_NODE = Path(__file__).with_name("fake_node.py")
NODES = (1, 2, 3)


@dataclass
class Fakes:
    """An engine whose nodes are no JVMs."""

    engine: ApacheKafkaEngine
    provisioner: LocalProvisioner
    cluster_dir: Path

    def pids(self) -> list[int | None]:
        found = [self.provisioner.observe(f"{CLUSTER}.{node}") for node in NODES]
        return [status.pid if status else None for status in found]

    def started(self) -> list[int]:
        """The nodes in the order in which they were started."""
        found = {node: self.provisioner.observe(f"{CLUSTER}.{node}") for node in NODES}
        return sorted(NODES, key=lambda node: str(getattr(found[node], "started_at", None)))

    def listeners(self) -> list[Listener]:
        found = [self.provisioner.observe(f"{CLUSTER}.{node}") for node in NODES]
        return [one for status in found if status for one in status.listeners]


@pytest.fixture
def fakes(tmp_path: Path) -> Generator[Fakes]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    provisioner = LocalProvisioner(data_dir)
    provisioner.start()
    java = _program(tmp_path / "java", FAKE_NODE.read_text())
    javac = _program(tmp_path / "javac", _JAVAC)
    settings = KafkaSettings(
        clusters_dir=data_dir / "clusters",
        plugins_dir=data_dir / "kafka",
        distribution=Distribution("4.3.1", tmp_path / "libs", java, javac),
        bind_host="127.0.0.1",
        public_host="localhost",
        token_issuer="headrace:in_test",
    )
    authority = Authority.open(data_dir / "tls", SystemClock())
    engine = ApacheKafkaEngine(settings, provisioner, authority, lambda: KEYS, SystemClock())
    yield Fakes(engine, provisioner, data_dir / "clusters" / CLUSTER)
    provisioner.shutdown(brokers=True, now=True)


_JAVAC = """
import sys
from pathlib import Path
Path(sys.argv[sys.argv.index("-d") + 1]).mkdir()
"""


def _program(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o700)
    return path


def test_a_cluster_is_three_processes_with_addresses_of_its_own(fakes: Fakes) -> None:
    seen = fakes.engine.ensure(SPEC, credentials(1))
    assert (seen.state, seen.generation, seen.credentials_generation) == ("running", 1, 1)
    assert (seen.partitions, seen.reason, seen.version) == (7, None, "4.3.1")
    assert isinstance(seen.endpoints, ClusterEndpoints)
    assert len(seen.endpoints.sasl_ssl.split(",")) == 3
    assert len(fakes.engine.bootstrap(CLUSTER).servers.split(",")) == 3
    assert fakes.engine.list() == (CLUSTER,)
    pids = fakes.pids()

    again = fakes.engine.ensure(SPEC, credentials(1))
    assert again.endpoints == seen.endpoints
    assert fakes.pids() == pids


def test_a_changed_cluster_is_rolled_with_its_controller_last(fakes: Fakes) -> None:
    before = fakes.engine.ensure(SPEC, credentials(1))
    pids = fakes.pids()
    after = fakes.engine.ensure(replace(SPEC, generation=2), credentials(1))
    assert after.generation == 2
    assert after.endpoints == before.endpoints
    assert not set(pids) & set(fakes.pids())
    assert fakes.started() == [1, 3, 2]


def test_a_restart_takes_them_in_turn(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    pids = fakes.pids()
    assert fakes.engine.restart(CLUSTER).state == "running"
    assert not set(pids) & set(fakes.pids())
    assert fakes.started() == [1, 3, 2]


def test_nothing_is_ended_while_data_is_on_fewer_brokers(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    pids = fakes.pids()
    monkeypatch.setattr(nodes, "SETTLE_SECONDS_MAX", 0.1)
    (fakes.cluster_dir / "3" / "behind").touch()
    with pytest.raises(ClusterUnsettledError, match="1 partitions are under-replicated"):
        fakes.engine.ensure(replace(SPEC, generation=2), credentials(1))
    with pytest.raises(ClusterUnsettledError):
        fakes.engine.restart(CLUSTER)
    assert fakes.pids() == pids
    seen = fakes.engine.observe(CLUSTER)
    assert seen is not None
    assert "under-replicated" in str(seen.reason)


def test_a_stopped_cluster_refuses_and_starts_again_where_it_was(fakes: Fakes) -> None:
    before = fakes.engine.ensure(SPEC, credentials(1))
    stopped = fakes.engine.stop(CLUSTER)
    assert (stopped.state, stopped.generation, stopped.reason) == ("stopped", None, None)
    assert all(is_refused(one) for one in fakes.listeners())
    with pytest.raises(ClusterNotRunningError):
        fakes.engine.apply_credentials(CLUSTER, credentials(2))
    # What was kept is what it starts with.
    kept = fakes.engine.observe(CLUSTER)
    assert kept is not None
    assert kept.credentials_generation == 2
    after = fakes.engine.ensure(SPEC, credentials(2))
    assert after.endpoints == before.endpoints
    assert after.credentials_generation == 2


def test_a_cluster_that_rests_keeps_its_addresses(fakes: Fakes) -> None:
    before = fakes.engine.ensure(SPEC, credentials(1))
    resting = fakes.engine.rest(replace(SPEC, generation=2), credentials(2))
    assert (resting.state, resting.credentials_generation) == ("stopped", 2)
    assert resting.endpoints == before.endpoints
    assert fakes.engine.ensure(replace(SPEC, generation=2), credentials(2)).generation == 2


def test_new_credentials_are_in_force_on_every_node(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    fakes.engine.apply_credentials(CLUSTER, credentials(5))
    seen = fakes.engine.observe(CLUSTER)
    assert seen is not None
    assert seen.credentials_generation == 5
    # An older set never takes the place of a newer one.
    fakes.engine.apply_credentials(CLUSTER, credentials(4))
    assert fakes.engine.ensure(SPEC, credentials(4)).credentials_generation == 5


def test_a_certificate_is_renewed_on_every_node(fakes: Fakes) -> None:
    assert not fakes.engine.renew_certificate(CLUSTER)
    fakes.engine.ensure(SPEC, credentials(1))
    assert not fakes.engine.renew_certificate(CLUSTER)
    (fakes.cluster_dir / "certificate.pem").unlink()
    assert fakes.engine.renew_certificate(CLUSTER)
    for node in NODES:
        assert (fakes.cluster_dir / str(node) / "certificates").read_text() == "reloaded\n"


def test_another_key_comes_with_a_greater_generation_of_the_certificate(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    keystore = fakes.cluster_dir / "keystore.pem"
    before = keystore.read_bytes()
    fakes.engine.ensure(replace(SPEC, generation=2), credentials(1))
    assert keystore.read_bytes() == before
    fakes.engine.ensure(replace(SPEC, generation=3, certificate_generation=1), credentials(1))
    after = keystore.read_bytes()
    assert after != before
    fakes.engine.ensure(replace(SPEC, generation=4, certificate_generation=1), credentials(1))
    assert keystore.read_bytes() == after


def test_a_cluster_runs_on_without_one_of_its_brokers(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    (pid, *_) = fakes.pids()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: fakes.pids()[0] not in {pid, None})
    seen = fakes.engine.observe(CLUSTER)
    assert seen is not None
    assert seen.state == "running"
    assert seen.restarts == 1


def test_an_empty_disk_in_the_place_of_a_full_one_does_not_start(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    fakes.engine.stop(CLUSTER)
    (fakes.cluster_dir / "1" / "logs").rmdir()
    with pytest.raises(BrokerNotReadyError, match="status 1"):
        fakes.engine.ensure(SPEC, credentials(1))


class TestUsage:
    """Counted from the nodes' logs, and from what they tell of reads."""

    BATCHES = (Batch(0, 3), Batch(3, 2))
    BYTES = sum(one.size for one in BATCHES)

    def append(self, fakes: Fakes, *batches: Batch, ends: tuple[int, int, int]) -> None:
        for node, end in zip(NODES, ends, strict=True):
            directory = fakes.cluster_dir / str(node)
            write_partition(directory / "logs", "orders-0", batches)
            write_partition(
                directory / "logs", "__consumer_offsets-0", batches, "BQEBAQEBQQGBAQEBAQEBAQ"
            )
            requests = {"User:hk_ada": [2, 1]}
            use = {
                "topics": {"orders": {"read_bytes": 10, "requests": requests}},
                "replicas": [["orders", 0, end, 700 + node]],
            }
            (directory / "use.json").write_text(json.dumps(use))

    def windows(self, fakes: Fakes, after: int = 0) -> Sequence[UsageWindow]:
        return fakes.engine.usage_windows(CLUSTER, after=after, count_max=20).windows

    def test_is_what_two_brokers_have_and_what_all_have_sent(self, fakes: Fakes) -> None:
        fakes.engine.ensure(SPEC, credentials(1))
        self.append(fakes, *self.BATCHES, ends=(5, 3, 3))
        fakes.engine.close_usage_window(CLUSTER)
        (first,) = self.windows(fakes)
        assert [(one.next_offset, one.records) for one in first.appended] == [(3, 3)]
        assert (first.stored_bytes, first.partitions, first.connections) == (703, 1, 3)
        (read,) = first.traffic
        assert (read.principal, read.read_bytes, read.read_requests) == ("User:hk_ada", 30, 6)

        self.append(fakes, *self.BATCHES, ends=(5, 5, 3))
        fakes.engine.close_usage_window(CLUSTER)
        (second,) = self.windows(fakes, after=1)
        assert [(one.first_offset, one.next_offset) for one in second.appended] == [(3, 5)]
        assert second.traffic == ()

        fakes.engine.acknowledge_usage(CLUSTER, through=1)
        assert [one.number for one in self.windows(fakes, after=1)] == [2]
        with pytest.raises(UsageWindowUnknownError):
            fakes.engine.acknowledge_usage(CLUSTER, through=9)

    def test_of_a_topic_that_was_deleted_is_in_its_files(self, fakes: Fakes) -> None:
        fakes.engine.ensure(SPEC, credentials(1))
        self.append(fakes, *self.BATCHES, ends=(5, 5, 5))
        for node in NODES:
            logs = fakes.cluster_dir / str(node) / "logs"
            (logs / "orders-0").rename(logs / f"orders-0.{'a1' * 16}-delete")
            (fakes.cluster_dir / str(node) / "use.json").unlink()
        fakes.engine.close_usage_window(CLUSTER)
        (window,) = self.windows(fakes)
        assert [one.bytes for one in window.appended] == [self.BYTES]
        assert (window.stored_bytes, window.partitions) == (0, 0)

    def test_goes_on_over_a_restart_and_through_a_kill(self, fakes: Fakes) -> None:
        fakes.engine.ensure(SPEC, credentials(1))
        self.append(fakes, *self.BATCHES, ends=(5, 5, 5))
        # Each node is asked before it ends, so that nothing that it has sent is missed.
        fakes.engine.restart(CLUSTER)
        fakes.engine.close_usage_window(CLUSTER)
        windows = self.windows(fakes)
        assert sum(one.bytes for window in windows for one in window.appended) == self.BYTES
        assert sum(one.read_bytes for window in windows for one in window.traffic) >= 30
        assert all(
            earlier.ended_at_ms == later.started_at_ms for earlier, later in pairwise(windows)
        )

    def test_that_is_closed_can_be_had_without_brokers(self, fakes: Fakes) -> None:
        fakes.engine.ensure(SPEC, credentials(1))
        fakes.engine.close_usage_window(CLUSTER)
        fakes.engine.stop(CLUSTER)
        assert len(self.windows(fakes)) == 1
        with pytest.raises(ClusterNotRunningError):
            fakes.engine.close_usage_window(CLUSTER)

    def test_a_damaged_meter_is_told_by_name(self, fakes: Fakes) -> None:
        fakes.engine.ensure(SPEC, credentials(1))
        (fakes.cluster_dir / "usage.json").write_text("{")
        with pytest.raises(UsageReportInvalidError, match=r"usage\.json"):
            fakes.engine.close_usage_window(CLUSTER)


def test_a_removed_cluster_leaves_nothing(fakes: Fakes) -> None:
    fakes.engine.ensure(SPEC, credentials(1))
    fakes.engine.remove(CLUSTER)
    assert fakes.engine.observe(CLUSTER) is None
    assert fakes.engine.list() == ()
    assert not fakes.cluster_dir.exists()
    fakes.engine.remove(CLUSTER)
