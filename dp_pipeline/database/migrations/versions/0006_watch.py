"""When which match and draw is to be looked at again, and the time of simulated providers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PLANNED = """
INSERT INTO match_watch (match_id, tournament_id, provider, status, since, window_from, due_at)
SELECT id, tournament_id, provider, status, now(), kickoff_at,
       greatest(kickoff_at - interval '1 hour', now())
FROM match
WHERE provider IN ('openligadb', 'sofascore', 'sandbox')
  AND status IN ('scheduled', 'live', 'interrupted', 'unknown')
  AND kickoff_at > now() - interval '6 hours'
"""


def _moment(name: str, comment: str | None = None, *, now: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not now,
        server_default=sa.func.now() if now else None,
        comment=comment,
    )


def _written() -> tuple[sa.Column[object], ...]:
    return (
        _moment("created_at", now=True),
        _moment("updated_at", "Last time a value of this row changed", now=True),
    )


def upgrade() -> None:
    """Make the tables; matches that are stored and to come are watched from now on."""
    op.create_table(
        "provider_clock",
        sa.Column("provider", sa.Text, nullable=False),
        _moment("at", "The time there when it was read"),
        _moment("read_at", "Our time then"),
        sa.Column(
            "speed", sa.Float, nullable=False, comment="How many times as fast as ours it runs"
        ),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_clock"),
        comment="The time of simulated providers; of all others it is ours",
    )
    op.create_table(
        "match_watch",
        sa.Column(
            "match_id",
            sa.Uuid,
            sa.ForeignKey("match.id", ondelete="CASCADE", name="fk_match_watch_match_id"),
        ),
        sa.Column(
            "tournament_id",
            sa.Uuid,
            sa.ForeignKey("tournament.id", ondelete="CASCADE", name="fk_match_watch_tournament_id"),
            nullable=False,
        ),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column(
            "status",
            sa.Text,
            nullable=False,
            comment="match.status at the last look that changed this row",
        ),
        _moment("since", "When it was first seen in this status", now=True),
        _moment("window_from", "From when on the times of play count"),
        _moment("due_at", "When the provider is asked again; null: not for its own sake"),
        _moment("given_up_at", "When it was given up as open for too long (stale_open)"),
        *_written(),
        sa.PrimaryKeyConstraint("match_id", name="pk_match_watch"),
        comment="When which match is to be looked at again, by the provider's time",
    )
    op.create_table(
        "tournament_watch",
        sa.Column(
            "tournament_id",
            sa.Uuid,
            sa.ForeignKey(
                "tournament.id", ondelete="CASCADE", name="fk_tournament_watch_tournament_id"
            ),
            nullable=False,
        ),
        sa.Column("provider", sa.Text, nullable=False),
        _moment("awaiting_since", "Since when a draw or fixtures to come are waited for"),
        _moment("due_at", "When the provider is asked for them again, by its time"),
        _moment("owed_at", "Since when rounds and table have to follow matches that ended"),
        sa.Column(
            "failures",
            sa.Integer,
            nullable=False,
            server_default=sa.text("0"),
            comment="Polls in a row that failed",
        ),
        _moment("not_before", "After a failure: no poll before that, by our time"),
        *_written(),
        sa.PrimaryKeyConstraint("tournament_id", name="pk_tournament_watch"),
        comment="Which tournaments wait for a draw, and which are left alone after a failure",
    )
    op.create_index("ix_match_watch_tournament_id", "match_watch", ["tournament_id"])
    for table in ("match_watch", "tournament_watch"):
        op.create_index(
            f"ix_{table}_due",
            table,
            ["provider", "due_at"],
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
    op.create_index(
        "ix_tournament_watch_owed",
        "tournament_watch",
        ["provider"],
        postgresql_where=sa.text("owed_at IS NOT NULL"),
    )
    op.execute(_PLANNED)


def downgrade() -> None:
    """Take them away again."""
    for table in ("tournament_watch", "match_watch", "provider_clock"):
        op.drop_table(table)
