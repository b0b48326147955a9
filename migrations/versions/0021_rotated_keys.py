"""two live secrets of an API key."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

VERIFIERS = (
    "previous_secret_hmac",
    "previous_scram_sha256_sealed",
    "previous_scram_sha512_sealed",
)
UNTIL = "previous_secret_until"


def upgrade() -> None:
    for name in VERIFIERS:
        op.add_column("api_keys", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.add_column("api_keys", sa.Column(UNTIL, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # A secret before ends with what knew of it.
    with op.batch_alter_table("api_keys") as table:
        for name in (*VERIFIERS, UNTIL):
            table.drop_column(name)
