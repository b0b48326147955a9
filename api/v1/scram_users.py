"""SCRAM users of a cluster, asked of the cluster itself as the caller."""

from typing import Annotated

from fastapi import Depends, Path, status
from fastapi.responses import JSONResponse
from pydantic import Field, SecretStr, StringConstraints

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices, PageQuery
from api.errors import problems
from api.idempotency import Reply
from api.schemas import (
    DryRun,
    ListResponse,
    RequestModel,
    ResponseModel,
    dry_run_answer,
    to_list,
)
from api.v1.clusters import find_cluster
from api.v1.kafka_problems import CLUSTER_PROBLEMS
from api.v1.router import BODY_PROBLEMS, POST_PROBLEMS, v1_router
from control_plane.clusters.errors import ClusterReadOnlyError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.ids import BASE62_ALPHABET, random_text
from control_plane.rights.errors import (
    RightsForbiddenError,
    ScramUserInvalidError,
    ScramUserNameTakenError,
    ScramUserNotFoundError,
    ScramUsersLimitError,
)
from control_plane.rights.scram_users import (
    ITERATIONS_DEFAULT,
    ITERATIONS_MAX,
    ITERATIONS_MIN,
    Mechanism,
    ScramUser,
)

NAME_LENGTH_MAX = 255
PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 256
MADE_PASSWORD_LENGTH = 43  # of 62 letters and digits: 256 bits

router = v1_router("scram-users")

Reader = Annotated[Principal, Depends(require(Action.SCRAM_USERS_READ))]
Creator = Annotated[Principal, Depends(require(Action.SCRAM_USERS_CREATE))]
Updater = Annotated[Principal, Depends(require(Action.SCRAM_USERS_UPDATE))]
Deleter = Annotated[Principal, Depends(require(Action.SCRAM_USERS_DELETE))]

# Names may hold slashes, written as %2F; librdkafka takes no texts with a zero in them.
NAME_PATTERN = r"^[^\x00-\x1f\x7f]+$"
UserName = Annotated[str, Path(min_length=1, max_length=NAME_LENGTH_MAX, pattern=NAME_PATTERN)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=NAME_PATTERN)
]
Password = Annotated[
    SecretStr | None,
    Field(
        min_length=PASSWORD_LENGTH_MIN,
        max_length=PASSWORD_LENGTH_MAX,
        description="Left out, one is made and shown this once.",
    ),
]

_USER = "/clusters/{cluster_id}/scram-users/{user_name:path}"

USER_PROBLEMS = (*CLUSTER_PROBLEMS, RightsForbiddenError)
CHANGE_PROBLEMS = (*USER_PROBLEMS, ScramUserInvalidError, ScramUsersLimitError)


class ScramUserCreate(RequestModel):
    """A new SCRAM user: a login of this cluster alone, which no API key is."""

    name: Annotated[Name, Field(examples=["importer"])]
    password: Password = None
    mechanisms: Annotated[
        list[Mechanism],
        Field(default_factory=lambda: list(Mechanism), min_length=1, max_length=len(Mechanism)),
    ]
    iterations: Annotated[
        int | None,
        Field(ge=ITERATIONS_MIN, le=ITERATIONS_MAX, description=f"Left out: {ITERATIONS_DEFAULT}."),
    ] = None


class ScramUserUpdate(RequestModel):
    """Another password for a SCRAM user; its mechanisms and iterations stay."""

    password: Password = None


class ScramLoginResponse(ResponseModel):
    """A way in which a SCRAM user may log in."""

    mechanism: Mechanism
    iterations: Annotated[int, Field(examples=[8192])]


class ScramUserResponse(ResponseModel):
    """A SCRAM user of a cluster."""

    name: Annotated[str, Field(examples=["importer"])]
    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    principal: Annotated[
        str, Field(description="As access rules name it.", examples=["User:importer"])
    ]
    logins: list[ScramLoginResponse]


class ScramUserWithPassword(ScramUserResponse):
    """A SCRAM user with the password that was made for it, which is not shown again."""

    password: Annotated[str | None, Field(description="Null if you brought it.")]


