"""Frames for people: what is stored, in polars or pandas, by one call. Nothing is written.

    from dp_pipeline import read
    read.table("openligadb:bl1:2024")

queries     what can be asked, each as the view of the same name has it
connection  the database as `dp` finds it, opened for one question and closed again
frames      rows as a frame, with the types of their columns
errors      what can go wrong, in a sentence

Importing it loads neither Dagster nor polars: a call does that, so a notebook starts at once.
"""

from dp_pipeline.read.errors import (
    BetterQuestionWarning,
    LibraryMissingError,
    NothingStoredError,
    NotOnlyReadingError,
    ReadError,
    UnknownTeamError,
    UnknownTournamentError,
    UnreadableError,
)
from dp_pipeline.read.queries import (
    fixtures,
    goalscorers,
    head_to_head,
    history,
    knockout_ties,
    sql,
    table,
    table_at,
    tournaments,
)

__all__ = [
    "BetterQuestionWarning",
    "LibraryMissingError",
    "NotOnlyReadingError",
    "NothingStoredError",
    "ReadError",
    "UnknownTeamError",
    "UnknownTournamentError",
    "UnreadableError",
    "fixtures",
    "goalscorers",
    "head_to_head",
    "history",
    "knockout_ties",
    "sql",
    "table",
    "table_at",
    "tournaments",
]
