"""Rows of organizations are read through `scoped` alone, but for a few places that say why."""

import ast
from collections.abc import Iterator
from pathlib import Path

import migrations.tables
from control_plane.kit.db import Base
from control_plane.kit.scope import OrganizationOwned
from tools.paths import ROOT

READERS = {"select", "get", "get_one", "update", "delete"}

# Who reads rows without a caller's scope, and why that is right.
UNSCOPED = {
    "audit/repository.py list_stale_intents": "a sweep of all organizations",
    "clusters/repository.py find_any": "jobs act for no caller",
    "clusters/repository.py list_due_for_purge": "a sweep of all organizations",
    "clusters/repository.py list_in": "a sweep of all organizations",
    "clusters/repository.py list_present": "a sweep of all organizations",
    "clusters/repository.py list_trusting_issuers": "a sweep of all organizations",
    "clusters/repository.py lock": "jobs act for no caller",
    "identity/repository.py find_api_key_to_authenticate": "authentication tells the scope",
    "identity/repository.py list_members_by_email": "of an address that was proved",
    "identity/repository.py find_operator_grant": "authentication tells the scope",
    "identity/repository.py find_holder_organization": "operators of the installation ask",
    "identity/repository.py touch_api_key": "by the id of an authenticated key",
    "identity/repository.py use_sign_in_token": "by the hash of a secret",
    "identity/repository.py find_live_session": "by the hash of a secret",
    "identity/repository.py delete_stale_sign_ins": "a sweep of all organizations",
    "metrics/repository.py delete_points_before": "a sweep of all organizations",
    "metrics/repository.py delete_readings_before": "a sweep of all organizations",
    "metrics/repository.py list_points_at": "jobs act for no caller",
    "metrics/repository.py list_readings": "jobs act for no caller",
    "notifications/repository.py delete_deliveries_before": "a sweep of all organizations",
    "notifications/repository.py delete_deliveries_of": "by a webhook found in the scope",
    "notifications/repository.py find_any_delivery": "jobs act for no caller",
    "notifications/repository.py find_any_webhook": "jobs act for no caller",
    "notifications/repository.py list_due": "jobs act for no caller",
    "operations/repository.py find_any": "jobs act for no caller",
    "operations/repository.py list_open": "jobs act for no caller",
    "usage/repository.py find_latest_meter": "jobs act for no caller",
    "usage/repository.py find_meter": "jobs act for no caller",
    "usage/repository.py find_rest": "jobs act for no caller",
    "usage/repository.py list_rests": "jobs act for no caller",
    "usage/repository.py reopen_rest": "jobs act for no caller",
    "usage/repository.py delete_rests": "a sweep of all organizations",
    "usage/repository.py move_meter": "jobs act for no caller",
    "usage/repository.py delete_windows": "a sweep of all organizations",
    "usage/repository.py delete_rollups": "a sweep of all organizations",
    "usage/repository.py delete_rollup_traffic": "a sweep of all organizations",
    "metering/repository.py find_window": "by a source that is unique for ever",
    "metering/repository.py payer_of": "jobs act for no caller",
    "kit/idempotency.py keep": "by the claim of an authenticated request",
    "kit/idempotency.py lapse": "by the claim of an authenticated request",
    "kit/idempotency.py lapse_all": "claims of processes that are gone",
    "kit/idempotency.py release": "by the claim of an authenticated request",
    "kit/idempotency.py sweep": "a sweep of all organizations",
}


def owned_models() -> set[str]:
    assert migrations.tables.METADATA is Base.metadata
    return {
        mapper.class_.__name__
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OrganizationOwned)
    }


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def reads_directly(function: ast.FunctionDef, models: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _called(node) in READERS:
            names = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
            if names & models:
                return True
    return False


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_there_are_rows_of_organizations() -> None:
    assert {"ApiKey", "Member", "Cluster", "MeteredHour", "Operation"} <= owned_models()


def test_rows_of_organizations_are_read_through_the_scope() -> None:
    models = owned_models()
    found = {
        f"{path.relative_to(ROOT / root).as_posix()} {function.name}"
        for root in ("billing", "control_plane")
        for path in sorted((ROOT / root).rglob("*.py"))
        for function in functions(path)
        if reads_directly(function, models)
    }
    assert found == set(UNSCOPED)
