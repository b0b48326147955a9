"""an organization's own issuers of tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("oauth_issuer", "issuer_keys"):
        op.add_column("clusters", sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
    op.add_column("clusters", sa.Column("kafka_oauth", sa.String(length=300), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as table:
        for name in ("kafka_oauth", "issuer_keys", "oauth_issuer"):
            table.drop_column(name)
