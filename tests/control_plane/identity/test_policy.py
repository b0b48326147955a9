import itertools

import pytest

from control_plane.identity.policy import (
    CLUSTER_ACTIONS,
    CLUSTER_ROLES,
    INSTALLATION_ACTIONS,
    POLICY,
    Action,
    Role,
    may_grant,
    permits,
    reaches_records,
)
from tools.paths import ROOT

LADDER = (Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.DEVELOPER, Role.VIEWER)
READING = (".read",)


def held(role: Role | None) -> set[Action]:
    return {action for action in Action if permits(role, action, cluster_scoped=False)}


class TestPolicy:
    def test_every_action_is_an_organizations_or_the_installations(self) -> None:
        assert set(Action) == set(POLICY) | INSTALLATION_ACTIONS
        assert not set(POLICY) & INSTALLATION_ACTIONS
        assert all(Role.OWNER in roles for roles in POLICY.values())

    def test_each_role_holds_all_that_the_next_one_holds(self) -> None:
        for higher, lower in itertools.pairwise(LADDER):
            assert held(higher) > held(lower)

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLING])
    def test_those_who_look_change_nothing_but_their_own_sessions(self, role: Role) -> None:
        changing = {action for action in held(role) if not action.endswith(READING)}
        assert changing == {Action.SESSIONS_REVOKE}
        assert not reaches_records(role)

    def test_who_pays_sees_costs_and_no_clusters(self) -> None:
        assert Action.COSTS_READ in held(Role.BILLING)
        assert not held(Role.BILLING) & {Action.CLUSTERS_READ, Action.TOPICS_READ}

    @pytest.mark.parametrize("role", list(Role))
    def test_a_role_in_one_cluster_reaches_nothing_beside_it(self, role: Role) -> None:
        allowed = {action for action in Action if permits(role, action, cluster_scoped=True)}
        assert allowed == held(role) & CLUSTER_ACTIONS

    def test_no_role_of_an_organization_operates_the_installation(self) -> None:
        for role in Role:
            assert not held(role) & INSTALLATION_ACTIONS
        assert held(None) == INSTALLATION_ACTIONS | {Action.WHOAMI_READ}

    def test_the_page_shows_this_table(self) -> None:
        rows = {
            cells[0].strip(" `"): {
                role for role, cell in zip(Role, cells[1:7], strict=True) if cell.strip()
            }
            for line in (ROOT / "docs" / "roles.md").read_text("utf-8").splitlines()
            if line.startswith("| `")
            for cells in [line.strip("|").split("|")]
            if len(cells) == len(Role) + 2
        }
        assert rows == {action.value: set(roles) for action, roles in POLICY.items()}


class TestMayGrant:
    @pytest.mark.parametrize(
        ("granter", "refused"),
        [
            (Role.OWNER, {None}),
            (Role.ADMIN, {None, Role.OWNER}),
            (Role.OPERATOR, {None, Role.OWNER, Role.ADMIN}),
            (Role.DEVELOPER, {None, Role.OWNER, Role.ADMIN, Role.OPERATOR}),
            (None, set(Role)),
        ],
    )
    def test_nobody_gives_more_than_they_have(
        self, granter: Role | None, refused: set[Role | None]
    ) -> None:
        assert {role for role in (*Role, None) if not may_grant(granter, role)} == refused

    def test_roles_of_one_cluster_are_not_about_the_organization(self) -> None:
        assert {Role.OPERATOR, Role.DEVELOPER, Role.VIEWER} == CLUSTER_ROLES
