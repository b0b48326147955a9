"""six roles, members of one cluster, the installation's own organization and its operators."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from control_plane.kit.ids import new_id

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTALLATION_NAME = "Operators of this installation"


def upgrade() -> None:
    op.add_column("members", sa.Column("cluster_id", sa.String(length=64), nullable=True))
    op.add_column(
        "organizations",
        sa.Column("is_installation", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "operator_grants",
        sa.Column("principal_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("holder_organization_id", sa.String(length=64), nullable=False),
        sa.Column("granted_by", sa.String(length=64), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], ["organizations.id"], name=op.f(f"fk_operator_grants_{column}")
            )
            for column in ("organization_id", "holder_organization_id")
        ),
        sa.PrimaryKeyConstraint("principal_id", name=op.f("pk_operator_grants")),
    )
    op.create_index(
        op.f("ix_operator_grants_organization_id"), "operator_grants", ["organization_id"]
    )
    let_operators_operate()
    # Who had a role keeps what it could do: clusters were a developer's business until now, and
    # a key of one cluster never managed more than a developer of it may.
    for table in ("api_keys", "members"):
        op.execute(f"UPDATE {table} SET role = 'owner' WHERE role = 'operator'")  # noqa: S608
    op.execute("UPDATE members SET role = 'operator' WHERE role = 'developer'")
    op.execute(
        "UPDATE api_keys SET role = 'operator' WHERE role = 'developer' AND cluster_id IS NULL"
    )
    op.execute("UPDATE api_keys SET role = 'developer' WHERE cluster_id IS NOT NULL")


def let_operators_operate() -> None:
    """Grant the installation to those whose role was to operate it."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT id, organization_id FROM api_keys WHERE role = 'operator' "
            "UNION SELECT id, organization_id FROM members WHERE role = 'operator'"
        )
    )
    holders = found.all()
    if not holders:
        return
    now = datetime.now(UTC)
    home = new_id("org")
    at = sa.Column("created_at", sa.DateTime(timezone=True))
    organizations = sa.table(
        "organizations",
        sa.column("id", sa.String()),
        sa.column("name", sa.String()),
        sa.column("is_installation", sa.Boolean()),
        at,
    )
    op.bulk_insert(
        organizations,
        [{"id": home, "name": INSTALLATION_NAME, "is_installation": True, "created_at": now}],
    )
    grants = sa.table(
        "operator_grants",
        sa.column("principal_id", sa.String()),
        sa.column("organization_id", sa.String()),
        sa.column("holder_organization_id", sa.String()),
        sa.Column("granted_at", sa.DateTime(timezone=True)),
    )
    op.bulk_insert(
        grants,
        [
            {
                "principal_id": holder.id,
                "organization_id": home,
                "holder_organization_id": holder.organization_id,
                "granted_at": now,
            }
            for holder in holders
        ],
    )


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
        op.execute(
            f"UPDATE {table} SET role = 'operator' WHERE role = 'owner' "  # noqa: S608
            "AND id IN (SELECT principal_id FROM operator_grants)"
        )
    op.drop_table("operator_grants")
    with op.batch_alter_table("organizations") as table:
        table.drop_column("is_installation")
    with op.batch_alter_table("members") as table:
        table.drop_column("cluster_id")
