"""Every route as every principal, with ids of its own, of others, of what is gone, of nothing.

Each answer is held against docs/roles.md: what a role may not do is refused whatever the resource;
what is not the caller's is answered like an id of nothing; what is the caller's is reached; what
was the caller's and is gone is gone for everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest.mock import patch

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import update

import control_plane.notifications.service
from control_plane.clusters.models import Cluster
from control_plane.clusters.states import ClusterStatus, Presence
from control_plane.identity.policy import CLUSTER_ROLES, Role
from control_plane.identity.secrets import key_id_of
from control_plane.identity.sessions import Holder
from control_plane.kit.ids import new_id
from control_plane.kit.scope import Scope
from control_plane.operations.service import OperationSubject
from tests.api.authorization.oracle import Oracle
from tests.api.authorization.routes import RESOURCES, Route
from tests.fixtures.service import Service

OWN, GONE, NOTHING = "own", "gone", "nothing"
FOREIGN, FOREIGN_GONE, SIBLING = "foreign", "foreign and gone", "sibling"
STATES = (OWN, GONE, NOTHING, FOREIGN, FOREIGN_GONE, SIBLING)
PREFIXES: dict[str, str] = dict(
    zip(RESOURCES, ("lkc", "hk", "u", "op", "org", "hk", "ses", "whk"), strict=True)
)
UNREACHED = frozenset({401, 403, 404, 405, 415, 429})
INSIDE = frozenset({"delivery_not_found"})
"""What is said of something inside of a resource, which was found then."""
SERVER_ERROR = 500
UNAVAILABLE = 503
NOT_WAITING = {"Prefer": "respond-async"}
VARYING = ("request_id", "instance")
SECONDS_BETWEEN_CALLS = 2.0
WRONG_TOLD_MAX = 20


@dataclass
class Actor:
    """Who calls: a role in an organization or in one cluster of it, or an operator."""

    role: Role | None
    organization_id: str
    cluster_id: str | None
    client: TestClient
    secret: str
    operates: bool = False

    @property
    def name(self) -> str:
        if self.role is None:
            return "installation"
        beside = " who operates" if self.operates else ""
        return self.role.value + ("" if self.cluster_id is None else " of a cluster") + beside


@dataclass
class Tally:
    """What was called, and what was answered wrongly."""

    calls: int = 0
    routes: set[str] = field(default_factory=set[str])
    by_state: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    def figures(self) -> dict[str, Any]:
        return {
            "routes": len(self.routes),
            "calls": self.calls,
            "by_state": dict(self.by_state),
            "wrong": len(self.wrong),
            "first_wrong": self.wrong[:WRONG_TOLD_MAX],
        }


class Matrix:
    """Calls routes of a service."""

    def __init__(self, service: Service, oracle: Oracle) -> None:
        self._service = service
        self._oracle = oracle
        self._operator_secret = service.add_operator()
        self._home = service.add_organization("home")
        self._abroad = service.add_organization("abroad")
        self._foreign = {name: self._make(name, self._abroad) for name in RESOURCES}
        # What is only read or refused is made once.
        self._kept: dict[tuple[str, str | None], str] = {}
        self._actors = list(self._all_actors())

    def run(self, routes: Collection[Route], states: Collection[str] = STATES) -> Tally:
        """Call `routes` as everybody with ids in `states`."""
        tally = Tally()
        for route in routes:
            for actor in self._actors:
                for state in states:
                    self._call(tally, route, actor, state)
        return tally

    def _call(self, tally: Tally, route: Route, actor: Actor, state: str) -> None:
        allowed = self._oracle.allows(
            None if actor.role is None else actor.role.value,
            route.action,
            in_one_cluster=actor.cluster_id is not None,
            operates=actor.operates,
        )
        if allowed and state == OWN and not route.is_read:
            actor = self._fresh(actor)  # it may end what it is called with
        resource = self._resource(route, actor, state)
        if resource is None:
            return
        answer = self._send(route, actor, resource)
        tally.calls += 1
        tally.routes.add(route.name)
        tally.by_state[state] += 1
        problem = self._problem(route, actor, state, answer, allowed=allowed)
        if problem is not None:
            tally.wrong.append(f"{actor.name}, {state}: {route.method} {route.path}: {problem}")

    def _problem(
        self, route: Route, actor: Actor, state: str, answer: Response, *, allowed: bool
    ) -> str | None:
        status = answer.status_code
        if not allowed:
            is_refused = status == 403 and answer.json()["code"] == "permission_denied"
            return None if is_refused else f"{status} instead of 403"
        if state == OWN:
            return None if _is_reached(answer) else f"{status}, not reached: {answer.text[:200]}"
        if state == GONE and route.resource == "cluster_id":
            return None if status in {404, 409} else f"{status}, and the cluster is gone"
        if status != 404:
            return f"{status} instead of 404"
        nothing = self._send(route, actor, new_id(PREFIXES[str(route.resource)]))
        same = _told(answer) == _told(nothing)
        return None if same else f"{_told(answer)} is not {_told(nothing)}"

    def _send(self, route: Route, actor: Actor, resource: str) -> Response:
        self._service.clock.advance(SECONDS_BETWEEN_CALLS)
        path = route.path.replace("{" + str(route.resource) + "}", resource)
        body = None if route.body is None else _fresh_values(route.body)
        return actor.client.request(
            route.method, path, params=route.query, json=body, headers=NOT_WAITING
        )

    def _resource(self, route: Route, actor: Actor, state: str) -> str | None:
        """Return an id in that state, empty where the route has none; None where there is none."""
        name = route.resource
        if name is None:
            return "" if state == OWN else None
        if state == NOTHING:
            return new_id(PREFIXES[name])
        if route.is_installation:
            return self._of_installation(name, actor, state)
        makers = {
            OWN: lambda: self._own(route, name, actor),
            FOREIGN: lambda: self._foreign[name],
            SIBLING: lambda: self._sibling(name, actor),
            GONE: lambda: (
                self._ended_session(actor)
                if name == "session_id"
                else self._gone(name, actor.organization_id, actor.cluster_id)
            ),
            FOREIGN_GONE: lambda: self._gone(name, self._abroad, None),
        }
        return makers[state]()

    def _of_installation(self, name: str, actor: Actor, state: str) -> str | None:
        if name == "organization_id":
            return self._home if state == OWN else None
        if name == "cluster_id":
            return self._make(name, self._abroad) if state == OWN else None
        if name == "principal_id":
            return self._granted(self._abroad) if state == OWN else None
        if state == FOREIGN:
            return self._foreign[name]
        if state == OWN:
            secret = self._service.add_operator()
            return str(key_id_of(secret)) if actor.operates else self._foreign[name]
        return None

    def _granted(self, organization_id: str) -> str:
        """Make a key that operates the installation beside its role."""
        key_id = self._make("api_key_id", organization_id)
        self._service.let_operate(key_id)
        return key_id

    def _own(self, route: Route, name: str, actor: Actor) -> str:
        if actor.role is None:
            return self._foreign[name]  # it has none of its own, and is refused all the same
        if name == "organization_id":
            return actor.organization_id
        if name == "session_id":
            return self._session(actor.secret)
        if name == "cluster_id" and actor.cluster_id is not None:
            return self._prepared(route, actor.cluster_id)
        if not route.is_read:
            made = self._make(name, actor.organization_id, actor.cluster_id)
            return self._prepared(route, made)
        key = (name, actor.cluster_id)
        if key not in self._kept:
            self._kept[key] = self._make(name, actor.organization_id, actor.cluster_id)
        return self._kept[key]

    def _prepared(self, route: Route, resource: str) -> str:
        """Return `resource` in a state in which the route has something to do."""
        if route.name == "undelete_cluster":
            self._change(resource, ClusterStatus.DELETED, Presence.KEPT)
        return resource

    def _change(
        self,
        cluster_id: str,
        status: ClusterStatus,
        presence: Presence,
        deleted_at: datetime | None = None,
    ) -> None:
        changed = {
            "status": status.value,
            "presence": presence.value,
            "deleted_at": deleted_at,
        }
        with self._service.core.database.transaction() as session:
            session.execute(update(Cluster).where(Cluster.id == cluster_id).values(**changed))

    def _sibling(self, name: str, actor: Actor) -> str | None:
        """What is of the same organization, and not of the caller's cluster."""
        if actor.cluster_id is None or name == "organization_id":
            return None
        key = (name, None)
        if key not in self._kept:
            self._kept[key] = self._make(name, self._home)
        return self._kept[key]

    def _gone(self, name: str, organization_id: str, cluster_id: str | None) -> str | None:
        """What was of an organization and is no more; None of what is kept for ever."""
        if name == "cluster_id":
            if cluster_id is not None:
                return None  # it would take the caller's only cluster away
            cluster_id = self._make(name, organization_id)
            deleted_at = self._service.clock.now()
            self._change(cluster_id, ClusterStatus.PURGED, Presence.ABSENT, deleted_at)
            return cluster_id
        if name == "member_id":
            member_id = self._make(name, organization_id)
            with self._service.core.database.transaction() as session:
                scope = Scope(organization_id)
                self._service.core.members.remove(session, scope, member_id, removed_by=Role.OWNER)
            return member_id
        if name == "webhook_id":
            webhook_id = self._make(name, organization_id)
            core = self._service.core
            with core.database.transaction() as session:
                webhook = core.webhooks.get(session, Scope(organization_id), webhook_id)
                core.webhooks.delete(session, webhook)
            return webhook_id
        return None

    def _session(self, secret: str) -> str:
        """Sign in with a key and return the session's id."""
        core = self._service.core
        principal = core.authenticator.authenticate(secret)
        with core.database.transaction() as session:
            signed_in = core.sessions.sign_in_with_api_key(session, principal)
        return str(core.session_authenticator.authenticate(signed_in.cookie_value).session_id)

    def _ended_session(self, actor: Actor) -> str:
        session_id = self._session(actor.secret)
        core = self._service.core
        holder = Holder(actor.organization_id, str(key_id_of(actor.secret)))
        with core.database.transaction() as session:
            core.sessions.revoke(session, [holder], session_id)
        return session_id

    def _make(self, name: str, organization_id: str, cluster_id: str | None = None) -> str:
        service = self._service
        match name:
            case "cluster_id":
                return service.add_cluster(organization_id, new_id("c").replace("_", "-"))
            case "webhook_id":
                # Each call that ends one needs one of its own.
                unlimited = patch.object(control_plane.notifications.service, "WEBHOOKS_MAX", 1_000)
                with unlimited, service.core.database.transaction() as session:
                    return service.core.webhooks.create(
                        session,
                        Scope(organization_id),
                        url="https://203.0.113.7/told",
                        description="",
                        event_types=None,
                    )[0].id
            case "api_key_id" | "principal_id" | "session_id":
                secret = service.add_key(organization_id, Role.VIEWER)
                return self._session(secret) if name == "session_id" else str(key_id_of(secret))
            case "member_id":
                return service.add_member(organization_id, Role.VIEWER)
            case "operation_id":
                of = cluster_id or service.add_cluster(organization_id, new_id("c"))
                subject = OperationSubject(organization_id, of, "cluster", of)
                with service.core.database.transaction() as session:
                    return service.core.operations.create(
                        session, kind="clusters.update", subject=subject
                    ).id
            case _:
                return organization_id

    def _all_actors(self) -> Iterator[Actor]:
        for role in Role:
            yield self._actor(role, None)
        for role in sorted(CLUSTER_ROLES):
            yield self._actor(role, self._make("cluster_id", self._home))
        operator = self._service.client(self._operator_secret)
        yield Actor(None, self._home, None, operator, self._operator_secret, operates=True)
        secret = self._service.add_key(self._home, Role.OWNER)
        self._service.let_operate(str(key_id_of(secret)))
        owner = self._service.client(secret)
        yield Actor(Role.OWNER, self._home, None, owner, secret, operates=True)

    def _fresh(self, actor: Actor) -> Actor:
        """Return the same role with a cluster of its own that the call may end."""
        if actor.cluster_id is None or actor.role is None:
            return actor
        return self._actor(actor.role, self._make("cluster_id", self._home))

    def _actor(self, role: Role, cluster_id: str | None) -> Actor:
        secret = self._service.add_key(self._home, role, cluster_id)
        return Actor(role, self._home, cluster_id, self._service.client(secret), secret)


def _is_reached(answer: Response) -> bool:
    """Whether a request got past every check of who asks, to the rules of what was asked for."""
    if answer.status_code == 422:
        return answer.json()["code"] != "request_invalid"
    if answer.status_code == 404 and answer.json()["code"] in INSIDE:
        return True
    status = answer.status_code
    return status not in UNREACHED and (status < SERVER_ERROR or status == UNAVAILABLE)


def _fresh_values(body: dict[str, Any]) -> dict[str, Any]:
    fresh = new_id("x")
    return {
        name: value.replace("{fresh}", fresh) if isinstance(value, str) else value
        for name, value in body.items()
    }


def _told(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in VARYING}
