"""The types of events that an organization may be told of; pure. docs/webhooks.md lists them."""

from collections.abc import Mapping

TEST_TYPE = "webhook.test"
DISABLED_TYPE = "webhook.disabled"

EVENT_TYPES: Mapping[str, str] = {
    "api_key.created": "an API key was made",
    "api_key.revoked": "an API key was ended",
    "api_key.rotated": "an API key was given another secret",
    "cluster.access_changed": "an operator of the installation opened or closed a cluster",
    "cluster.created": "a cluster is usable for the first time",
    "cluster.deleted": "a cluster was deleted; it can be brought back until it is purged",
    "cluster.forked": "a cluster that was made of another one is usable",
    "cluster.paused": "a cluster was paused, by somebody or because it was idle",
    "cluster.purged": "the data of a deleted cluster was removed for good",
    "cluster.restarted": "the broker of a cluster was restarted",
    "cluster.restored": "a deleted cluster was brought back",
    "cluster.resumed": "a paused cluster runs again",
    "cluster.rotated": "certificates of a cluster were replaced",
    "cluster.upgraded": "the broker of a cluster runs another version",
    "cluster.maintained": "a cluster was moved to the installed version in its maintenance window",
    "cluster.updated": "plan, settings or labels of a cluster were changed",
    "cluster.woken": "a paused cluster was started by a client that connected",
    "member.created": "somebody joined the organization",
    "member.removed": "somebody left the organization",
    "operation.failed": "an operation ended without having done what was asked",
    DISABLED_TYPE: "a webhook failed for days, and is not called any more",
}
"""Every type that a webhook can be registered for, and when it is sent."""

OPERATION_TYPES: Mapping[str, str] = {
    "cluster.create": "cluster.created",
    "cluster.fork": "cluster.forked",
    "cluster.pause": "cluster.paused",
    "cluster.auto_pause": "cluster.paused",
    "cluster.resume": "cluster.resumed",
    "cluster.wake": "cluster.woken",
    "cluster.restart": "cluster.restarted",
    "cluster.update": "cluster.updated",
    "cluster.rotate": "cluster.rotated",
    "cluster.upgrade": "cluster.upgraded",
    "cluster.maintain": "cluster.maintained",
    "cluster.set_access": "cluster.access_changed",
    "cluster.delete": "cluster.deleted",
    "cluster.undelete": "cluster.restored",
    "cluster.purge": "cluster.purged",
}
"""The event that the success of an operation is, by the operation's kind."""

_OPERATION_SUCCEEDED = "operation.succeeded"


def public_type(event_type: str, kind: object) -> str | None:
    """Return under which type organizations are told of an event, None for one they are not."""
    if event_type == _OPERATION_SUCCEEDED:
        return OPERATION_TYPES.get(str(kind))
    return event_type if event_type in EVENT_TYPES else None
