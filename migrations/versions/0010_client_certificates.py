"""clients that are known by their certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clusters", sa.Column("client_certificates", sa.JSON(none_as_null=True), nullable=True)
    )
    op.add_column("clusters", sa.Column("kafka_ssl", sa.String(length=300), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        table.drop_column("kafka_ssl")
        table.drop_column("client_certificates")
