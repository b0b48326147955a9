"""where the data of forks comes from."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clusters", sa.Column("source_id", sa.String(64), nullable=True))
    op.add_column("clusters", sa.Column("fork_cut", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("clusters", sa.Column("forked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        table.drop_column("forked_at")
        table.drop_column("fork_cut")
        table.drop_column("source_id")
