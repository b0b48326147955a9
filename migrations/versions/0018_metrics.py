"""metrics of clusters: what was read last, and points of 10 s, a minute and an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metric_readings",
        *owner("metric_readings"),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.Column("surveyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("surveyed_changes", sa.BigInteger(), nullable=False),
        *levels(),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_metric_readings")),
    )
    op.create_table(
        "metric_points",
        *owner("metric_points"),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("step_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in (
                "covered_ms",
                "bytes_in",
                "records_in",
                "bytes_out",
                "requests",
                "connections_refused",
                "throttled",
                "throttled_ms",
            )
        ),
        sa.Column("produce_latencies", sa.JSON(), nullable=False),
        sa.Column("fetch_latencies", sa.JSON(), nullable=False),
        *levels(),
        sa.PrimaryKeyConstraint(
            "cluster_id", "step_seconds", "started_at", name=op.f("pk_metric_points")
        ),
    )
    for table in ("metric_readings", "metric_points"):
        op.create_index(op.f(f"ix_{table}_organization_id"), table, ["organization_id"])
    op.create_index(
        op.f("ix_metric_points_step_seconds_started_at"),
        "metric_points",
        ["step_seconds", "started_at"],
    )


def owner(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id")
        ),
    )


def levels() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("connections", sa.BigInteger(), nullable=False),
        sa.Column("partitions", sa.BigInteger(), nullable=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=True),
        sa.Column("lag", sa.BigInteger(), nullable=True),
        sa.Column("group_lags", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("metric_points")
    op.drop_table("metric_readings")
