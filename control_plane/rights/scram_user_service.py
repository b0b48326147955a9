"""SCRAM users of a cluster: every answer comes from the cluster, none is kept here."""

import secrets
from collections.abc import Mapping

from control_plane.kafka.admin import AclOperation
from control_plane.kafka.admin_clients import AdminClients, Connection
from control_plane.kafka.connection import BrokerConnection, BrokerConnections
from control_plane.kafka.wire import ApiKey
from control_plane.kit.pagination import Page, PageRequest, paginate_names
from control_plane.rights import scram_user_requests as requests
from control_plane.rights.errors import (
    USER_REFUSALS,
    ScramUserInvalidError,
    ScramUserNameTakenError,
    ScramUserNotFoundError,
)
from control_plane.rights.permissions import require_may
from control_plane.rights.scram_users import ScramUser, problem_of_name

SALT_BYTES = 32


class ScramUserService:
    """Asks clusters about their SCRAM users, each time as the caller.

    Passwords go through and are not kept, neither here nor by the cluster, which keeps what
    verifies them. Every method raises an `AppError`: the coded form of what the cluster answered,
    or `ClusterUnavailableError` when it does not answer in time.
    """

    def __init__(self, clients: AdminClients, brokers: BrokerConnections) -> None:
        self._clients = clients
        self._brokers = brokers

    def list(self, connection: Connection, page: PageRequest) -> Page[ScramUser]:
        """Return the users in the order of their names; API keys are none of them."""
        with self._brokers.open(connection) as broker:
            found = _read(broker)
        return paginate_names(list(found.values()), lambda user: user.name, page)

    def get(self, connection: Connection, name: str) -> ScramUser:
        """Return one user; raise ScramUserNotFoundError."""
        with self._brokers.open(connection) as broker:
            return _get(broker, name)

    def create(
        self,
        connection: Connection,
        user: ScramUser,
        password: str,
        *,
        may_be_done: bool = False,
    ) -> ScramUser:
        """Make a user that logs in by this password; raise ScramUserNameTakenError.

        With `may_be_done` an earlier attempt may have made it, and its password is set again.
        """
        with self._brokers.open(connection) as broker:
            if not may_be_done:
                _require_free(broker, user.name)
            _put(broker, user, password)
            return _get(broker, user.name)

    def check(self, connection: Connection, user: ScramUser) -> None:
        """Raise what `create` would be refused with, but for a limit that is reached."""
        problem = problem_of_name(user.name)
        if problem is not None:
            advice = USER_REFUSALS.advice[ScramUserInvalidError]
            raise ScramUserInvalidError(problem, advice=advice)
        with self._brokers.open(connection) as broker:
            _require_free(broker, user.name)
        self._require_alter(connection)

    def set_password(
        self, connection: Connection, name: str, password: str, *, is_dry_run: bool = False
    ) -> ScramUser:
        """Give a user another password, by the mechanisms that it has; return the user.

        Who is logged in stays so; the old password is refused from now on.
        """
        with self._brokers.open(connection) as broker:
            user = _get(broker, name)
            if not is_dry_run:
                _put(broker, user, password)
        if is_dry_run:
            self._require_alter(connection)
        return user

    def delete(self, connection: Connection, name: str, *, is_dry_run: bool = False) -> ScramUser:
        """End a user, with the connections that it has; return what it was."""
        with self._brokers.open(connection) as broker:
            user = _get(broker, name)
            if not is_dry_run:
                _alter(broker, requests.end(name, user.mechanisms))
        if is_dry_run:
            self._require_alter(connection)
        return user

    def _require_alter(self, connection: Connection) -> None:
        with self._clients.client(connection) as client:
            require_may(client, AclOperation.ALTER, USER_REFUSALS)


def _read(broker: BrokerConnection) -> Mapping[str, ScramUser]:
    # All are read whichever is wanted: there are few, and one request then serves every question.
    answered = broker.ask(
        ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS,
        requests.VERSION,
        requests.describe(),
        requests.described,
        is_flexible=True,
    )
    return {user.name: user for user in answered.unless_refused(USER_REFUSALS)}


def _get(broker: BrokerConnection, name: str) -> ScramUser:
    user = _read(broker).get(name)
    if user is None:
        raise ScramUserNotFoundError(
            f"this cluster has no SCRAM user {name!r}",
            advice=USER_REFUSALS.advice[ScramUserNotFoundError],
        )
    return user


def _require_free(broker: BrokerConnection, name: str) -> None:
    if name in _read(broker):
        raise ScramUserNameTakenError(
            f"this cluster has a SCRAM user {name!r}",
            advice="choose another name, or give the user another password",
        )


def _put(broker: BrokerConnection, user: ScramUser, password: str) -> None:
    logins = [
        requests.salted(mechanism, iterations, secrets.token_bytes(SALT_BYTES), password)
        for mechanism, iterations in user.mechanisms.items()
    ]
    _alter(broker, requests.put(user.name, logins))


def _alter(broker: BrokerConnection, body: bytes) -> None:
    answered = broker.ask(
        ApiKey.ALTER_USER_SCRAM_CREDENTIALS,
        requests.VERSION,
        body,
        requests.altered,
        is_flexible=True,
    )
    answered.unless_refused(USER_REFUSALS)
