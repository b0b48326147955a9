"""how far clusters are open, and from where."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clusters",
        sa.Column("allowed_networks", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.add_column(
        "clusters",
        sa.Column("access", sa.String(32), nullable=False, server_default="full"),
    )
    op.add_column("clusters", sa.Column("access_reason", sa.String(2000), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        table.drop_column("access_reason")
        table.drop_column("access")
        table.drop_column("allowed_networks")