@router.get(
    "/clusters/{cluster_id}/scram-users",
    operation_id="list_scram_users",
    responses=problems(*USER_PROBLEMS),
)
def list_scram_users(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters, page: PageQuery
) -> ListResponse[ScramUserResponse]:
    """List SCRAM users in the order of their names; API keys are none of them."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.scram_users.list(services.connection(cluster, caller), page)
    return to_list(found, lambda user: _response(cluster_id, user))


@router.post(
    "/clusters/{cluster_id}/scram-users",
    operation_id="create_scram_user",
    status_code=status.HTTP_201_CREATED,
    response_model=ScramUserWithPassword,
    responses={
        **dry_run_answer(ScramUserResponse),
        **problems(*POST_PROBLEMS, *CHANGE_PROBLEMS, ClusterReadOnlyError, ScramUserNameTakenError),
    },
)
def create_scram_user(
    cluster_id: str,
    body: ScramUserCreate,
    caller: Creator,
    core: CoreServices,
    services: Clusters,
    reply: Reply,
    *,
    dry_run: DryRun = False,
) -> ScramUserWithPassword | JSONResponse:
    """Make a SCRAM user, good when this returns."""
    cluster = find_cluster(core, services, caller, cluster_id)
    connection = services.connection(cluster, caller)
    iterations = body.iterations or ITERATIONS_DEFAULT
    wanted = ScramUser(body.name, dict.fromkeys(sorted(body.mechanisms), iterations))
    if dry_run:
        services.scram_users.check(connection, wanted)
        response = _response(cluster_id, wanted)
        return JSONResponse(response.model_dump(mode="json"), status.HTTP_200_OK)
    password, shown = _password(body.password)
    user = services.scram_users.create(connection, wanted, password, may_be_done=reply.is_resumed)
    return _with_password(cluster_id, user, shown)


@router.get(
    _USER,
    operation_id="get_scram_user",
    responses=problems(*USER_PROBLEMS, ScramUserNotFoundError),
)
def get_scram_user(
    cluster_id: str, user_name: UserName, caller: Reader, core: CoreServices, services: Clusters
) -> ScramUserResponse:
    """Show one SCRAM user."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.scram_users.get(services.connection(cluster, caller), user_name)
    return _response(cluster_id, found)


@router.patch(
    _USER,
    operation_id="update_scram_user",
    responses=problems(*BODY_PROBLEMS, *CHANGE_PROBLEMS, ScramUserNotFoundError),
)
def update_scram_user(
    cluster_id: str,
    user_name: UserName,
    body: ScramUserUpdate,
    caller: Updater,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> ScramUserWithPassword:
    """Give a SCRAM user another password; the old one is refused from now on."""
    cluster = find_cluster(core, services, caller, cluster_id)
    connection = services.connection(cluster, caller)
    password, shown = _password(body.password)
    user = services.scram_users.set_password(connection, user_name, password, is_dry_run=dry_run)
    return _with_password(cluster_id, user, None if dry_run else shown)


@router.delete(
    _USER,
    operation_id="delete_scram_user",
    responses=problems(*USER_PROBLEMS, ScramUserNotFoundError),
)
def delete_scram_user(
    cluster_id: str,
    user_name: UserName,
    caller: Deleter,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> ScramUserResponse:
    """End a SCRAM user and its connections; access rules that name it stay."""
    cluster = find_cluster(core, services, caller, cluster_id)
    connection = services.connection(cluster, caller)
    gone = services.scram_users.delete(connection, user_name, is_dry_run=dry_run)
    return _response(cluster_id, gone)


def _password(given: SecretStr | None) -> tuple[str, str | None]:
    """Return the password, and what of it is shown: nothing of one that the caller brought."""
    if given is not None:
        return given.get_secret_value(), None
    made = random_text(BASE62_ALPHABET, MADE_PASSWORD_LENGTH)
    return made, made


def _with_password(cluster_id: str, user: ScramUser, password: str | None) -> ScramUserWithPassword:
    return ScramUserWithPassword(**_response(cluster_id, user).model_dump(), password=password)


def _response(cluster_id: str, user: ScramUser) -> ScramUserResponse:
    return ScramUserResponse(
        name=user.name,
        cluster_id=cluster_id,
        principal=user.principal,
        logins=[
            ScramLoginResponse(mechanism=mechanism, iterations=iterations)
            for mechanism, iterations in user.mechanisms.items()
        ],
    )
