"""What a key with bounds may do at all, whatever the topic."""

import pytest

from control_plane.identity.bounds import KeyBounds, from_json
from control_plane.identity.policy import Action, Role
from control_plane.identity.principals import Principal, PrincipalKind

ALWAYS = {Action.WHOAMI_READ, Action.CLUSTERS_READ}


def allowed(bounds: KeyBounds | None, role: Role = Role.OWNER) -> set[Action]:
    principal = Principal("hk_1", PrincipalKind.API_KEY, "org_1", None, role, bounds=bounds)
    return {action for action in Action if principal.may(action)}


@pytest.mark.parametrize(
    ("bounds", "records"),
    [
        (KeyBounds(read=("a",), write=()), {Action.RECORDS_CONSUME}),
        (KeyBounds(read=(), write=("a",)), {Action.RECORDS_PRODUCE}),
        (KeyBounds(read=("a",), write=("*",)), {Action.RECORDS_CONSUME, Action.RECORDS_PRODUCE}),
        (KeyBounds(read=(), write=()), set[Action]()),
    ],
)
def test_bounds_leave_records_and_nothing_to_manage(
    bounds: KeyBounds, records: set[Action]
) -> None:
    assert allowed(bounds) == ALWAYS | records
    assert from_json(bounds.to_json()) == bounds


def test_without_bounds_the_role_says() -> None:
    assert allowed(None) > ALWAYS | {Action.API_KEYS_CREATE}
    assert from_json(None) is None
