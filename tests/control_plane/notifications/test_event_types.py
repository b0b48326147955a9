"""What is told of must be something that webhooks can be registered for."""

import ast
import re

from control_plane.notifications.event_types import EVENT_TYPES, OPERATION_TYPES, public_type
from tools.paths import ROOT


def operation_kinds() -> set[str]:
    """The kinds of operations that the code of clusters names."""
    return {
        node.value.value
        for path in (ROOT / "control_plane" / "clusters").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and any(isinstance(one, ast.Name) and one.id.endswith("_KIND") for one in node.targets)
    }


def test_the_success_of_every_operation_is_an_event() -> None:
    assert len(operation_kinds()) > 10
    assert set(OPERATION_TYPES) == operation_kinds()
    assert set(OPERATION_TYPES.values()) <= set(EVENT_TYPES)
    for kind, event_type in OPERATION_TYPES.items():
        assert public_type("operation.succeeded", kind) == event_type


def test_a_failure_keeps_its_type_and_what_nobody_knows_is_not_told() -> None:
    assert public_type("operation.failed", "cluster.create") == "operation.failed"
    assert public_type("operation.succeeded", "topic.paint") is None
    assert public_type("no.such", None) is None


def test_the_page_lists_every_type() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
    assert [name for name in EVENT_TYPES if f"`{name}`" not in page] == []


def test_the_console_offers_every_type() -> None:
    path = ROOT / "console" / "src" / "pages" / "webhooks" / "eventTypes.ts"
    assert re.findall(r'^  "([a-z._]+)",$', path.read_text("utf-8"), re.MULTILINE) == sorted(
        EVENT_TYPES
    )
