"""Access rules: made, described and deleted by every kind of filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.fixtures.waiting import eventually
from tests.parity.pairs import Explanation
from tests.parity.scripts.apis import CREATE_ACLS, DELETE_ACLS, DESCRIBE_ACLS
from tests.parity.secured import KEEPER
from tests.parity.sides import Side

UNKNOWN, ANY, TOPIC, GROUP, CLUSTER_TYPE, TRANSACTIONAL_ID, TOKEN, USER, NO_TYPE = range(9)
MATCH, LITERAL, PREFIXED, NO_PATTERN = 2, 3, 4, 5
ALL, READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE = range(2, 9)
CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE = range(9, 13)
CREATE_TOKENS, DESCRIBE_TOKENS, TWO_PHASE_COMMIT, NO_OPERATION = range(13, 17)
DENY, ALLOW, NO_PERMISSION = 2, 3, 4
CLUSTER_NAME: Final = "kafka-cluster"

Rule = tuple[int, int, str, str, str, int, int]
"""Resource type, pattern type, name, principal, host, operation, permission."""

KEEPER_NAME: Final = f"User:{KEEPER}"

KEPT: Final[Sequence[Rule]] = (
    (CLUSTER_TYPE, LITERAL, CLUSTER_NAME, KEEPER_NAME, "*", ALL, ALLOW),
    (TOPIC, LITERAL, "*", KEEPER_NAME, "*", ALL, ALLOW),
    (GROUP, LITERAL, "*", KEEPER_NAME, "*", ALL, ALLOW),
    (TRANSACTIONAL_ID, LITERAL, "*", KEEPER_NAME, "*", ALL, ALLOW),
)
"""What leaves everything to its keeper, and closes it to everybody else."""

RULES: Final[Sequence[Rule]] = (
    (TOPIC, LITERAL, "orders", "User:a", "*", READ, ALLOW),
    (TOPIC, LITERAL, "orders", "User:a", "127.0.0.1", WRITE, DENY),
    (TOPIC, LITERAL, "orders", "User:*", "*", DESCRIBE, ALLOW),
    (TOPIC, PREFIXED, "ord", "User:a", "*", ALL, ALLOW),
    (TOPIC, PREFIXED, "orders", "User:b", "::1", ALTER_CONFIGS, DENY),
    (TOPIC, LITERAL, "ord", "User:b", "*", DESCRIBE_CONFIGS, ALLOW),
    (GROUP, LITERAL, "orders", "User:a", "*", READ, ALLOW),
    (GROUP, PREFIXED, "o", "User:b", "*", DELETE, DENY),
    (TRANSACTIONAL_ID, PREFIXED, "ord", "User:a", "*", WRITE, ALLOW),
)


def creation(rule: Rule) -> dict[str, Any]:
    kind, pattern, name, principal, host, operation, permission = rule
    return {
        "resource_type": kind,
        "resource_name": name,
        "resource_pattern_type": pattern,
        "principal": principal,
        "host": host,
        "operation": operation,
        "permission_type": permission,
    }


def wanted(**fields: Any) -> dict[str, Any]:
    """A filter that means every rule but for these fields."""
    return {
        "resource_type_filter": ANY,
        "resource_name_filter": None,
        "pattern_type_filter": ANY,
        "principal_filter": None,
        "host_filter": None,
        "operation": ANY,
        "permission_type": ANY,
        **fields,
    }


def filters() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value of every field of a filter, and fields together."""
    yield "all", wanted()
    for kind in range(NO_TYPE + 1):
        yield f"type {kind}", wanted(resource_type_filter=kind)
    for pattern in range(NO_PATTERN + 1):
        yield f"pattern {pattern}", wanted(pattern_type_filter=pattern)
        for name in ("", "*", "orders", "ord", "orders-1", "other", CLUSTER_NAME):
            fields = {"pattern_type_filter": pattern, "resource_name_filter": name}
            yield f"pattern {pattern} of {name!r}", wanted(**fields)
            more = wanted(resource_type_filter=TOPIC, **fields)
            yield f"type {TOPIC}, pattern {pattern} of {name!r}", more
    for principal in ("", "User:a", "User:b", "User:*", "a", "Group:a"):
        yield f"principal {principal!r}", wanted(principal_filter=principal)
    for host in ("", "*", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "localhost"):
        yield f"host {host!r}", wanted(host_filter=host)
    for operation in range(NO_OPERATION + 1):
        yield f"operation {operation}", wanted(operation=operation)
    for permission in range(NO_PERMISSION + 1):
        yield f"permission {permission}", wanted(permission_type=permission)
    several = {"principal_filter": "User:a", "operation": WRITE, "permission_type": DENY}
    yield "principal, operation and permission", wanted(**several)


