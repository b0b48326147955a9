from collections.abc import Callable

import pytest
from sqlalchemy.exc import SQLAlchemyError

from control_plane.identity.errors import CredentialsInvalidError
from control_plane.identity.known_principals import (
    FRESH_SECONDS,
    STALE_SECONDS_MAX,
)
from control_plane.identity.models import ApiKey
from control_plane.identity.policy import Role
from control_plane.identity.secrets import key_id_of, new_secret
from control_plane.kit.db import Database
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import take_away
from tests.fixtures.service import Service


@pytest.fixture
def secret(service: Service) -> str:
    return service.add_key(service.add_organization())


def row_of(database: Database, secret: str) -> ApiKey:
    with database.snapshot() as session:
        return session.get_one(ApiKey, key_id_of(secret))


def change(database: Database, secret: str, work: Callable[[ApiKey], None]) -> None:
    with database.transaction() as session:
        work(session.get_one(ApiKey, key_id_of(secret)))


class TestAuthenticate:
    def test_tells_who_the_secret_belongs_to(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        secret = service.add_key(organization_id, Role.DEVELOPER, cluster_id)
        principal = service.core.authenticator.authenticate(secret)
        assert principal.id == key_id_of(secret)
        assert principal.organization_id == organization_id
        assert principal.cluster_id == cluster_id
        assert principal.role is Role.DEVELOPER

    def test_refuses_a_well_formed_secret_that_was_never_given_out(self, service: Service) -> None:
        with pytest.raises(CredentialsInvalidError):
            service.core.authenticator.authenticate(new_secret()[1])

    def test_refuses_another_secret_of_the_same_key(self, service: Service, secret: str) -> None:
        _, other = new_secret()

        def take_over(row: ApiKey) -> None:
            row.secret_hmac = bytes(32)

        change(service.core.database, secret, take_over)
        for presented in (secret, other):
            with pytest.raises(CredentialsInvalidError):
                service.core.authenticator.authenticate(presented)

    def test_expiry_takes_effect_at_its_instant_even_when_cached(
        self, service: Service, clock: ManualClock, secret: str
    ) -> None:
        expires_at = clock.now()

        def expire(row: ApiKey) -> None:
            row.expires_at = expires_at

        clock.advance(-2)
        change(service.core.database, secret, expire)
        service.core.authenticator.authenticate(secret)
        clock.advance(1)
        service.core.authenticator.authenticate(secret)
        clock.advance(1)
        assert service.core.authenticator.cached(secret) is None
        with pytest.raises(CredentialsInvalidError):
            service.core.authenticator.authenticate(secret)


class TestCache:
    def test_a_warm_secret_needs_no_database(self, service: Service, secret: str) -> None:
        service.core.authenticator.authenticate(secret)
        service.core.database.dispose()
        assert service.core.authenticator.cached(secret) is not None

    def test_a_revocation_by_another_process_takes_effect_within_the_fresh_time(
        self, service: Service, clock: ManualClock, secret: str
    ) -> None:
        service.core.authenticator.authenticate(secret)

        def revoke(row: ApiKey) -> None:
            row.revoked_at = clock.now()

        change(service.core.database, secret, revoke)
        clock.advance(FRESH_SECONDS + 0.001)
        with pytest.raises(CredentialsInvalidError):
            service.core.authenticator.authenticate(secret)

    def test_forgetting_takes_effect_at_once(self, service: Service, secret: str) -> None:
        principal = service.core.authenticator.authenticate(secret)
        service.core.authenticator.forget(principal.id)
        assert service.core.authenticator.cached(secret) is None

    def test_a_known_secret_keeps_working_while_the_database_is_away(
        self, sqlite_service: Service, sqlite_url: str, clock: ManualClock
    ) -> None:
        authenticator = sqlite_service.core.authenticator
        organization_id = sqlite_service.add_organization()
        known, unknown = (sqlite_service.add_key(organization_id) for _ in range(2))
        authenticator.authenticate(known)
        take_away(sqlite_service.core.database, sqlite_url)
        clock.advance(STALE_SECONDS_MAX)
        assert authenticator.authenticate(known).id == key_id_of(known)
        with pytest.raises(SQLAlchemyError):
            authenticator.authenticate(unknown)
        clock.advance(1)
        with pytest.raises(SQLAlchemyError):
            authenticator.authenticate(known)


class TestLastUsed:
    def test_is_written_down_by_the_flush(
        self, service: Service, clock: ManualClock, secret: str
    ) -> None:
        service.core.authenticator.authenticate(secret)
        clock.advance(3)
        service.core.authenticator.cached(secret)
        assert row_of(service.core.database, secret).last_used_at is None
        service.core.authenticator.flush_last_used()
        assert row_of(service.core.database, secret).last_used_at == clock.now()
