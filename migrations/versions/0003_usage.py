"""outbox and usage."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_outbox_messages_subject_key_id"),
        "outbox_messages",
        ["subject", "key", "id"],
        unique=False,
    )
    op.create_table(
        "usage_meters",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("broker_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("meter_id", sa.String(length=64), nullable=False),
        sa.Column("collected_through", sa.BigInteger(), nullable=False),
        sa.Column("lost_through", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_meters_organization_id")
        ),
        sa.PrimaryKeyConstraint(
            "cluster_id", "broker_id", "meter_id", name=op.f("pk_usage_meters")
        ),
    )
    op.create_index(
        op.f("ix_usage_meters_organization_id"), "usage_meters", ["organization_id"], unique=False
    )
    op.create_table(
        "usage_partition_cursors",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("meter_id", sa.String(length=64), nullable=False),
        sa.Column("window_number", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_usage_partition_cursors_organization_id"),
        ),
        sa.PrimaryKeyConstraint(
            "cluster_id", "topic_id", "partition", name=op.f("pk_usage_partition_cursors")
        ),
    )
    op.create_index(
        op.f("ix_usage_partition_cursors_organization_id"),
        "usage_partition_cursors",
        ["organization_id"],
        unique=False,
    )
    op.create_table(
        "usage_rollup_traffic",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("granularity", sa.String(length=8), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=256), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("records_in", sa.BigInteger(), nullable=False),
        sa.Column("produce_requests", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("read_requests", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_usage_rollup_traffic_organization_id"),
        ),
        sa.PrimaryKeyConstraint(
            "cluster_id",
            "granularity",
            "started_at",
            "topic_id",
            "principal",
            name=op.f("pk_usage_rollup_traffic"),
        ),
    )
    op.create_index(
        op.f("ix_usage_rollup_traffic_organization_id"),
        "usage_rollup_traffic",
        ["organization_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_usage_rollup_traffic_started_at"),
        "usage_rollup_traffic",
        ["started_at"],
        unique=False,
    )
    op.create_table(
        "usage_rollups",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("granularity", sa.String(length=8), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_ms", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("records_in", sa.BigInteger(), nullable=False),
        sa.Column("produce_requests", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("read_requests", sa.BigInteger(), nullable=False),
        sa.Column("stored_byte_seconds", sa.BigInteger(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("last_ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_rollups_organization_id")
        ),
        sa.PrimaryKeyConstraint(
            "cluster_id", "granularity", "started_at", name=op.f("pk_usage_rollups")
        ),
    )
    op.create_index(
        op.f("ix_usage_rollups_organization_id"), "usage_rollups", ["organization_id"], unique=False
    )
    op.create_index(
        op.f("ix_usage_rollups_started_at"), "usage_rollups", ["started_at"], unique=False
    )
    op.create_table(
        "usage_windows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("broker_id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_ms", sa.BigInteger(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("records_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_windows_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_windows")),
        sa.UniqueConstraint(
            "cluster_id",
            "broker_id",
            "meter_id",
            "number",
            name=op.f("uq_usage_windows_cluster_id_broker_id_meter_id_number"),
        ),
    )
    op.create_index(
        op.f("ix_usage_windows_cluster_id_started_at"),
        "usage_windows",
        ["cluster_id", "started_at"],
        unique=False,
    )
    op.create_index(op.f("ix_usage_windows_ended_at"), "usage_windows", ["ended_at"], unique=False)
    op.create_index(
        op.f("ix_usage_windows_organization_id"), "usage_windows", ["organization_id"], unique=False
    )
    op.create_table(
        "usage_ranges",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column(
            "window_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_ranges_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["window_id"], ["usage_windows.id"], name=op.f("fk_usage_ranges_window_id")
        ),
        sa.PrimaryKeyConstraint(
            "cluster_id", "topic_id", "partition", "first_offset", name=op.f("pk_usage_ranges")
        ),
    )
    op.create_index(
        op.f("ix_usage_ranges_organization_id"), "usage_ranges", ["organization_id"], unique=False
    )
    op.create_index(op.f("ix_usage_ranges_window_id"), "usage_ranges", ["window_id"], unique=False)
    op.create_table(
        "usage_traffic",
        sa.Column(
            "window_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=256), nullable=False),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("records_in", sa.BigInteger(), nullable=False),
        sa.Column("produce_requests", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("read_requests", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_traffic_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["window_id"], ["usage_windows.id"], name=op.f("fk_usage_traffic_window_id")
        ),
        sa.PrimaryKeyConstraint(
            "window_id", "topic_id", "principal", name=op.f("pk_usage_traffic")
        ),
    )
    op.create_index(
        op.f("ix_usage_traffic_organization_id"), "usage_traffic", ["organization_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("usage_traffic")
    op.drop_table("usage_ranges")
    op.drop_table("usage_windows")
    op.drop_table("usage_rollups")
    op.drop_table("usage_rollup_traffic")
    op.drop_table("usage_partition_cursors")
    op.drop_table("usage_meters")
    op.drop_table("outbox_messages")
