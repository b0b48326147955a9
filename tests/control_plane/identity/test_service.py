from datetime import timedelta

import pytest
from sqlalchemy import update

from control_plane.identity.errors import (
    ApiKeyExpiryError,
    ApiKeyLimitError,
    ApiKeyNotFoundError,
    ApiKeySecretInvalidError,
    ApiKeySecretUsedError,
    PermissionDeniedError,
)
from control_plane.identity.models import ApiKey
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.secrets import (
    key_id_of,
    new_secret,
    salted_password,
    scram_verifier,
    secret_hmac,
)
from control_plane.identity.service import (
    LIVE_API_KEYS_MAX,
    KeyMaterial,
    new_key_material,
    supplied_key_material,
)
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from control_plane.kit.secrets import SealedValueError
from tests.fixtures.clocks import ManualClock
from tests.fixtures.service import Service


def caller(organization_id: str, role: Role) -> Principal:
    return Principal("hk_caller", PrincipalKind.API_KEY, organization_id, None, role)


def key_id(secret: str) -> str:
    found = key_id_of(secret)
    assert found is not None
    return found


class TestCreate:
    def test_stores_nothing_that_the_secret_can_be_read_from(self, service: Service) -> None:
        secret = service.add_key(service.add_organization())
        with service.core.database.snapshot() as session:
            row = session.get_one(ApiKey, key_id(secret))
        assert row.secret_hmac == secret_hmac(row.hmac_salt, secret)
        for mechanism, salt, sealed in (
            ("sha256", row.scram_sha256_salt, row.scram_sha256_sealed),
            ("sha512", row.scram_sha512_salt, row.scram_sha512_sealed),
        ):
            assert salted_password(mechanism, secret, salt) not in sealed
        assert len({row.hmac_salt, row.scram_sha256_salt, row.scram_sha512_salt}) == 3

    def test_gives_no_role_above_the_callers(self, service: Service) -> None:
        organization_id = service.add_organization()
        with service.core.database.transaction() as session, pytest.raises(PermissionDeniedError):
            service.core.api_keys.create(
                session,
                new_key_material(),
                scope=Scope(organization_id),
                name="n",
                role=Role.OWNER,
                granted_by=caller(organization_id, Role.DEVELOPER),
            )

    def test_refuses_an_expiry_that_is_over(self, service: Service, clock: ManualClock) -> None:
        organization_id = service.add_organization()
        with service.core.database.transaction() as session, pytest.raises(ApiKeyExpiryError):
            service.core.api_keys.create(
                session,
                new_key_material(),
                scope=Scope(organization_id),
                name="n",
                role=Role.OWNER,
                granted_by=None,
                expires_at=clock.now(),
            )

    def test_live_keys_are_limited_and_ended_ones_do_not_count(self, service: Service) -> None:
        organization_id = service.add_organization()
        service.add_key(organization_id)
        with service.core.database.transaction() as session:
            template = service.core.api_keys.list(
                session, Scope(organization_id), PageRequest()
            ).items[0]
            columns = {
                column.key: getattr(template, column.key) for column in ApiKey.__table__.columns
            }
            session.add_all(
                ApiKey(**{**columns, "id": f"hk_{number}"})
                for number in range(LIVE_API_KEYS_MAX - 1)
            )
        with pytest.raises(ApiKeyLimitError):
            service.add_key(organization_id)
        service.add_key(service.add_organization())
        with service.core.database.transaction() as session:
            ended = update(ApiKey).where(ApiKey.id == "hk_0").values(revoked_at=service.clock.now())
            session.execute(ended)
        service.add_key(organization_id)


class TestSuppliedSecret:
    def store(self, service: Service, organization_id: str, material: KeyMaterial) -> ApiKey:
        with service.core.database.transaction() as session:
            return service.core.api_keys.create(
                session,
                material,
                scope=Scope(organization_id),
                name="n",
                role=Role.DEVELOPER,
                granted_by=None,
            )

    def test_decides_the_id_and_is_stretched_like_any(self, service: Service) -> None:
        expected, secret = new_secret()
        material = supplied_key_material(secret)
        assert (material.id, material.secret) == (expected, secret)
        assert secret not in repr(material)
        row = self.store(service, service.add_organization(), material)
        assert row.secret_hmac == secret_hmac(row.hmac_salt, secret)

    def test_one_that_is_not_fit_is_refused(self) -> None:
        _, secret = new_secret()
        with pytest.raises(ApiKeySecretInvalidError) as raised:
            supplied_key_material(secret[:-1])
        assert secret[:-1] not in f"{raised.value.detail} {raised.value.advice}"

    def test_one_that_was_used_is_refused_to_everybody(self, service: Service) -> None:
        mine, theirs = service.add_organization(), service.add_organization()
        _, secret = new_secret()
        first = self.store(service, mine, supplied_key_material(secret))
        for organization_id in (mine, theirs):
            with pytest.raises(ApiKeySecretUsedError):
                self.store(service, organization_id, supplied_key_material(secret))
        owner = caller(mine, Role.OWNER)
        with service.core.database.transaction() as session:
            service.core.api_keys.revoke(session, Scope(mine), first.id, revoked_by=owner)
        with pytest.raises(ApiKeySecretUsedError):
            self.store(service, mine, supplied_key_material(secret))

    def test_a_refusal_leaves_the_transaction_usable(self, service: Service) -> None:
        organization_id = service.add_organization()
        _, secret = new_secret()
        self.store(service, organization_id, supplied_key_material(secret))
        with service.core.database.transaction() as session:
            with pytest.raises(ApiKeySecretUsedError):
                service.core.api_keys.create(
                    session,
                    supplied_key_material(secret),
                    scope=Scope(organization_id),
                    name="n",
                    role=Role.DEVELOPER,
                    granted_by=None,
                )
            found = service.core.api_keys.list(session, Scope(organization_id), PageRequest())
        assert [row.id for row in found.items] == [key_id(secret)]


