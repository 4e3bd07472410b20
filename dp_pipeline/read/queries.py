"""What can be asked. Each answer is a polars frame, or with `as_pandas=True` pandas' DataFrame."""

import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dp_pipeline.read.errors import (
    BetterQuestionWarning,
    ReadError,
    UnknownTeamError,
    UnknownTournamentError,
)

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from dp_pipeline.read.frames import Rows

MOST_OFFERED = 3
_SLIP = 0.6
_TEAM_IDS = """
SELECT DISTINCT other.id FROM team
JOIN team AS other ON other.id = team.id OR other.club_id = team.club_id
WHERE team.id IN (
    SELECT id FROM team WHERE lower(:name) IN (lower(name), lower(short_name))
    UNION
    SELECT team_id FROM tournament_team WHERE lower(:name) IN (lower(name), lower(short_name)))
"""
_TEAM_NAMES = "SELECT name FROM team UNION SELECT name FROM tournament_team ORDER BY name"
_MEETINGS = """
SELECT * FROM (
    SELECT DISTINCT ON (coalesce(kickoff_date::text, match_id::text), place) *
    FROM head_to_head WHERE team_id = ANY(:teams) AND opponent_id = ANY(:others)
    ORDER BY coalesce(kickoff_date::text, match_id::text), place, kickoff_at IS NULL, provider
) AS meeting ORDER BY kickoff_date, kickoff_at
"""
_FIRST = {
    "table": ("position", "team", "points", "games"),
    "fixtures": ("home_team", "away_team", "home_score", "away_score", "kickoff_at", "status"),
    "head_to_head": ("kickoff_date", "team", "opponent", "goals_for", "goals_against", "result"),
    "goalscorers": ("scorer", "team", "goals", "penalties"),
    "knockout_ties": ("round", "home_team", "away_team", "winner"),
    "history": ("match", "field", "old", "new"),
}
_LAST = {"knockout_ties": ("scores", "decided_by"), "history": ("round", "changed_at")}
"""Of many columns polars prints the first four and the last four: what differs comes first, and
the tournament last, of most after stage and group."""
_FIRST_TABLE = """SELECT min(valid_from) AT TIME ZONE 'UTC' AS first FROM table_history
WHERE tournament_key = :key"""
_PLACES = "whole_season DESC, stage NULLS FIRST, group_name NULLS FIRST, position, team"


def tournaments(*, as_pandas: bool = False) -> Any:
    """All tournaments that are stored, with the keys by which the others are asked."""
    text = "SELECT key, label, provider, season, status, mode, current_round FROM tournament"
    return _asked(f"{text} ORDER BY season DESC, label, provider", {}, as_pandas=as_pandas)


def fixtures(key: str, *, as_pandas: bool = False) -> Any:
    """The matches of a tournament, with all their scores; see the view `fixtures`."""
    text = "SELECT * FROM fixtures WHERE tournament_key = :key"
    order = "kickoff_date, kickoff_at, home_team"
    rows = _rows_of_tournament(f"{text} ORDER BY {order}", key, {})
    return _frame(_arranged(rows, "fixtures"), as_pandas=as_pandas)


def table(key: str, *, as_pandas: bool = False) -> Any:
    """The tables of a tournament, the one over the whole season first; see `league_table`."""
    text = "SELECT * FROM league_table WHERE tournament_key = :key"
    rows = _rows_of_tournament(f"{text} ORDER BY {_PLACES}", key, {})
    return _frame(_arranged(rows, "table"), as_pandas=as_pandas)


def table_at(
    key: str,
    *,
    matchday: int | None = None,
    at: "datetime | None" = None,
    as_pandas: bool = False,
) -> Any:
    """The tables after a matchday, or as they stood here at a time.

    Where that is not stored a `BetterQuestionWarning` says what is.

    Args:
        key: of the tournament.
        matchday: after so many rounds, by the results as they are now; see `table_by_matchday`.
        at: as they stood here at that time, in UTC where it says no zone; see `table_history`.
        as_pandas: pandas instead of polars.
    """
    if (matchday is None) == (at is None):
        message = "Give matchday= or at=, and not both: they ask for different tables."
        raise ReadError(message)
    if matchday is not None:
        text = """SELECT * FROM table_by_matchday WHERE tournament_key = :key AND matchday = (
            SELECT max(matchday) FROM table_by_matchday
            WHERE tournament_key = :key AND matchday <= :matchday)"""
        more: dict[str, Any] = {"matchday": matchday}
    else:
        text = """SELECT * FROM table_history WHERE tournament_key = :key AND valid_from <= :at
            AND (valid_to > :at OR valid_to IS NULL)"""
        more = {"at": at}
    rows = _rows_of_tournament(f"{text} ORDER BY {_PLACES}", key, more)
    if said := _not_that_table(rows, key, matchday):
        warnings.warn(said, BetterQuestionWarning, stacklevel=2)
    return _frame(_arranged(rows, "table"), as_pandas=as_pandas)


def goalscorers(key: str, *, as_pandas: bool = False) -> Any:
    """Who scored how often in a tournament, most goals first; see the view `goalscorers`.

    Goals of which the provider names no scorer count for nobody.
    """
    text = "SELECT * FROM goalscorers WHERE tournament_key = :key"
    rows = _rows_of_tournament(f"{text} ORDER BY goals DESC, penalties, scorer", key, {})
    return _frame(_arranged(rows, "goalscorers"), as_pandas=as_pandas)


