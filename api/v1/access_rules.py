"""Access rules of a cluster, asked of the cluster itself as the caller."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, status
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints

from api.auth import require
from api.cluster_services import Clusters
from api.deps import CoreServices, PageQuery
from api.errors import problems
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
from api.v1.router import POST_PROBLEMS, v1_router
from control_plane.clusters.errors import ClusterReadOnlyError
from control_plane.identity.policy import Action
from control_plane.identity.principals import Principal
from control_plane.kit.errors import InvalidInputError
from control_plane.rights.access_rules import (
    AccessRule,
    Operation,
    PatternFilter,
    PatternType,
    Permission,
    ResourceType,
    RuleFilter,
)
from control_plane.rights.errors import (
    AccessRuleInvalidError,
    AccessRulesLimitError,
    RightsForbiddenError,
)

# Only bounds what is read: which names and principals are good, the cluster says.
TEXT_LENGTH_MAX = 2_000

router = v1_router("access-rules")

Reader = Annotated[Principal, Depends(require(Action.ACCESS_RULES_READ))]
Creator = Annotated[Principal, Depends(require(Action.ACCESS_RULES_CREATE))]
Deleter = Annotated[Principal, Depends(require(Action.ACCESS_RULES_DELETE))]

Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH_MAX)]
TextQuery = Annotated[str | None, Query(max_length=TEXT_LENGTH_MAX)]

RULE_PROBLEMS = (*CLUSTER_PROBLEMS, RightsForbiddenError)


class AccessRuleFilterMissingError(InvalidInputError):
    """A deletion names nothing that the rules shall have in common."""

    code = "access_rule_filter_missing"
    title = "Filter of access rules missing"


class AccessRuleCreate(RequestModel):
    """A new access rule. Once there is one about a resource, it is closed to all others."""

    resource_type: Annotated[ResourceType, Field(examples=["topic"])]
    resource_name: Annotated[
        Text,
        Field(
            description="Of the resource, the beginning of names (`prefixed`), or `*` for all; of "
            "the type cluster `kafka-cluster`.",
            examples=["flights"],
        ),
    ]
    pattern_type: PatternType = PatternType.LITERAL
    principal: Annotated[
        Text,
        Field(description="`User:` and an API key's id or a user's name.", examples=["User:*"]),
    ]
    host: Annotated[Text, Field(description="An IP address, or `*` for all.")] = "*"
    operation: Annotated[Operation, Field(examples=["read"])]
    permission: Permission = Permission.ALLOW


class AccessRuleResponse(ResponseModel):
    """An access rule: who may, or may not, do what with which resource, from where."""

    cluster_id: Annotated[str, Field(examples=["lkc_4q8x0n1w2e3r5t6y"])]
    resource_type: Annotated[str, Field(examples=["topic"])]
    resource_name: Annotated[str, Field(examples=["flights"])]
    pattern_type: Annotated[str, Field(examples=["literal", "prefixed"])]
    principal: Annotated[str, Field(examples=["User:hk_9v2mh8k3c5d7f1g0"])]
    host: Annotated[str, Field(examples=["*"])]
    operation: Annotated[str, Field(examples=["read"])]
    permission: Annotated[str, Field(examples=["allow", "deny"])]


class AccessRulesDeleted(ResponseModel):
    """The rules that are gone, or with a dry run those that would be."""

    is_dry_run: bool
    items: list[AccessRuleResponse]


def rule_filter(
    *,
    resource_type: ResourceType | None = None,
    resource_name: TextQuery = None,
    pattern_type: Annotated[
        PatternFilter | None,
        Query(description="`match`: every rule that is about the resource of this name."),
    ] = None,
    principal: TextQuery = None,
    host: TextQuery = None,
    operation: Operation | None = None,
    permission: Permission | None = None,
) -> RuleFilter:
    """Read which rules are meant; what is left out means any."""
    return RuleFilter(
        resource_type=resource_type,
        resource_name=resource_name,
        pattern_type=pattern_type,
        principal=principal,
        host=host,
        operation=operation,
        permission=permission,
    )


Wanted = Annotated[RuleFilter, Depends(rule_filter)]


@router.get(
    "/clusters/{cluster_id}/access-rules",
    operation_id="list_access_rules",
    responses=problems(*RULE_PROBLEMS, AccessRuleInvalidError),
)
def list_access_rules(
    cluster_id: str,
    caller: Reader,
    core: CoreServices,
    services: Clusters,
    wanted: Wanted,
    page: PageQuery,
) -> ListResponse[AccessRuleResponse]:
    """List access rules (Kafka's ACLs) in the order of their resources."""
    cluster = find_cluster(core, services, caller, cluster_id)
    found = services.access_rules.list(services.connection(cluster, caller), page, wanted)
    return to_list(found, lambda rule: _response(cluster_id, rule))


@router.post(
    "/clusters/{cluster_id}/access-rules",
    operation_id="create_access_rule",
    status_code=status.HTTP_201_CREATED,
    response_model=AccessRuleResponse,
    responses={
        **dry_run_answer(AccessRuleResponse),
        **problems(
            *POST_PROBLEMS,
            *RULE_PROBLEMS,
            AccessRuleInvalidError,
            AccessRulesLimitError,
            ClusterReadOnlyError,
        ),
    },
)
def create_access_rule(
    cluster_id: str,
    body: AccessRuleCreate,
    caller: Creator,
    core: CoreServices,
    services: Clusters,
    *,
    dry_run: DryRun = False,
) -> AccessRuleResponse | JSONResponse:
    """Add an access rule, in force when this returns; one that is there already stays."""
    cluster = find_cluster(core, services, caller, cluster_id)
    rule = AccessRule(
        resource_type=body.resource_type.value,
        resource_name=body.resource_name,
        pattern_type=body.pattern_type.value,
        principal=body.principal,
        host=body.host,
        operation=body.operation.value,
        permission=body.permission.value,
    )
    connection = services.connection(cluster, caller)
    response = _response(cluster_id, rule)
    if dry_run:
        services.access_rules.check(connection, rule)
        return JSONResponse(response.model_dump(mode="json"), status.HTTP_200_OK)
    services.access_rules.create(connection, rule)
    return response


@router.delete(
    "/clusters/{cluster_id}/access-rules",
    operation_id="delete_access_rules",
    responses=problems(*RULE_PROBLEMS, AccessRuleFilterMissingError, AccessRuleInvalidError),
)
def delete_access_rules(
    cluster_id: str,
    caller: Deleter,
    core: CoreServices,
    services: Clusters,
    wanted: Wanted,
    *,
    dry_run: DryRun = False,
) -> AccessRulesDeleted:
    """Delete the access rules that the filter means, and name them; none meant is no error."""
    cluster = find_cluster(core, services, caller, cluster_id)
    if wanted.is_empty:
        raise AccessRuleFilterMissingError(
            "all access rules of a cluster are not deleted at once",
            advice="name what the rules have in common, such as resource_type or principal",
        )
    connection = services.connection(cluster, caller)
    gone = services.access_rules.delete(connection, wanted, is_dry_run=dry_run)
    return AccessRulesDeleted(is_dry_run=dry_run, items=_responses(cluster_id, gone))


def _responses(cluster_id: str, rules: Sequence[AccessRule]) -> list[AccessRuleResponse]:
    return [_response(cluster_id, rule) for rule in rules]


def _response(cluster_id: str, rule: AccessRule) -> AccessRuleResponse:
    return AccessRuleResponse(
        cluster_id=cluster_id,
        resource_type=rule.resource_type,
        resource_name=rule.resource_name,
        pattern_type=rule.pattern_type,
        principal=rule.principal,
        host=rule.host,
        operation=rule.operation,
        permission=rule.permission,
    )
