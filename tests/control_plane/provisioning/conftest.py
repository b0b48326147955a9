from collections.abc import Iterator
from pathlib import Path

import pytest

from control_plane.provisioning.local import LocalProvisioner
from tests.control_plane.provisioning.supervised import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    provisioner = LocalProvisioner(tmp_path / "data")
    provisioner.start()
    yield Installation(tmp_path / "data", provisioner)
    # A test may have killed its supervisor: only a successor finds the processes left behind.
    provisioner.start()
    provisioner.shutdown(brokers=True, now=True)
