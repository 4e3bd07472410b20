"""What analysts see in `knockout_ties`: legs, aggregate, who went on, and by what."""

from pathlib import Path
from typing import Any

from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.sofascore_payloads import KEY as SOFASCORE_KEY
from dp_pipeline_tests.providers.sofascore_seasons import block, cup, over, tree
from dp_pipeline_tests.providers.sofascore_service import Service
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:uefa.cl:2018-19"
TIES = """
SELECT round, legs, home_team, away_team, scores, home_goals, away_goals, winner, decided_by,
    last_date::text
FROM knockout_ties WHERE tournament_key = %(key)s ORDER BY first_date
"""


def match(day: str, home: str, away: str, *score: int) -> dict[str, Any]:
    told = {"round": "Semifinals", "date": day, "team1": home, "team2": away}
    return {**told, "score": {"ft": list(score)}} if score else told


def test_a_tie_follows_from_the_stored_matches_and_an_unchanged_one_is_not_written_again(
    database: Database, tmp_path: Path
) -> None:
    spurs, ajax = "Tottenham Hotspur FC (ENG)", "AFC Ajax (NED)"
    first = match("2019-04-30", spurs, ajax, 0, 1)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def read(*matches: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        payload = {"name": "UEFA Champions League 2018/19", "matches": matches}
        with serve(Replay(payloads={"/2018-19/uefa.cl.json": payload}).app()) as base_url:
            executions = ingest(database, base_url, tmp_path, KEY)
        return executions["matches"]["outcome"], query(url, TIES, key=KEY)

    _, (tie,) = read(first, match("2019-05-08", ajax, spurs))
    assert (tie["legs"], tie["scores"], tie["home_goals"]) == (2, ["0-1", None], 0)
    assert (tie["winner"], tie["decided_by"]) == (None, None)
    outcome, ties = read(first, match("2019-05-08", ajax, spurs, 2, 3))
    assert outcome == "written"
    assert ties == [
        {
            "round": "Semifinals",
            "legs": 2,
            "home_team": "Tottenham Hotspur FC",
            "away_team": "AFC Ajax",
            "scores": ["0-1", "3-2"],
            "home_goals": 3,
            "away_goals": 3,
            "winner": "Tottenham Hotspur FC",
            "decided_by": "away goals",
            "last_date": "2019-05-08",
        }
    ]
    assert read(first, match("2019-05-08", ajax, spurs, 2, 3)) == ("unchanged", ties)


def test_ties_that_sofascores_rounds_leave_empty_come_from_its_cup_tree(
    database: Database, tmp_path: Path
) -> None:
    world = cup(rounds=2)
    world.more = tree((2, "Semifinals", [over(1, 5, 801, "0 (4)", "0 (2)"), block(9, 13, 802)]))
    with Service(world.answers()).listening() as base_url:
        ingest(database, base_url, tmp_path, str(SOFASCORE_KEY))
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ties = query(url, TIES, key=str(SOFASCORE_KEY))
    told = [
        (t["home_team"], t["away_team"], t["scores"], t["winner"], t["decided_by"])
        for t in ties
        if t["round"] == "Semifinals"
    ]
    assert sorted(told) == [
        ("FC Number 1", "FC Number 5", ["0-0"], "FC Number 1", "shoot-out"),
        ("FC Number 9", "FC Number 13", [None], None, None),
    ]


def test_the_table_decides_ties_of_mexico_that_are_level(
    database: Database, tmp_path: Path
) -> None:
    clubs = ("América", "León", "Puebla", "Toluca")
    pairs = [(one, other) for n, one in enumerate(clubs) for other in clubs[n + 1 :]]
    league = [
        {**match(f"2025-01-{n:02d}", *pair, 1, 0), "round": f"Clausura, Matchday {n}"}
        for n, pair in enumerate(pairs, start=1)
    ]
    legs = [
        {**match("2025-05-01", "León", "América", 1, 0), "round": "Clausura Playoffs, Semifinals"},
        {**match("2025-05-04", "América", "León", 1, 0), "round": "Clausura Playoffs, Semifinals"},
    ]
    payload = {"name": "Liga MX 2024/25", "matches": [*league, *legs]}
    key = "openfootball:mx.1:2024-25"
    with serve(Replay(payloads={"/2024-25/mx.1.json": payload}).app()) as base_url:
        ingest(database, base_url, tmp_path, key)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    (tie,) = query(url, TIES, key=key)
    assert (tie["winner"], tie["decided_by"]) == ("América", "better place")
