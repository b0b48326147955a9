"""Topics of a cluster, asked of the cluster itself as the caller."""

from typing import Annotated, Self

from fastapi import Depends, Response, status
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints, model_validator

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
from control_plane.topics.errors import (
    PartitionsLimitError,
    TopicChangesThrottledError,
    TopicConfigInvalidError,
    TopicForbiddenError,
    TopicNameInvalidError,
    TopicNameTakenError,
    TopicNotFoundError,
    TopicPartitionsDecreaseError,
    TopicPartitionsInvalidError,
    TopicReplicationInvalidError,
    TopicRequestInvalidError,
)
from control_plane.topics.topics import Topic, TopicChange, TopicSpec

# Only bounds what is read: which names, numbers and entries are good, the cluster says.
NAME_LENGTH_MAX = 1_000
PARTITIONS_MAX = 1_000_000
REPLICATION_FACTOR_MAX = 1_000
CONFIGS_MAX = 100
CONFIG_NAME_LENGTH_MAX = 249
CONFIG_VALUE_LENGTH_MAX = 8_192

router = v1_router("topics")

Reader = Annotated[Principal, Depends(require(Action.TOPICS_READ))]
Creator = Annotated[Principal, Depends(require(Action.TOPICS_CREATE))]
Updater = Annotated[Principal, Depends(require(Action.TOPICS_UPDATE))]
Deleter = Annotated[Principal, Depends(require(Action.TOPICS_DELETE))]

ConfigName = Annotated[str, StringConstraints(min_length=1, max_length=CONFIG_NAME_LENGTH_MAX)]
ConfigText = Annotated[str, StringConstraints(max_length=CONFIG_VALUE_LENGTH_MAX)]
ConfigValue = bool | int | float | ConfigText

TOPIC_PROBLEMS = (*CLUSTER_PROBLEMS, TopicForbiddenError)


class TopicCreate(RequestModel):
    """A new topic; numbers that are left out are the cluster's defaults."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=["flights"])]
    partitions: Annotated[int | None, Field(ge=1, le=PARTITIONS_MAX, examples=[4])] = None
    replication_factor: Annotated[int | None, Field(ge=1, le=REPLICATION_FACTOR_MAX)] = None
    configs: Annotated[
        dict[ConfigName, ConfigValue],
        Field(default_factory=dict, max_length=CONFIGS_MAX, examples=[{"retention.ms": "3600000"}]),
    ]


class TopicUpdate(RequestModel):
    """What shall change of a topic; what is left out stays as it is."""

    partitions: Annotated[
        int | None,
        Field(
            ge=1,
            le=PARTITIONS_MAX,
            description="The whole number, never less than now. Keys go to other partitions then.",
            examples=[8],
        ),
    ] = None
    configs: Annotated[
        dict[ConfigName, ConfigValue | None],
        Field(
            default_factory=dict,
            max_length=CONFIGS_MAX,
            description="Entries to set; null puts one back to its default.",
            examples=[{"retention.ms": "3600000", "segment.ms": None}],
        ),
    ]

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.partitions is None and not self.configs:
            message = "name partitions, configs or both"
            raise ValueError(message)
        return self


class ConfigResponse(ResponseModel):
    """One configuration entry of a topic."""

    value: str | None
    source: Annotated[str, Field(examples=["default_config", "dynamic_topic_config"])]
    is_default: bool


class TopicResponse(ResponseModel):
    """A topic."""

    name: Annotated[str, Field(examples=["flights"])]
    id: Annotated[str, Field(examples=["2wLpsCkxQlqzYtJxvQmZEg"])]
    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    partitions: Annotated[int, Field(examples=[4])]
    replication_factor: Annotated[int, Field(examples=[1])]
    configs: Annotated[
        dict[str, ConfigResponse], Field(description="Empty in lists; ask for the one topic.")
    ]


class TopicPreview(ResponseModel):
    """A topic that a dry run found possible; it does not exist."""

    name: Annotated[str, Field(examples=["flights"])]
    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    partitions: Annotated[int | None, Field(description="Null for the cluster's default.")]
    replication_factor: Annotated[int | None, Field(description="Null for the cluster's default.")]
    configs: Annotated[dict[str, str], Field(description="What was asked for.")]


@router.post(
    "/clusters/{cluster_id}/topics",
    operation_id="create_topic",
    status_code=status.HTTP_201_CREATED,
    response_model=TopicResponse,
    responses={
        **dry_run_answer(TopicPreview),
        **problems(
            *POST_PROBLEMS,
            *TOPIC_PROBLEMS,
            ClusterReadOnlyError,
            PartitionsLimitError,
            TopicChangesThrottledError,
            TopicConfigInvalidError,
            TopicNameInvalidError,
            TopicNameTakenError,
            TopicPartitionsInvalidError,
            TopicReplicationInvalidError,
            TopicRequestInvalidError,
        ),
    },
)
def create_topic(
    cluster_id: str,
    body: TopicCreate,
    caller: Creator,
    core: CoreServices,
    services: Clusters,
    reply: Reply,
    *,
    dry_run: DryRun = False,
) -> TopicResponse | JSONResponse:
    """Create a topic; the cluster itself checks its name, numbers and configuration."""
    cluster = find_cluster(core, services, caller, cluster_id)
    spec = TopicSpec(
        name=body.name,
        partitions=body.partitions,
        replication_factor=body.replication_factor,
        configs={name: _config_text(value) for name, value in body.configs.items()},
    )
    connection = services.connection(cluster, caller)
    if dry_run:
        services.topics.check(connection, spec)
        return _preview(cluster_id, spec)
    return _response(services.topics.create(connection, spec, may_be_done=reply.is_resumed))


@router.get(
    "/clusters/{cluster_id}/topics",
    operation_id="list_topics",
    responses=problems(*TOPIC_PROBLEMS),
)
def list_topics(
    cluster_id: str, caller: Reader, core: CoreServices, services: Clusters, page: PageQuery
) -> ListResponse[TopicResponse]:
    """List topics in the order of their names, without configurations."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.topics.list(services.connection(cluster, caller), page)
    return to_list(found, _response)


