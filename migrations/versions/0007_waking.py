"""clusters that wake on a connection and pause when idle."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clusters",
        sa.Column("wake_on_connect", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("clusters", sa.Column("auto_pause_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        table.drop_column("auto_pause_minutes")
        table.drop_column("wake_on_connect")
