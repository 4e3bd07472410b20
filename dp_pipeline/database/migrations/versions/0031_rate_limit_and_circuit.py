"""The glossary's words: `provider_pace` is a rate limit, and a circuit is open until a moment."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give the table and the column their names."""
    _move("provider_pace", "provider_rate_limit")
    op.alter_column("provider_health", "rests_until", new_column_name="open_until")
    op.execute("ALTER INDEX ix_provider_health_rests_until RENAME TO ix_provider_health_open_until")


def downgrade() -> None:
    """Give back the names of before."""
    op.execute("ALTER INDEX ix_provider_health_open_until RENAME TO ix_provider_health_rests_until")
    op.alter_column("provider_health", "open_until", new_column_name="rests_until")
    _move("provider_rate_limit", "provider_pace")


def _move(old: str, new: str) -> None:
    # A table that is renamed keeps the names of its NOT NULL constraints, in Postgres 18.
    op.execute(
        f"CREATE TABLE {new} (provider text NOT NULL, next_at timestamptz DEFAULT now() NOT NULL,"
        f" CONSTRAINT pk_{new} PRIMARY KEY (provider))"
    )
    op.execute(f"INSERT INTO {new} SELECT provider, next_at FROM {old}")  # noqa: S608 - our names
    op.execute(f"DROP TABLE {old}")
    op.execute(f"COMMENT ON TABLE {new} IS 'Spaces the requests of all processes to one provider'")
    op.execute(f"COMMENT ON COLUMN {new}.provider IS 'Its name, as in a tournament key'")
    op.execute(
        f"COMMENT ON COLUMN {new}.next_at IS"
        " 'The earliest time of the next request to this provider'"
    )