def refused() -> Iterator[tuple[str, Rule]]:
    """Rules that are not as others, one thing at a time."""
    for kind in (UNKNOWN, ANY, TOKEN, USER, NO_TYPE):
        yield f"type {kind}", (kind, LITERAL, "x", "User:a", "*", READ, ALLOW)
    for pattern in (UNKNOWN, ANY, MATCH, NO_PATTERN):
        yield f"pattern {pattern}", (TOPIC, pattern, "x", "User:a", "*", READ, ALLOW)
    for operation in (UNKNOWN, ANY, NO_OPERATION):
        yield f"operation {operation}", (TOPIC, LITERAL, "x", "User:a", "*", operation, ALLOW)
    for permission in (UNKNOWN, ANY, NO_PERMISSION):
        yield f"permission {permission}", (TOPIC, LITERAL, "x", "User:a", "*", READ, permission)
    for principal in ("", "a", "User", "User:", "Group:a"):
        yield f"principal {principal!r}", (TOPIC, LITERAL, "x", principal, "*", READ, ALLOW)
    for host in ("", "localhost", "10.0.0.0/8"):
        yield f"host {host!r}", (TOPIC, LITERAL, "x", "User:a", host, READ, ALLOW)
    for name in ("", "not a topic", "y" * 300):
        yield f"name {name[:12]!r}", (TOPIC, LITERAL, name, "User:a", "*", READ, ALLOW)
    yield "cluster of another name", (CLUSTER_TYPE, LITERAL, "x", "User:a", "*", ALTER, ALLOW)
    prefixed = (CLUSTER_TYPE, PREFIXED, CLUSTER_NAME, "User:a", "*", ALTER, ALLOW)
    yield "cluster, prefixed", prefixed
    yield "operation of another type", (TOPIC, LITERAL, "x", "User:a", "*", CLUSTER_ACTION, ALLOW)
    yield "operation on a group", (GROUP, LITERAL, "x", "User:a", "*", WRITE, ALLOW)


def converse(side: Side) -> None:
    """What the keeper of the rules does."""
    for version in side.each(DESCRIBE_ACLS):
        side.ask("describe without rules", DESCRIBE_ACLS, version, **wanted())
    # From here on the cluster is closed to everybody else, and stays open to who makes the rules.
    make(side, KEPT)
    _create(side)
    for label, fields in filters():
        # What a name means is the same in every version.
        of_a_name = fields["resource_name_filter"] is not None
        for version in (side.last(DESCRIBE_ACLS),) if of_a_name else side.each(DESCRIBE_ACLS):
            side.ask(f"describe {label}", DESCRIBE_ACLS, version, **fields)
    _delete(side)
    side.prepare(DELETE_ACLS, 3, filters=[wanted()])
    eventually(lambda: count(side) == 0, "rules are left")


def _create(side: Side) -> None:
    for version in side.each(CREATE_ACLS):
        for label, rule in refused():
            side.ask(f"create {label}", CREATE_ACLS, version, creations=[creation(rule)])
        for principal in ("User:a", "User:", "Group:a", "a", "User"):
            side.prepare(DELETE_ACLS, 3, filters=[wanted(principal_filter=principal)])
        eventually(lambda: count(side) == len(KEPT), "rules are left that nobody can want")
    for version in side.each(CREATE_ACLS):
        rows = [creation(rule) for rule in RULES]
        side.ask("create rules, and again", CREATE_ACLS, version, creations=rows)
    eventually(lambda: count(side) == len(KEPT) + len(RULES), "not all rules are there")


