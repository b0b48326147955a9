"""Negative controls: each takes one check away, which the matrix must notice."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

import control_plane.clusters.repository
import control_plane.identity.principals
import control_plane.identity.repository
from control_plane.identity.policy import Action
from control_plane.kit.scope import Scope

Control = Callable[[], AbstractContextManager[None]]


@contextmanager
def roles_not_asked() -> Generator[None]:
    """Let everybody do everything."""

    def permits(*_arguments: Any, **_named: Any) -> bool:
        return True

    with patch.object(control_plane.identity.principals, "permits", permits):
        yield


@contextmanager
def one_action_open() -> Generator[None]:
    """Let everybody do one action, as a route does whose policy was forgotten."""
    asked = control_plane.identity.principals.permits

    def permits(role: Any, action: Action, *, cluster_scoped: bool) -> bool:
        is_open = action is Action.API_KEYS_READ
        return is_open or asked(role, action, cluster_scoped=cluster_scoped)

    with patch.object(control_plane.identity.principals, "permits", permits):
        yield


@contextmanager
def organizations_not_asked() -> Generator[None]:
    """Show everybody the rows of everybody."""

    def scoped(model: type[Any], _scope: Scope) -> Any:
        return select(model)

    with ExitStack() as patches:
        for module in (control_plane.clusters.repository, control_plane.identity.repository):
            patches.enter_context(patch.object(module, "scoped", scoped))
        yield


CONTROLS: tuple[Control, ...] = (roles_not_asked, one_action_open, organizations_not_asked)
