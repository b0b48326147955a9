"""Access rules of a cluster: Kafka's ACLs."""

from collections.abc import Iterator

from headrace.models import AccessRule, DeletedAccessRules, Page
from headrace.pagination import iterate
from headrace.transport import Query, Request, Transport, dry_run_flag, management_post, path_of


class AccessRules:
    """What `client.access_rules` does.

    Filters are `resource_type`, `resource_name`, `pattern_type` (literal, prefixed or match),
    `principal`, `host`, `operation` and `permission`; what is left out means any.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, cluster_id: str, **wanted: str) -> Iterator[AccessRule]:
        """Yield the rules that the filters mean, in the order of their resources."""
        return iterate(self._transport, _path(cluster_id), Page[AccessRule], {**wanted})

    def create(  # noqa: PLR0913 - a rule's fields are its arguments
        self,
        cluster_id: str,
        principal: str,
        operation: str,
        resource_type: str,
        resource_name: str,
        *,
        pattern_type: str = "literal",
        permission: str = "allow",
        host: str = "*",
        dry_run: bool = False,
    ) -> AccessRule:
        """Add a rule, in force when this returns; one that is there already stays.

        Once there is one about a resource, the resource is closed to all others.
        """
        body = {
            "principal": principal,
            "operation": operation,
            "resource_type": resource_type,
            "resource_name": resource_name,
            "pattern_type": pattern_type,
            "permission": permission,
            "host": host,
        }
        request = management_post(_path(cluster_id), body, dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), AccessRule)

    def delete(
        self, cluster_id: str, *, dry_run: bool = False, **wanted: str
    ) -> DeletedAccessRules:
        """Delete the rules that the filters mean, of which there must be one; return them."""
        query: Query = {**wanted, **dry_run_flag(dry_run=dry_run)}
        request = Request("DELETE", _path(cluster_id), query)
        return self._transport.decode(self._transport.send(request), DeletedAccessRules)


def _path(cluster_id: str) -> str:
    return "/v1" + path_of("clusters", cluster_id, "access-rules")
