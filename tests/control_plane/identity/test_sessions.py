from datetime import timedelta

import pytest

from control_plane.identity.errors import SignInTokenError
from control_plane.identity.models import Member
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.service import rotated_key_material
from control_plane.identity.sessions import (
    SESSION_IDLE_SECONDS,
    SESSION_SECONDS_MAX,
    SIGN_IN_SECONDS,
)
from control_plane.kit.scope import Scope
from tests.fixtures.clocks import ManualClock
from tests.fixtures.service import Service


@pytest.fixture
def member(service: Service) -> Member:
    scope = Scope(service.add_organization())
    with service.core.database.transaction() as session:
        return service.core.members.create(
            session, scope, email="ada@example.com", name="Ada", role=Role.OWNER, granted_by=None
        )


def issue(service: Service, member: Member) -> str:
    with service.core.database.transaction() as session:
        return service.core.sessions.issue_sign_in(session, member)


def sign_in(service: Service, token: str) -> str:
    with service.core.database.transaction() as session:
        return service.core.sessions.sign_in(session, token).cookie_value


def find(service: Service, cookie_value: str) -> Principal | None:
    """Look a session up past every cache, and touch it as its use would."""
    sessions, database = service.core.sessions, service.core.database
    with database.transaction() as session:
        found = sessions.find(session, cookie_value)
        if found is not None and found.wants_touch:
            sessions.touch(session, cookie_value)
    return None if found is None else found.principal


class TestSignIn:
    def test_a_link_signs_its_member_in(self, service: Service, member: Member) -> None:
        principal = find(service, sign_in(service, issue(service, member)))
        assert principal is not None
        assert principal.id == member.id
        assert principal.kind is PrincipalKind.MEMBER
        assert principal.role is Role.OWNER

    def test_a_link_works_once(self, service: Service, member: Member) -> None:
        token = issue(service, member)
        sign_in(service, token)
        with pytest.raises(SignInTokenError):
            sign_in(service, token)

    def test_a_link_ends(self, service: Service, member: Member, clock: ManualClock) -> None:
        token = issue(service, member)
        clock.advance(SIGN_IN_SECONDS)
        with pytest.raises(SignInTokenError):
            sign_in(service, token)

    @pytest.mark.parametrize("token", ["", "hrc_", "hrc_" + "x" * 43, "é", "x" * 100_000])
    def test_what_was_never_given_out_is_refused(self, service: Service, token: str) -> None:
        with pytest.raises(SignInTokenError):
            sign_in(service, token)


class TestSession:
    def test_ends_when_idle(self, service: Service, member: Member, clock: ManualClock) -> None:
        cookie_value = sign_in(service, issue(service, member))
        clock.advance(SESSION_IDLE_SECONDS - 1)
        assert find(service, cookie_value) is not None
        clock.advance(SESSION_IDLE_SECONDS - 1)
        assert find(service, cookie_value) is not None
        clock.advance(SESSION_IDLE_SECONDS)
        assert find(service, cookie_value) is None

    def test_ends_however_busy(self, service: Service, member: Member, clock: ManualClock) -> None:
        cookie_value = sign_in(service, issue(service, member))
        for _ in range(SESSION_SECONDS_MAX // 3600 - 1):
            clock.advance(3600)
            assert find(service, cookie_value) is not None
        clock.advance(3600)
        assert find(service, cookie_value) is None

    def test_ends_by_signing_out(self, service: Service, member: Member) -> None:
        cookie_value = sign_in(service, issue(service, member))
        with service.core.database.transaction() as session:
            service.core.sessions.sign_out(session, cookie_value)
        assert find(service, cookie_value) is None

    def test_of_an_api_key_ends_with_the_key(self, service: Service) -> None:
        organization_id = service.add_organization()
        principal = service.core.authenticator.authenticate(service.add_key(organization_id))
        with service.core.database.transaction() as session:
            cookie_value = service.core.sessions.sign_in_with_api_key(
                session, principal
            ).cookie_value
        found = find(service, cookie_value)
        assert found is not None
        assert (found.id, found.kind, found.role) == (
            principal.id,
            PrincipalKind.API_KEY,
            principal.role,
        )
        with service.core.database.transaction() as session:
            service.core.api_keys.revoke(
                session, principal.scope, principal.id, revoked_by=principal
            )
        assert find(service, cookie_value) is None

    def test_of_an_api_key_ends_with_the_secret_before(
        self, service: Service, clock: ManualClock
    ) -> None:
        core = service.core
        old = service.add_key(service.add_organization())
        principal = core.authenticator.authenticate(old)

        def signed_in(secret: str) -> str:
            acting = core.authenticator.authenticate(secret)
            with core.database.transaction() as session:
                return core.sessions.sign_in_with_api_key(session, acting).cookie_value

        early = signed_in(old)
        with core.database.transaction() as session:
            row = core.api_keys.get(session, principal.scope, principal.id)
            material = rotated_key_material(row)
            until = clock.now() + timedelta(hours=1)
            core.api_keys.rotate(session, row, material, until=until, rotated_by=principal)
        late, fresh = signed_in(old), signed_in(material.secret)
        assert all(find(service, one) is not None for one in (early, late, fresh))
        clock.advance(3600)
        assert [find(service, one) is not None for one in (early, late, fresh)] == [
            False,
            False,
            True,
        ]

    def test_is_not_found_by_what_the_database_holds(
        self, service: Service, member: Member
    ) -> None:
        assert find(service, "") is None
        assert find(service, "x" * 100_000) is None
        assert find(service, issue(service, member)) is None