@router.get(
    "/clusters/{cluster_id}/topics/{topic_name}",
    operation_id="get_topic",
    responses=problems(*TOPIC_PROBLEMS, TopicNotFoundError),
)
def get_topic(
    cluster_id: str, topic_name: str, caller: Reader, core: CoreServices, services: Clusters
) -> TopicResponse:
    """Show one topic with its whole configuration."""
    cluster = find_cluster(core, services, caller, cluster_id)
    return _response(services.topics.get(services.connection(cluster, caller), topic_name))


@router.patch(
    "/clusters/{cluster_id}/topics/{topic_name}",
    operation_id="update_topic",
    responses=problems(
        *BODY_PROBLEMS,
        *TOPIC_PROBLEMS,
        PartitionsLimitError,
        TopicChangesThrottledError,
        TopicConfigInvalidError,
        TopicNotFoundError,
        TopicPartitionsDecreaseError,
        TopicPartitionsInvalidError,
        TopicRequestInvalidError,
    ),
)
def update_topic(
    cluster_id: str,
    topic_name: str,
    body: TopicUpdate,
    caller: Updater,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> TopicResponse:
    """Give a topic more partitions, or change its configuration; repeating it changes nothing."""
    cluster = find_cluster(core, services, caller, cluster_id)
    change = TopicChange(
        partitions=body.partitions,
        configs={
            name: None if value is None else _config_text(value)
            for name, value in body.configs.items()
        },
    )
    connection = services.connection(cluster, caller)
    return _response(services.topics.update(connection, topic_name, change, validate_only=dry_run))


@router.delete(
    "/clusters/{cluster_id}/topics/{topic_name}",
    operation_id="delete_topic",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses=problems(*TOPIC_PROBLEMS, TopicNotFoundError),
)
def delete_topic(
    cluster_id: str, topic_name: str, caller: Deleter, core: CoreServices, services: Clusters
) -> Response:
    """Delete a topic with all its records."""
    cluster = find_cluster(core, services, caller, cluster_id)
    services.topics.delete(services.connection(cluster, caller), topic_name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _preview(cluster_id: str, spec: TopicSpec) -> JSONResponse:
    preview = TopicPreview(
        name=spec.name,
        cluster_id=cluster_id,
        partitions=spec.partitions,
        replication_factor=spec.replication_factor,
        configs=dict(spec.configs),
    )
    return JSONResponse(preview.model_dump(mode="json"), status.HTTP_200_OK)


def _config_text(value: ConfigValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _response(topic: Topic) -> TopicResponse:
    configs = topic.configs or {}
    return TopicResponse(
        name=topic.name,
        id=topic.id,
        cluster_id=topic.cluster_id,
        partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        configs={name: ConfigResponse.model_validate(entry) for name, entry in configs.items()},
    )
