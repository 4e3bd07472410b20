"""What the tables are made of: naming of constraints, and columns and checks that recur."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def text(name: str, comment: str, *, required: bool = False) -> sa.Column[Any]:
    """A text."""
    return sa.Column(name, sa.Text, nullable=not required, comment=comment)


def number(name: str, comment: str, *, required: bool = False) -> sa.Column[Any]:
    """A whole number."""
    return sa.Column(name, sa.Integer, nullable=not required, comment=comment)


def moment(name: str, comment: str, *, now: bool = False) -> sa.Column[Any]:
    """A point in time; with `now` it is never null."""
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not now,
        server_default=sa.func.now() if now else None,
        comment=comment,
    )


def written() -> Sequence[sa.Column[Any]]:
    """When a row was made and last changed."""
    return (
        moment("created_at", "When this row was first stored", now=True),
        moment("updated_at", "Last time a value of this row changed", now=True),
    )


def ascending_id() -> sa.Column[Any]:
    """The primary key of rows that are only added."""
    comment = "Ascending in the order of writing"
    return sa.Column(
        "id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment=comment
    )


def natural_id(comment: str) -> sa.Column[Any]:
    """The primary key, computed from the natural key."""
    return sa.Column("id", sa.Uuid, primary_key=True, comment=f"UUIDv5 of {comment}")


def tournament_id(
    name: str = "tournament_id", comment: str = "tournament.id", *, primary_key: bool = False
) -> sa.Column[Any]:
    """The tournament a row belongs to and goes with."""
    target = sa.ForeignKey("tournament.id", ondelete="CASCADE")
    return sa.Column(
        name, sa.Uuid, target, primary_key=primary_key, nullable=False, comment=comment
    )


def team_id(
    name: str = "team_id", comment: str = "team.id", *, primary_key: bool = False
) -> sa.Column[Any]:
    """A team."""
    # Teams are shared by tournaments: one that is referred to cannot be deleted by accident.
    target = sa.ForeignKey("team.id", ondelete="RESTRICT")
    return sa.Column(
        name, sa.Uuid, target, primary_key=primary_key, nullable=False, comment=comment
    )


def one_of(column: str, words: Sequence[str]) -> sa.CheckConstraint:
    """Only these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def score(suffix: str) -> Sequence[sa.CheckConstraint]:
    """Both goals or neither, and none below zero."""
    home, away = f"home_{suffix}", f"away_{suffix}"
    return (
        sa.CheckConstraint(f"{home} >= 0 AND {away} >= 0", name=f"{suffix}_not_negative"),
        sa.CheckConstraint(f"({home} IS NULL) = ({away} IS NULL)", name=f"{suffix}_both_or_none"),
    )