class TestScope:
    def test_foreign_keys_do_not_exist(self, service: Service) -> None:
        mine, theirs = service.add_organization(), service.add_organization()
        foreign = key_id(service.add_key(theirs))
        with service.core.database.snapshot() as session, pytest.raises(ApiKeyNotFoundError):
            service.core.api_keys.get(session, Scope(mine), foreign)

    def test_a_cluster_sees_only_its_own_keys(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        other_cluster_id = service.add_cluster(organization_id, "other")
        service.add_key(organization_id)
        service.add_key(organization_id, Role.DEVELOPER, other_cluster_id)
        own = key_id(service.add_key(organization_id, Role.DEVELOPER, cluster_id))
        with service.core.database.snapshot() as session:
            found = service.core.api_keys.list(
                session, Scope(organization_id, cluster_id), PageRequest()
            )
        assert [row.id for row in found.items] == [own]


class TestRevoke:
    def test_is_final_and_may_be_repeated(self, service: Service, clock: ManualClock) -> None:
        organization_id = service.add_organization()
        key = key_id(service.add_key(organization_id))
        owner = caller(organization_id, Role.OWNER)
        first_at = clock.now()
        for _ in range(2):
            with service.core.database.transaction() as session:
                row = service.core.api_keys.revoke(session, owner.scope, key, revoked_by=owner)
            assert row.revoked_at == first_at
            clock.advance(10)

    def test_a_role_ends_no_key_above_it(self, service: Service) -> None:
        organization_id = service.add_organization()
        key = key_id(service.add_key(organization_id, Role.OWNER))
        developer = caller(organization_id, Role.DEVELOPER)
        with service.core.database.transaction() as session, pytest.raises(PermissionDeniedError):
            service.core.api_keys.revoke(session, developer.scope, key, revoked_by=developer)


class TestClusterCredentials:
    def test_are_the_live_keys_of_the_cluster_and_of_the_organization(
        self, service: Service, clock: ManualClock
    ) -> None:
        organization_id, elsewhere = service.add_organization(), service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        other_cluster_id = service.add_cluster(organization_id, "other")
        wide = service.add_key(organization_id)
        narrow = service.add_key(organization_id, Role.DEVELOPER, cluster_id)
        revoked, expiring = service.add_key(organization_id), service.add_key(organization_id)
        service.add_key(organization_id, Role.DEVELOPER, other_cluster_id)
        service.add_key(elsewhere)
        with service.core.database.transaction() as session:
            session.get_one(ApiKey, key_id(revoked)).revoked_at = clock.now()
            session.get_one(ApiKey, key_id(expiring)).expires_at = clock.now() + timedelta(1)
        clock.advance(24 * 3600)
        with service.core.database.snapshot() as session:
            found = service.core.api_keys.cluster_credentials(session, organization_id, cluster_id)
        assert {credential.username for credential in found} == {key_id(wide), key_id(narrow)}

    def test_verify_the_secret(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        secret = service.add_key(organization_id)
        with service.core.database.snapshot() as session:
            (found,) = service.core.api_keys.cluster_credentials(
                session, organization_id, cluster_id
            )
        assert found.secret_hmac == secret_hmac(found.hmac_salt, secret)
        for mechanism, verifier in (
            ("sha256", found.scram_sha_256),
            ("sha512", found.scram_sha_512),
        ):
            salted = salted_password(mechanism, secret, verifier.salt)
            assert verifier == scram_verifier(mechanism, verifier.salt, salted)

    def test_rows_swapped_in_the_database_do_not_open(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        victim, attacker = (service.add_key(organization_id) for _ in range(2))
        with service.core.database.transaction() as session:
            source = session.get_one(ApiKey, key_id(attacker))
            target = session.get_one(ApiKey, key_id(victim))
            target.scram_sha512_sealed = source.scram_sha512_sealed
            target.scram_sha512_salt = source.scram_sha512_salt
        with service.core.database.snapshot() as session, pytest.raises(SealedValueError):
            service.core.api_keys.cluster_credentials(session, organization_id, cluster_id)
