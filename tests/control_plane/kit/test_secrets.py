import base64
from pathlib import Path

import pytest
from sqlalchemy import select

from control_plane.kit.db import Database
from control_plane.kit.secrets import (
    DataKey,
    MasterKey,
    MasterKeyError,
    SealedValueError,
    SecretPlace,
    Vault,
)
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort

PLACE = SecretPlace("org_one", "api_keys", "hk_one", "scram_sha512_sealed")
VALUE = b"salted password"


@pytest.fixture
def vault(clock: ManualClock) -> Vault:
    return Vault(MasterKey(b"k" * 32), clock)


def seal(database: Database, vault: Vault, place: SecretPlace = PLACE) -> bytes:
    with database.transaction() as session:
        return vault.seal(session, place, VALUE)


class TestSealing:
    def test_opens_in_its_place(self, database: Database, vault: Vault) -> None:
        sealed = seal(database, vault)
        assert VALUE not in sealed
        with database.snapshot() as session:
            assert vault.open(session, PLACE, sealed) == VALUE

    def test_the_same_value_is_sealed_differently_each_time(
        self, database: Database, vault: Vault
    ) -> None:
        assert seal(database, vault) != seal(database, vault)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            SecretPlace("org_two", "api_keys", "hk_one", "scram_sha512_sealed"),
            SecretPlace("org_one", "sessions", "hk_one", "scram_sha512_sealed"),
            SecretPlace("org_one", "api_keys", "hk_two", "scram_sha512_sealed"),
            SecretPlace("org_one", "api_keys", "hk_one", "scram_sha256_sealed"),
            SecretPlace("org_one", "api_keyshk_one", "", "scram_sha512_sealed"),
        ],
        ids=["organization", "table", "row", "column", "shifted boundary"],
    )
    def test_a_value_copied_elsewhere_does_not_open(
        self, database: Database, vault: Vault, elsewhere: SecretPlace
    ) -> None:
        sealed = seal(database, vault)
        seal(database, vault, elsewhere)
        with database.snapshot() as session, pytest.raises(SealedValueError):
            vault.open(session, elsewhere, sealed)

    @pytest.mark.parametrize("position", [0, 1, 13, -1])
    def test_a_damaged_value_does_not_open(
        self, database: Database, vault: Vault, position: int
    ) -> None:
        damaged = bytearray(seal(database, vault))
        damaged[position] ^= 1
        with database.snapshot() as session, pytest.raises(SealedValueError):
            vault.open(session, PLACE, bytes(damaged))

    @pytest.mark.parametrize("length", [0, 1, 12, 13, 20])
    def test_a_truncated_value_does_not_open(
        self, database: Database, vault: Vault, length: int
    ) -> None:
        sealed = seal(database, vault)
        with database.snapshot() as session, pytest.raises(SealedValueError):
            vault.open(session, PLACE, sealed[:length])

    def test_nothing_opens_for_an_owner_without_a_data_key(
        self, database: Database, vault: Vault
    ) -> None:
        with database.snapshot() as session, pytest.raises(SealedValueError, match="no data key"):
            vault.open(session, PLACE, b"\x01" + bytes(40))


class TestDataKeys:
    def test_each_owner_has_one_and_it_is_wrapped(self, database: Database, vault: Vault) -> None:
        seal(database, vault)
        seal(database, vault)
        seal(database, vault, SecretPlace("org_two", "api_keys", "hk", "column"))
        with database.snapshot() as session:
            rows = session.scalars(select(DataKey)).all()
        assert {row.owner_id for row in rows} == {"org_one", "org_two"}
        assert all(len(row.wrapped_key) > 32 for row in rows)

    def test_a_wrapped_key_copied_to_another_owner_does_not_unwrap(
        self, database: Database, vault: Vault, clock: ManualClock
    ) -> None:
        sealed = seal(database, vault)
        seal(database, vault, SecretPlace("org_two", "api_keys", "hk", "column"))
        with database.transaction() as session:
            session.get_one(DataKey, "org_two").wrapped_key = session.get_one(
                DataKey, "org_one"
            ).wrapped_key
        fresh = Vault(MasterKey(b"k" * 32), clock)
        stolen = SecretPlace("org_two", PLACE.table, PLACE.row_id, PLACE.column)
        with database.snapshot() as session, pytest.raises(SealedValueError):
            fresh.open(session, stolen, sealed)

    def test_another_master_key_opens_nothing(
        self, database: Database, vault: Vault, clock: ManualClock
    ) -> None:
        sealed = seal(database, vault)
        other = Vault(MasterKey(b"x" * 32), clock)
        with database.snapshot() as session, pytest.raises(SealedValueError):
            other.open(session, PLACE, sealed)

    def test_a_key_of_a_rolled_back_transaction_is_not_used_later(
        self, database: Database, vault: Vault
    ) -> None:
        with pytest.raises(Aborted):
            abort(database, lambda session: vault.seal(session, PLACE, VALUE))
        sealed = seal(database, vault)
        with database.snapshot() as session:
            assert vault.open(session, PLACE, sealed) == VALUE


class TestMasterKeyFile:
    def test_is_made_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets" / "master.key"
        made = MasterKey.create(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        wrapped = made.wrap(b"d" * 32, "org_one")
        assert MasterKey.load(path).unwrap(wrapped, "org_one") == b"d" * 32

    def test_is_never_overwritten(self, tmp_path: Path) -> None:
        MasterKey.create(tmp_path / "master.key")
        with pytest.raises(FileExistsError):
            MasterKey.create(tmp_path / "master.key")

    def test_readable_by_others_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "master.key"
        MasterKey.create(path)
        path.chmod(0o640)
        with pytest.raises(MasterKeyError, match="chmod 600"):
            MasterKey.load(path)

    @pytest.mark.parametrize(
        "content", [b"", b"not base64!", base64.b64encode(b"short"), b"\xff\xfe"]
    )
    def test_malformed_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "master.key"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(MasterKeyError):
            MasterKey.load(path)

    def test_missing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MasterKeyError, match="can not read"):
            MasterKey.load(tmp_path / "master.key")