def _delete(side: Side) -> None:
    for version in side.each(DELETE_ACLS):
        for label, fields in filters():
            if not means_anything(fields):
                side.ask(f"delete {label}", DELETE_ACLS, version, filters=[fields])
        _delete_by_each(side, version)
        eventually(lambda: count(side) == 0, "rules are left")
        make(side, [*KEPT, *RULES])
    for version in side.each(DELETE_ACLS):
        several = [wanted(resource_type_filter=GROUP), wanted(resource_type_filter=TOPIC)]
        side.ask("delete by several", DELETE_ACLS, version, filters=several)
        make(side, [*KEPT, *RULES])


def means_anything(fields: Mapping[str, Any]) -> bool:
    """Whether a filter has no value that its field does not know."""
    known = {"resource_type_filter": USER, "pattern_type_filter": PREFIXED}
    known |= {"operation": TWO_PHASE_COMMIT, "permission_type": ALLOW}
    return all(UNKNOWN < fields[name] <= last for name, last in known.items())


def _delete_by_each(side: Side, version: int) -> None:
    """Delete by every filter at once, and keep the answer to each under its own label."""
    asked = [(label, fields) for label, fields in filters() if means_anything(fields)]
    rows = [fields for _, fields in asked]
    answer = side.prepare(DELETE_ACLS, version, filters=rows)
    for (label, _), result in zip(asked, answer["filter_results"], strict=True):
        side.keep(f"delete {label}", DELETE_ACLS, version, result)


def make(side: Side, rules: Sequence[Rule]) -> None:
    """Make rules, and wait until they are felt: Apache Kafka's are felt after the answer."""
    rows = [creation(rule) for rule in rules]
    answer = side.prepare(CREATE_ACLS, 3, creations=rows)
    assert [row["error_code"] for row in answer["results"]] == [0] * len(rows), answer
    for rule in rules:
        eventually(lambda rule=rule: count(side, rule) == 1, f"{rule} is not there")


def unmake(side: Side, rules: Sequence[Rule]) -> None:
    """Delete rules, and wait until they are gone."""
    side.prepare(DELETE_ACLS, 3, filters=[exactly(rule) for rule in rules])
    for rule in rules:
        eventually(lambda rule=rule: count(side, rule) == 0, f"{rule} is still there")


def exactly(rule: Rule) -> dict[str, Any]:
    """The filter that means one rule."""
    kind, pattern, name, principal, host, operation, permission = rule
    return {
        "resource_type_filter": kind,
        "resource_name_filter": name,
        "pattern_type_filter": pattern,
        "principal_filter": principal,
        "host_filter": host,
        "operation": operation,
        "permission_type": permission,
    }


def count(side: Side, rule: Rule | None = None) -> int:
    """How many rules there are, or whether there is this one."""
    asked = wanted() if rule is None else exactly(rule)
    answer = side.prepare(DESCRIBE_ACLS, 3, **asked)
    assert answer["error_code"] == 0, answer
    return sum(len(resource["acls"]) for resource in answer["resources"])


REFUSES_ALONE: Final = (
    "a value that nobody knows is refused in its row, where Apache Kafka closes the connection"
)
EXPLAINED: Final[Sequence[Explanation]] = (
    Explanation(
        label="create (host .*|principal '(Group:a|User:)'|cluster, prefixed|type [67])",
        difference=r"\.results\[\]\.error_code: ours 42, theirs 0",
        reason="rules that can never hold are refused",
    ),
    Explanation(
        label="create (operation|pattern|permission|type) [12]",
        difference=r"\.results\[\]\.error_code: ours 42, theirs -1",
        reason="a rule that is none is an invalid request, where Apache Kafka names no error",
    ),
    Explanation(
        label=r"(create|describe|delete) .*(operation|pattern|permission|type) 0\b.*",
        difference=r": ours \{.*'error_code': 42.*theirs the broker hung up",
        reason=REFUSES_ALONE,
    ),
    Explanation(
        label=r"describe .*(operation 16|pattern 5|permission 4|type 8)\b.*",
        difference=r"\.error_code: ours 42, theirs 0",
        reason="a value that no rule can have is refused, where Apache Kafka finds nothing by it",
    ),
    Explanation(
        label="(describe|delete) host '0:0:0:0:0:0:0:1'",
        difference=r"\.(resources|matching_acls): ours \[\{.*theirs \[\]",
        reason="an address is the same however it is written",
    ),
)
