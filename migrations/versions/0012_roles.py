"""six roles, members of one cluster, and the installation's own organization."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("cluster_id", sa.String(length=64), nullable=True))
    op.add_column(
        "organizations",
        sa.Column("is_installation", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # Who had a role keeps what it could do: clusters were a developer's business until now, and
    # a key of one cluster never managed more than a developer of it may.
    for table in ("api_keys", "members"):
        op.execute(f"UPDATE {table} SET role = 'owner' WHERE role = 'operator'")  # noqa: S608
    op.execute("UPDATE members SET role = 'operator' WHERE role = 'developer'")
    op.execute(
        "UPDATE api_keys SET role = 'operator' WHERE role = 'developer' AND cluster_id IS NULL"
    )
    op.execute("UPDATE api_keys SET role = 'developer' WHERE cluster_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM api_keys WHERE role = 'installation'")
    # Roles that are not known any more must not become wider ones.
    op.execute(
        "UPDATE api_keys SET revoked_at = created_at"
        " WHERE role IN ('viewer', 'billing') AND revoked_at IS NULL"
    )
    narrow = "SELECT id FROM members WHERE role IN ('viewer', 'billing') OR cluster_id IS NOT NULL"
    for table in ("sessions", "sign_in_tokens"):
        op.execute(f"DELETE FROM {table} WHERE member_id IN ({narrow})")  # noqa: S608
    op.execute(f"DELETE FROM members WHERE id IN ({narrow})")  # noqa: S608
    for table in ("api_keys", "members"):
        op.execute(
            f"UPDATE {table} SET role = 'developer' WHERE role <> 'owner'"  # noqa: S608
        )
    with op.batch_alter_table("organizations") as table:
        table.drop_column("is_installation")
    with op.batch_alter_table("members") as table:
        table.drop_column("cluster_id")
