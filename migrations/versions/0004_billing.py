"""billing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IMMUTABLE = "price books are immutable: add a new version"


def upgrade() -> None:
    op.create_table(
        "price_books",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("plans", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_books")),
    )
    make_immutable()
    op.create_table(
        "metered_clusters",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        *organization("metered_clusters"),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_metered_clusters")),
    )
    op.create_table(
        "metered_windows",
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_ms", sa.Integer(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        *organization("metered_windows"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_metered_windows")),
    )
    op.create_table(
        "metered_hours",
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("hour_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", sa.String(length=32), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("stored_byte_seconds", sa.BigInteger(), nullable=False),
        sa.Column("running_ms", sa.BigInteger(), nullable=False),
        sa.Column("partition_ms", sa.BigInteger(), nullable=False),
        sa.Column("metered_through", sa.DateTime(timezone=True), nullable=False),
        *organization("metered_hours"),
        sa.PrimaryKeyConstraint("cluster_id", "hour_at", "plan", name=op.f("pk_metered_hours")),
    )
    op.create_index("ix_metered_hours_bill", "metered_hours", ["organization_id", "hour_at"])
    for table in ("metered_clusters", "metered_windows", "metered_hours"):
        op.create_index(op.f(f"ix_{table}_organization_id"), table, ["organization_id"])
    op.create_table(
        "refused_usage",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cluster_id", sa.String(length=255), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_refused_usage")),
    )


def organization(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id")
        ),
    )


def make_immutable() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER price_books_no_{change.lower()} BEFORE {change} ON price_books "
                f"BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END"
            )
        # INSERT OR REPLACE deletes without asking the triggers of DELETE.
        op.execute(
            "CREATE TRIGGER price_books_no_replace BEFORE INSERT ON price_books "  # noqa: S608 - constants
            "WHEN EXISTS (SELECT 1 FROM price_books WHERE version = NEW.version) "
            f"BEGIN SELECT RAISE(ABORT, '{IMMUTABLE}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_price_book_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{IMMUTABLE}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER price_books_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON price_books "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_price_book_change()"
    )


def downgrade() -> None:
    for table in ("refused_usage", "metered_hours", "metered_windows", "metered_clusters"):
        op.drop_table(table)
    op.drop_table("price_books")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_price_book_change()")