def knockout_ties(key: str, *, as_pandas: bool = False) -> Any:
    """The ties of a cup, round by round; see the view `knockout_ties`."""
    text = "SELECT * FROM knockout_ties WHERE tournament_key = :key"
    rows = _rows_of_tournament(f"{text} ORDER BY round_order, first_date, home_team", key, {})
    return _frame(_arranged(rows, "knockout_ties"), as_pandas=as_pandas)


def history(key: str, *, as_pandas: bool = False) -> Any:
    """What changed in the matches of a tournament, newest first; see `match_history`."""
    text = "SELECT * FROM match_history WHERE tournament_key = :key ORDER BY change_id DESC"
    return _frame(_arranged(_rows_of_tournament(text, key, {}), "history"), as_pandas=as_pandas)


def head_to_head(team: str, opponent: str, *, as_pandas: bool = False) -> Any:
    """The played matches of two teams, in all tournaments, as the first one sees them.

    A match that two providers have is listed once. Names are those of any provider, in any case;
    see the view `head_to_head`.
    """
    from dp_pipeline.read.connection import views
    from dp_pipeline.read.frames import rows_of

    with views() as connection:
        ids = {"teams": _team_ids(connection, team), "others": _team_ids(connection, opponent)}
        rows = rows_of(connection, _MEETINGS, ids)
    return _frame(_arranged(rows, "head_to_head"), as_pandas=as_pandas)


def sql(text: str, /, *, as_pandas: bool = False, **params: Any) -> Any:
    """What a question of your own comes to; `:name` in it stands for the parameter `name`."""
    from dp_pipeline.read.connection import reading
    from dp_pipeline.read.frames import rows_of

    with reading() as connection:
        rows = rows_of(connection, text, params)
    return _frame(rows, as_pandas=as_pandas)


def _asked(text: str, params: Mapping[str, Any], *, as_pandas: bool) -> Any:
    from dp_pipeline.read.connection import views
    from dp_pipeline.read.frames import rows_of

    with views() as connection:
        rows = rows_of(connection, text, params)
    return _frame(rows, as_pandas=as_pandas)


def _rows_of_tournament(text: str, key: str, more: Mapping[str, Any]) -> "Rows":
    """The rows of a stored tournament, which may be none."""
    from dp_pipeline.football.key import tidied
    from dp_pipeline.read.connection import views
    from dp_pipeline.read.frames import rows_of

    wanted = tidied(key)
    with views() as connection:
        rows = rows_of(connection, text, {"key": wanted, **more})
        if not rows.values:
            _check_stored(connection, wanted)
    return rows


def _not_that_table(rows: "Rows", key: str, matchday: int | None) -> str:
    """What is to be said of tables that are not those that were asked for."""
    if matchday is not None:
        place = list(rows.columns).index("matchday")
        last = max((row[place] for row in rows.values), default=matchday)
        if last == matchday:
            return ""
        return f"Matchday {matchday} has no table; this is the table after matchday {last}."
    if rows.values:
        return ""
    first = _rows_of_tournament(_FIRST_TABLE, key, {}).values[0][0]
    if first is None:
        return ""
    return (
        f"No table of it was stored here before {first:%Y-%m-%d %H:%M} UTC; table_at(key, "
        "matchday=...) has the table after a round, by the results as they are now."
    )


def _arranged(rows: "Rows", question: str) -> "Rows":
    last = _LAST.get(question, ("stage", "group_name"))
    return rows.arranged(_FIRST[question], (*last, "tournament_key", "tournament"))


def _frame(rows: "Rows", *, as_pandas: bool) -> Any:
    from dp_pipeline.read.frames import pandas_frame, polars_frame

    return pandas_frame(rows) if as_pandas else polars_frame(rows)


def _check_stored(connection: "sa.Connection", key: str) -> None:
    """Raise UnknownTournamentError for a key that is not stored, with those that may be meant."""
    from dp_pipeline.database.known_keys import UnknownKeyError, stored_key

    try:
        stored_key(connection, key)
    except UnknownKeyError as error:
        meant = f" Did you mean {' or '.join(error.near)}?" if error.near else ""
        message = f"{key!r} is not stored.{meant} read.tournaments() lists what is."
        raise UnknownTournamentError(message, error.near) from error


def _team_ids(connection: "sa.Connection", name: str) -> list[Any]:
    """The rows of a team at all providers, by its name at any of them."""
    import sqlalchemy as sa

    ids = list(connection.scalars(sa.text(_TEAM_IDS), {"name": name.strip()}))
    if not ids:
        names = list(connection.scalars(sa.text(_TEAM_NAMES)))
        lower = {each.lower(): each for each in names}
        wanted = name.strip().lower()
        similar = [each for low, each in lower.items() if wanted and wanted in low]
        close = get_close_matches(wanted, lower, n=MOST_OFFERED, cutoff=_SLIP)
        similar += [lower[each] for each in close]
        offered = list(dict.fromkeys(similar))[:MOST_OFFERED]
        meant = f" Did you mean {' or '.join(offered)}?" if offered else ""
        message = f"No team is called {name!r}.{meant}"
        raise UnknownTeamError(message, offered)
    return ids
