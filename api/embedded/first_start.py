"""Who there is before anyone has signed up: an organization, its owner, and an operator."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy.orm import Session

from api.deps import Core
from api.embedded.installation import Installation
from control_plane.audit.service import CONTROL_PLANE, Actor, Entry, Outcome
from control_plane.identity.errors import CredentialsInvalidError
from control_plane.identity.policy import Action, Role
from control_plane.identity.service import new_key_material
from control_plane.kit.pagination import PAGE_SIZE_MAX, PageRequest
from control_plane.kit.scope import Scope
from control_plane.provisioning.files import write_atomically

ORGANIZATION_NAME = "My organization"
OWNER_NAME = "Owner"
OWNER_EMAIL = "owner@localhost"
KEY_NAME = "first key"


@dataclass(frozen=True, slots=True)
class Owner:
    """The first organization, its key and the operators'; a secret is None once it is revoked."""

    organization_id: str
    api_key: str | None
    operator_api_key: str | None
    is_new: bool


def ensure_owner(core: Core, installation: Installation) -> Owner:
    """Return the first organization, making it with an owner and its key if new.

    That key is an owner's, and by a grant of its own an operator's of the installation too.
    """
    with core.database.snapshot() as session:
        first = core.organizations.list(session, PageRequest(1), visible_to=None).items
    operator_api_key = ensure_operator(core, installation)
    if first:
        api_key = _kept_key(core, installation.owner_key_file)
        return Owner(first[0].id, api_key, operator_api_key, is_new=False)
    material = new_key_material()
    # Written before the key exists: after a crash one secret too many does no harm.
    _keep_key(installation.owner_key_file, material.id, material.secret)
    with core.database.transaction() as session:
        organization = core.organizations.create(session, name=ORGANIZATION_NAME)
        scope = Scope(organization.id)
        core.members.create(
            session,
            scope,
            email=OWNER_EMAIL,
            name=OWNER_NAME,
            role=Role.OWNER,
            granted_by=None,
        )
        core.api_keys.create(
            session, material, scope=scope, name=KEY_NAME, role=Role.OWNER, granted_by=None
        )
        _let_operate(core, session, material.id)
    return Owner(organization.id, material.secret, operator_api_key, is_new=True)


def ensure_operator(core: Core, installation: Installation) -> str | None:
    """Return the first key of the installation's operators, making it if there was never one.

    None once that key is revoked.
    """
    with core.database.transaction() as session:
        home = Scope(core.organizations.installation(session).id)
        has_keys = bool(core.api_keys.list(session, home, PageRequest(1)).items)
    if has_keys:
        return _kept_key(core, installation.operator_key_file)
    material = new_key_material()
    _keep_key(installation.operator_key_file, material.id, material.secret)
    with core.database.transaction() as session:
        core.api_keys.create(
            session, material, scope=home, name=KEY_NAME, role=None, granted_by=None
        )
    return material.secret


def _let_operate(core: Core, session: Session, api_key_id: str) -> None:
    """Grant the installation to the first key, whose bearer has started it.

    Once and for all: what is taken back later stays so, whatever starts again.
    """
    home = Scope(core.organizations.installation(session).id)
    grant = core.operators.grant(session, home, api_key_id, granted_by=None)
    entry = Entry(
        organization_id=home.organization_id,
        actor=Actor(CONTROL_PLANE, CONTROL_PLANE),
        action=Action.INSTALLATION_OPERATORS_GRANT.value,
        resource_id=api_key_id,
        details={"holder_organization_id": grant.holder_organization_id, "why": KEY_NAME},
    )
    core.audit.append(session, entry, Outcome.SUCCEEDED, {})


def issue_sign_in(core: Core, organization_id: str) -> str | None:
    """Return a token that signs the owner in to the console once, None without an owner."""
    with core.database.transaction() as session:
        members = core.members.list(session, Scope(organization_id), PageRequest(PAGE_SIZE_MAX))
        owner = next((one for one in members.items if one.role == Role.OWNER), None)
        return None if owner is None else core.sessions.issue_sign_in(session, owner)


def _keep_key(path: Path, key_id: str, secret: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_atomically(path, json.dumps({"id": key_id, "secret": secret}).encode() + b"\n")


def _kept_key(core: Core, path: Path) -> str | None:
    try:
        kept = cast("dict[str, str]", json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    try:
        core.authenticator.authenticate(kept["secret"])
    except CredentialsInvalidError:
        return None
    return kept["secret"]
