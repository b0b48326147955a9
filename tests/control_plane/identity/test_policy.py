import pytest

from control_plane.identity.policy import (
    CLUSTER_SCOPED_ACTIONS,
    Action,
    Role,
    may_grant,
    permits,
)

MANAGING = {
    Action.ORGANIZATIONS_CREATE,
    Action.MEMBERS_CREATE,
    Action.API_KEYS_CREATE,
    Action.API_KEYS_REVOKE,
    Action.CLUSTERS_CREATE,
    Action.CLUSTERS_DELETE,
}


class TestPermits:
    @pytest.mark.parametrize("action", list(Action))
    def test_a_higher_role_may_all_that_a_lower_one_may(self, action: Action) -> None:
        allowed = [
            permits(role, action, cluster_scoped=False)
            for role in (Role.DEVELOPER, Role.OWNER, Role.OPERATOR)
        ]
        assert allowed == sorted(allowed)
        assert allowed[-1]

    @pytest.mark.parametrize("role", list(Role))
    def test_only_operators_make_organizations(self, role: Role) -> None:
        allowed = permits(role, Action.ORGANIZATIONS_CREATE, cluster_scoped=False)
        assert allowed == (role is Role.OPERATOR)

    def test_developers_add_no_members(self) -> None:
        assert not permits(Role.DEVELOPER, Action.MEMBERS_CREATE, cluster_scoped=False)

    @pytest.mark.parametrize("role", list(Role))
    def test_keys_of_one_cluster_manage_nothing_beside_its_topics(self, role: Role) -> None:
        allowed = {action for action in Action if permits(role, action, cluster_scoped=True)}
        assert allowed == CLUSTER_SCOPED_ACTIONS
        assert not allowed & MANAGING


class TestMayGrant:
    @pytest.mark.parametrize(
        ("granter", "grantable"),
        [
            (Role.OPERATOR, {Role.OPERATOR, Role.OWNER, Role.DEVELOPER}),
            (Role.OWNER, {Role.OWNER, Role.DEVELOPER}),
            (Role.DEVELOPER, {Role.DEVELOPER}),
        ],
    )
    def test_nobody_gives_more_than_they_have(self, granter: Role, grantable: set[Role]) -> None:
        assert {role for role in Role if may_grant(granter, role)} == grantable
