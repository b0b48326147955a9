from collections.abc import Iterator
from pathlib import Path

import pytest

from api.embedded.authority import Authority
from control_plane.kit.clock import SystemClock
from control_plane.provisioning.local import LocalProvisioner
from tests.control_plane.provisioning.native_cluster import Native, make_engine
from tests.control_plane.provisioning.supervised import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    provisioner = LocalProvisioner(tmp_path / "data")
    provisioner.start()
    yield Installation(tmp_path / "data", provisioner)
    # A test may have killed its supervisor: only a successor finds the processes left behind.
    provisioner.start()
    provisioner.shutdown(brokers=True, now=True)


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
