"""Stored rows whose counterpart is missing: nothing shows them, or they show what is not there.

Foreign keys forbid most of it: every row has its tournament, a goal its match, a match and a row of
a table their teams somewhere, a match the round that it names. What they leave open is looked for
here:

* a match or a row of a table whose team is not among the teams of the tournament;
* a row of a table whose team plays no match, while others play;
* a match of no round, while others of its kind have one;
* a match that was superseded by one of another tournament, or in a circle: then none counts;
* goals of a match of another tournament, or that stayed with a superseded match while the one that
  took its place has none;
* a knockout tie that names a match that is not stored, or superseded;
* a current round that is not stored.

A team without a match and a round without one have checks of their own. Not looked for is what no
tournament owns: images and other names of teams. The history and `comparison` keep ids of rows that
may be gone, and mean to.
"""

from collections.abc import Iterator
from typing import Any

from dp_pipeline.database import tables
from dp_pipeline.database.rows import Row
from dp_pipeline.domains.checked_data import CheckedData, Wrong
from dp_pipeline.domains.snapshot import Snapshot


def orphans(data: CheckedData) -> Iterator[Wrong]:
    """All of them, table by table."""
    yield from _of_matches(data)
    yield from _of_standings(data.snapshot)
    yield from _of_goals(data)
    yield from _of_ties(data.snapshot)
    yield from _of_tournament(data.snapshot)


def _of_matches(data: CheckedData) -> Iterator[Wrong]:
    snapshot = data.snapshot
    stored = snapshot.rows(tables.match)
    with_round = any(row["round_slug"] is not None for row in stored.values())
    for id_, row in stored.items():
        name = data.named(snapshot.match_by_row[id_])
        for side in ("home", "away"):
            team = row[f"{side}_team_id"]
            if team not in snapshot.members:
                of, pair = snapshot.names[team], snapshot.name_of(tables.match.name, id_)
                yield Wrong(f"{pair}: {of} is not among the teams of the tournament.")
        if row["superseded_by"] is None:
            if with_round and row["round_slug"] is None:
                yield Wrong(f"{name} is of no round.")
        elif row["superseded_by"] not in stored:
            yield Wrong(f"{name} was superseded by a match of another tournament.", "ERROR")
        elif _in_circle(row, snapshot):
            yield Wrong(f"{name} was superseded in a circle, and counts nowhere.", "ERROR")


def _in_circle(row: Row, snapshot: Snapshot) -> bool:
    """Whether following what took the place of a match never comes to one that counts."""
    stored, met = snapshot.rows(tables.match), set[Any]()
    following: Row | None = row
    while following is not None and following["superseded_by"] is not None:
        if following["superseded_by"] in met:
            return True
        met.add(following["superseded_by"])
        following = stored.get(following["superseded_by"])
    return False


def _of_standings(snapshot: Snapshot) -> Iterator[Wrong]:
    counting = [
        row for id_, row in snapshot.rows(tables.match).items() if id_ not in snapshot.superseded
    ]
    playing = {row[name] for row in counting for name in ("home_team_id", "away_team_id")}
    for row in snapshot.rows(tables.tournament_standing).values():
        if row["superseded"]:
            continue
        name = snapshot.names[row["team_id"]]
        if row["team_id"] not in snapshot.members:
            yield Wrong(f"The table has {name}, which is not among the teams of the tournament.")
        elif playing and row["team_id"] not in playing:
            yield Wrong(f"The table has {name}, which plays no match.")


def _of_goals(data: CheckedData) -> Iterator[Wrong]:
    snapshot = data.snapshot
    matches = snapshot.rows(tables.match)
    listed = [r for r in snapshot.rows(tables.goal).values() if r["missing_since"] is None]
    scored = dict.fromkeys(row["match_id"] for row in listed)
    for id_ in scored:
        number = sum(row["match_id"] == id_ for row in listed)
        goals = "1 goal is" if number == 1 else f"{number} goals are"
        if id_ not in matches:
            yield Wrong(f"{goals} of a match of another tournament.", "ERROR")
            continue
        instead = matches[id_]["superseded_by"]
        if instead in matches and instead not in scored and matches[instead]["home_score"]:
            name = data.named(snapshot.match_by_row[id_])
            yield Wrong(f"{goals} of {name}, which was superseded by a match that has none.")


def _of_ties(snapshot: Snapshot) -> Iterator[Wrong]:
    stored = snapshot.rows(tables.match)
    for row in snapshot.rows(tables.knockout_tie).values():
        if row["superseded"]:
            continue
        name = next(
            (snapshot.name_of(tables.match.name, id_) for id_ in row["match_ids"] if id_ in stored),
            "",
        )
        tie = f"The tie {name}".strip()
        for match in row["match_ids"]:
            if match not in stored:
                yield Wrong(f"{tie} names a match that is not stored.")
            elif match in snapshot.superseded:
                yield Wrong(f"{tie} counts a match that was superseded.")


def _of_tournament(snapshot: Snapshot) -> Iterator[Wrong]:
    row = snapshot.tournament
    current = None if row is None else row["current_round"]
    if current is not None and current not in {round_.slug for round_ in snapshot.rounds}:
        yield Wrong(f"The current round {current} is not stored.")
