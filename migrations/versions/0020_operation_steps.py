"""steps that are left of operations, and finding those that have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEX = "ix_operations_organization_id_updated_at"


def upgrade() -> None:
    op.add_column(
        "operations", sa.Column("steps_left", sa.JSON(), nullable=False, server_default="[]")
    )
    op.create_index(INDEX, "operations", ["organization_id", "updated_at"])


def downgrade() -> None:
    op.drop_index(INDEX, table_name="operations")
    with op.batch_alter_table("operations") as table:
        table.drop_column("steps_left")
