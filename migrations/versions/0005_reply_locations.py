"""locations of kept replies."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotent_replies", sa.Column("location", sa.String(length=255), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("idempotent_replies") as table:
        table.drop_column("location")
