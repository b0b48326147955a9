"""what clusters may keep, when they are maintained, and which version they run."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("storage_limit_bytes", "retention_ms_max", "retention_bytes_max"):
        op.add_column("clusters", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column(
        "clusters", sa.Column("maintenance_window", sa.JSON(none_as_null=True), nullable=True)
    )
    op.add_column(
        "clusters",
        sa.Column("certificate_generation", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column("clusters", sa.Column("observed_version", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        for name in (
            "observed_version",
            "certificate_generation",
            "maintenance_window",
            "retention_bytes_max",
            "retention_ms_max",
            "storage_limit_bytes",
        ):
            table.drop_column(name)
