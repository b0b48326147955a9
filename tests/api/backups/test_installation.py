"""Installations into backups and back: identity, keys, and what a machine does not bear out."""

from io import BytesIO
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.backups.errors import BackupDamagedError, BackupError
from api.backups.installation import back_up, export_master_key, restore
from api.embedded.authority import Authority
from api.embedded.installation import find_installation, open_installation
from control_plane.clusters.models import Cluster
from control_plane.kit.clock import SystemClock
from control_plane.kit.db import Database
from control_plane.kit.secrets import MasterKey
from control_plane.kit.settings import Settings
from control_plane.organizations.service import OrganizationService
from migrations.upgrade import upgrade
from tests.fixtures.clocks import ManualClock

CLOCK = SystemClock()


def make(directory: Path) -> Settings:
    """Make an installation with an organization, as a first start does."""
    settings = Settings(
        data_dir=directory,
        public_host="kafka.example.com",
        smtp_url=SecretStr("smtp://mill:hidden@localhost"),
        mail_from="mill@example.com",
    )
    installation = open_installation(directory, CLOCK)
    Authority.open(installation.tls_dir, CLOCK)
    MasterKey.create(settings.resolved_master_key_file)
    for path in (installation.owner_key_file, installation.operator_key_file):
        path.write_text(f'{{"secret": "hrs_of_{path.stem}"}}')
    database = Database(settings.resolved_database_url)
    upgrade(database.engine)
    with database.transaction() as session:
        OrganizationService(CLOCK).create(session, name="Mill Street")
    database.dispose()
    return settings


def backup_of(settings: Settings) -> bytes:
    stream = BytesIO()
    back_up(settings, stream, CLOCK)
    return stream.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make(tmp_path / "one")


def test_an_installation_moves_with_its_identity(settings: Settings, tmp_path: Path) -> None:
    content, key = backup_of(settings), tmp_path / "exported.key"
    export_master_key(settings, key)
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupError, match="can not write"):
        export_master_key(settings, key)
    moved = Settings(data_dir=tmp_path / "two")
    with pytest.raises(BackupError, match="master key"):
        restore(moved, BytesIO(content), master_key_file=None, replace=False)
    assert list(moved.data_dir.iterdir()) == [], "nothing is left of a refused attempt"
    restored = restore(moved, BytesIO(content), master_key_file=key, replace=False)
    assert restored.header.settings == {
        "mail_from": "mill@example.com",
        "public_host": "kafka.example.com",
    }
    before, after = find_installation(settings.data_dir), find_installation(moved.data_dir)
    assert before is not None
    assert after is not None
    assert after.id == before.id
    keys = (before.owner_key_file, before.operator_key_file, settings.resolved_master_key_file)
    secrets = [str(path.relative_to(settings.data_dir)) for path in keys]
    for name in ("tls/ca.pem", "tls/ca.key", *secrets):
        assert (moved.data_dir / name).read_bytes() == (settings.data_dir / name).read_bytes()
        assert (settings.data_dir / name).read_bytes() not in content
    assert backup_rows(moved) == backup_rows(settings)
    with pytest.raises(BackupError, match="in use"):
        restore(moved, BytesIO(content), master_key_file=None, replace=False)


def backup_rows(settings: Settings) -> int:
    return sum(back_up(settings, BytesIO(), CLOCK).values())


def test_what_is_damaged_or_sealed_by_another_key_changes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    content = backup_of(settings)
    other = tmp_path / "other.key"
    MasterKey.create(other)
    with pytest.raises(BackupError, match="not the backup's"):
        restore(settings, BytesIO(content), master_key_file=other, replace=True)
    before = (settings.data_dir / "headrace.db").read_bytes()
    with pytest.raises(BackupDamagedError):
        restore(settings, BytesIO(content[:-30]), master_key_file=None, replace=True)
    assert (settings.data_dir / "headrace.db").read_bytes() == before
    assert list(settings.data_dir.glob("*.restoring*")) == []
    with pytest.raises(BackupError, match="another installation"):
        restore(make(tmp_path / "two"), BytesIO(content), master_key_file=None, replace=True)


def test_a_replaced_database_is_kept_aside_and_drift_is_told(
    settings: Settings, clock: ManualClock
) -> None:
    add_cluster(settings, clock, "lkc_gone")
    content = backup_of(settings)
    (settings.data_dir / "clusters" / "lkc_strange").mkdir(parents=True)
    ahead = settings.data_dir / "clusters" / "lkc_ahead"
    ahead.mkdir()
    (ahead / "broker.json").write_text('{"generation": 9}', encoding="ascii")
    add_cluster(settings, clock, "lkc_ahead")
    later = backup_of(settings)
    told = restore(settings, BytesIO(later), master_key_file=None, replace=True).drift
    found = {(one.cluster_id, one.kind) for one in told}
    assert found == {("lkc_gone", "missing"), ("lkc_strange", "unknown"), ("lkc_ahead", "newer")}
    told = restore(settings, BytesIO(content), master_key_file=None, replace=True).drift
    assert ("lkc_ahead", "unknown") in {(one.cluster_id, one.kind) for one in told}
    assert len(list(settings.data_dir.glob("headrace.db.before-*"))) == 2
    assert ahead.is_dir()


def add_cluster(settings: Settings, clock: ManualClock, cluster_id: str) -> None:
    now = clock.now()
    database = Database(settings.resolved_database_url)
    with database.transaction() as session:
        organization_id = OrganizationService(CLOCK).create(session, name=cluster_id).id
        session.add(
            Cluster(
                id=cluster_id,
                organization_id=organization_id,
                created_at=now,
                updated_at=now,
                name="orders",
                plan="dev",
                engine="native",
                presence="running",
                generation=2,
                credentials_generation=1,
                status="running",
                metered_plan="dev",
                observed_generation=2,
                observed_credentials_generation=1,
                status_since=now,
            )
        )
    database.dispose()
