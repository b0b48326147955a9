"""the life of clusters: labels, protection, undelete, and rests that are metered."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clusters", _filled("labels", sa.JSON(), "{}"))
    op.add_column("clusters", _filled("deletion_protection", sa.Boolean(), sa.false()))
    op.add_column("clusters", _filled("metered_plan", sa.String(length=32), ""))
    op.add_column(
        "clusters", _filled("status_since", sa.DateTime(timezone=True), "1970-01-01 00:00:00")
    )
    op.add_column("clusters", sa.Column("purge_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE clusters SET metered_plan = plan, status_since = updated_at")
    # Until now a deletion removed the data at once.
    op.execute("UPDATE clusters SET status = 'purged' WHERE status = 'deleted'")
    op.create_index(op.f("ix_clusters_purge_at"), "clusters", ["purge_at"], unique=False)
    op.create_table(
        "usage_rests",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("metered_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_rests_organization_id")
        ),
        sa.PrimaryKeyConstraint("cluster_id", "started_at", name=op.f("pk_usage_rests")),
    )
    op.create_index(
        op.f("ix_usage_rests_organization_id"), "usage_rests", ["organization_id"], unique=False
    )
    op.create_index(op.f("ix_usage_rests_ended_at"), "usage_rests", ["ended_at"], unique=False)


def _filled(name: str, kind: sa.types.TypeEngine[Any], value: Any) -> sa.Column[Any]:
    """A column that rows which are there need a value for."""
    return sa.Column(name, kind, nullable=False, server_default=value)


def downgrade() -> None:
    op.drop_table("usage_rests")
    op.drop_index(op.f("ix_clusters_purge_at"), table_name="clusters")
    with op.batch_alter_table("clusters") as table:
        for column in (
            "purge_at",
            "status_since",
            "metered_plan",
            "deletion_protection",
            "labels",
        ):
            table.drop_column(column)
