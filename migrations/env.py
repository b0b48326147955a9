"""Run by Alembic: applies or compares revisions over the connection it is handed."""

from typing import Any, Literal

from alembic import context

from control_plane.kit.db import UtcDateTime
from migrations.tables import METADATA


def render_item(kind: str, item: Any, _autogenerate_context: Any) -> str | Literal[False]:
    """Write our column types as what they are in the database: revisions outlive our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite can not alter most things in place
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
