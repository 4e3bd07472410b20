"""One club is one team over spellings, renames and seasons, and has the names of each season."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import TABLE, query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

TEAMS = ("Ahlen Town", "Brake", "Celle", "Damme", "Emden", "Fulda")
OTHER = "openfootball:en.1:2023-24"

CLUBS = """
SELECT t.key, team.external_id, here.name FROM tournament_team here
JOIN tournament t ON t.id = here.tournament_id JOIN team ON team.id = here.team_id ORDER BY 1, 2
"""
COUNTS = """
SELECT count(*) AS matches, count(DISTINCT home_team_id) AS teams, min(m.created_at) AS first
FROM match m JOIN tournament t ON t.id = m.tournament_id WHERE t.key = %(key)s
"""


IDS = "SELECT id FROM team UNION ALL SELECT id FROM match ORDER BY id"


class Machine:
    """A database, and what is read into it."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home
        self.url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def read(self, key: str, payload: Any, path: str | None = None) -> dict[str, dict[str, Any]]:
        """Read a file under a key; the ledger's rows by domain."""
        _, competition, year = key.split(":")
        path = path or f"/{year}/{competition}.json"
        with serve(Replay(payloads={path: payload}).app()) as base_url:
            return ingest(self.database, base_url, self.home, key)

    def counts(self, key: str) -> tuple[int, int]:
        (row,) = query(self.url, COUNTS, key=key)
        return row["matches"], row["teams"]

    def clubs(self, key: str) -> dict[str, str]:
        """External ids of the teams of a tournament, with their names there."""
        rows = query(self.url, CLUBS)
        return {row["external_id"]: row["name"] for row in rows if row["key"] == key}


@pytest.fixture
def machine(database: Database, tmp_path: Path) -> Machine:
    return Machine(database, tmp_path)


def outcomes(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {d: row["outcome"] for d, row in rows.items() if d != "goals"}


def written_as(names: dict[str, str], *, played: bool = True) -> Any:
    return season(league(*(names.get(team, team) for team in TEAMS), played=played))


def test_a_renamed_club_stays_the_club_it_was_and_so_does_its_next_season(machine: Machine) -> None:
    assert set(outcomes(machine.read(FILE, written_as({}))).values()) == {"written"}
    before = query(machine.url, IDS)
    rows = machine.read(FILE, written_as({"Brake": "Weser United"}))
    assert outcomes(rows)["teams"] == "written"
    assert machine.counts(FILE) == (30, 6)
    assert query(machine.url, IDS) == before
    assert machine.clubs(FILE)["brake-eng"] == "Weser United"
    again = machine.read(FILE, written_as({"Brake": "Weser United"}))
    assert set(outcomes(again).values()) == {"unchanged"}
    next_season = written_as({"Brake": "Weser United"})
    for match in next_season["matches"]:
        match["date"] = match["date"].replace("2024", "2025")
    machine.read("openfootball:en.1:2025-26", next_season)
    assert machine.clubs("openfootball:en.1:2025-26")["brake-eng"] == "Weser United"
    (alias,) = query(machine.url, "SELECT key, name, origin, seen_in FROM team_alias")
    assert alias == {
        "key": "weser-united-eng",
        "name": "Weser United",
        "origin": "season",
        "seen_in": FILE,
    }


def test_a_renamed_round_stays_the_round_it_was(machine: Machine) -> None:
    machine.read(FILE, written_as({}))
    payload = written_as({})
    for match in payload["matches"]:
        match["round"] = f"Regular Season, {match['round']}"
    rows = machine.read(FILE, payload)
    assert "suspicious_payload" not in outcomes(rows).values()
    assert machine.counts(FILE) == (30, 6)
    rounds = query(machine.url, 'SELECT slug, label FROM tournament_round ORDER BY "order"')
    assert len(rounds) == 10
    assert rounds[0] == {"slug": "1", "label": "Regular Season, Matchday 1"}
    assert set(outcomes(machine.read(FILE, payload)).values()) == {"unchanged"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_seasons_give_the_same_clubs_in_either_order(
    machine: Machine, order: Sequence[int]
) -> None:
    short = season(league(*TEAMS))
    for match in short["matches"][:7]:
        for side in ("team1", "team2"):
            match[side] = match[side].removesuffix(" Town")
    only_short = written_as({"Ahlen Town": "Ahlen"})
    reads = [(OTHER, short), (FILE, only_short)]
    for place in order:
        machine.read(*reads[place])
    assert len({*machine.clubs(OTHER), *machine.clubs(FILE)}) == 6
    for key, payload in reads:
        assert set(outcomes(machine.read(key, payload)).values()) == {"unchanged"}
    assert machine.counts(OTHER) == machine.counts(FILE) == (30, 6)


def test_a_club_that_takes_the_place_of_another_is_not_that_one(machine: Machine) -> None:
    """Before a ball is kicked a place in the fixture list is given to a club that is known."""
    machine.read(OTHER, season(league(*TEAMS[:5], "Gotha")))
    machine.read(FILE, written_as({}, played=False))
    machine.read(FILE, written_as({"Fulda": "Gotha"}, played=False))
    assert "gotha-eng" not in machine.clubs(FILE), "refused, or it plays here as itself"
    assert machine.clubs(FILE)["fulda-eng"] == "Fulda"


def test_a_second_team_that_is_written_like_the_first_takes_nothing_from_it(
    machine: Machine,
) -> None:
    first = [f"SV {team}" for team in TEAMS]
    seconds = [
        "SV Brake II",
        *(f"TSV {team}" for team in ("Jever", "Kiel", "Leer", "Moers", "Nauen")),
    ]
    leagues = (
        "openfootball:de.1:2023-24",
        "openfootball:de.1:2024-25",
        "openfootball:de.3:2024-25",
    )
    machine.read(leagues[0], season(league(*first)))
    machine.read(leagues[2], season(league(*seconds)))
    machine.read(leagues[2], season(league("SV Brake", *seconds[1:])))
    machine.read(leagues[1], season(league(*first)))
    clubs = [machine.clubs(key) for key in leagues]
    assert clubs[0] == clubs[1]
    assert (len(clubs[2]), clubs[2]["brake-ii-ger"]) == (6, "SV Brake")
    again = machine.read(leagues[2], season(league("SV Brake", *seconds[1:])))
    assert {*outcomes(again).values()} == {"unchanged"}


CASES = {"zb.1": "RasenBallsport", "zd.1": "RB Leipzig"}


@pytest.mark.parametrize("case", CASES)
def test_the_bundesliga_under_another_name_is_the_one_that_is_stored(
    machine: Machine, recordings: Path, case: str
) -> None:
    path = recordings.parent / "cases" / "openfootball" / f"{case}.json"
    if not path.exists():
        pytest.skip("the cases are not there")
    key = "openfootball:de.1:2024-25"
    machine.read(key, json.loads((recordings / "openfootball/2024-25/de.1.json").read_bytes()))
    rows = machine.read(key, json.loads(path.read_bytes()))
    assert "suspicious_payload" not in outcomes(rows).values()
    assert machine.counts(key) == (306, 18)
    assert machine.clubs(key)["rb-leipzig-ger"] == CASES[case]


def test_the_mens_table_does_not_show_the_womens_names(machine: Machine, recordings: Path) -> None:
    cases = recordings.parent / "cases" / "openligadb"
    if not cases.exists():
        pytest.skip("the cases are not there")
    men, women = "openligadb:c067m:2026", "openligadb:c067w:2026"
    payloads = {
        key: json.loads((cases / f"{key.split(':')[1]}.2026.json").read_bytes())
        for key in (men, women)
    }
    for key in (men, women):
        competition = key.split(":")[1]
        machine.read(key, payloads[key], f"/getmatchdata/{competition}/2026")
    assert all("(Frauen)" in name for name in machine.clubs(women).values())
    assert not any("(Frauen)" in name for name in machine.clubs(men).values())
    shown = query(
        machine.url,
        "SELECT DISTINCT home_team FROM fixtures WHERE tournament_key = %(key)s",
        key=men,
    )
    assert not any("(Frauen)" in row["home_team"] for row in shown)
    again = machine.read(men, payloads[men], "/getmatchdata/c067m/2026")
    assert again["teams"]["outcome"] == "unchanged"


# -- dp alias --------------------------------------------------------------------------------------


@pytest.fixture
def dp(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("DP_DATABASE_URL", machine.url)
    return lambda *arguments: CliRunner().invoke(main, ["alias", *arguments])


def test_clubs_that_are_stored_as_several_are_told_and_then_joined(
    machine: Machine, dp: Callable[..., Result]
) -> None:
    machine.read(OTHER, written_as({}))
    machine.read(FILE, written_as({"Ahlen Town": "TuS Ahlen"}))
    ids = query(machine.url, "SELECT id FROM match ORDER BY id")
    assert len({*machine.clubs(OTHER), *machine.clubs(FILE)}) == 7
    said = dp("add", "TuS Ahlen", "Ahlen Town")
    assert "ahlen-eng is stored as a club of its own: `dp alias merge` joins the two" in said.output
    assert "TuS Ahlen" in dp("list").output
    unjoined = machine.read(FILE, written_as({"Ahlen Town": "TuS Ahlen"}))
    assert set(outcomes(unjoined).values()) == {"unchanged"}, "nothing is torn away by a name"
    CliRunner().invoke(main, ["clubs", "unlink", "openfootball:TuS Ahlen"])
    before = query(machine.url, "SELECT id FROM team ORDER BY id")
    report = dp("merge", "--dry-run").output
    assert "ahlen-eng" in report
    assert "1 of the names would be joined" in report
    assert query(machine.url, "SELECT id FROM team ORDER BY id") == before
    assert "1 of the names are joined" in dp("merge").output
    assert len({*machine.clubs(OTHER), *machine.clubs(FILE)}) == 6
    assert query(machine.url, "SELECT id FROM match ORDER BY id") == ids
    assert "TuS Ahlen" in machine.clubs(FILE).values(), "each season goes on with its own names"
    assert "Ahlen Town" in machine.clubs(OTHER).values()
    (said,) = query(machine.url, "SELECT name, club_by FROM team WHERE club_by IS NOT NULL")
    assert said == {"name": "TuS Ahlen", "club_by": "person"}, "what a person said stays"
    assert dp("merge").output == "No club is stored as several.\n"
    for key, name in ((OTHER, "Ahlen Town"), (FILE, "TuS Ahlen")):
        again = machine.read(key, written_as({"Ahlen Town": name}))
        assert set(outcomes(again).values()) == {"unchanged"}


# What version 0.1 made of a renamed club: the fixtures again under the new name, and a row of the
# table for each of the two.
RENAMED_BY_0_1 = """
INSERT INTO team (id, provider, external_id, name, country, described_in)
SELECT gen_random_uuid(), provider, 'weser-united-eng', 'Weser United', country, described_in
FROM team WHERE external_id = 'brake-eng';
INSERT INTO tournament_team (tournament_id, team_id, name)
SELECT here.tournament_id, new.id, new.name FROM team new, tournament_team here
JOIN team old ON old.id = here.team_id
WHERE old.external_id = 'brake-eng' AND new.external_id = 'weser-united-eng';
INSERT INTO match (id, provider, external_id, tournament_id, round_slug, home_team_id, away_team_id,
    kickoff_at, kickoff_date, status, home_score, away_score)
SELECT gen_random_uuid(), m.provider, replace(m.external_id, 'brake', 'weser-united'),
    m.tournament_id, round_slug, CASE home_team_id WHEN old.id THEN new.id ELSE home_team_id END,
    CASE away_team_id WHEN old.id THEN new.id ELSE away_team_id END, kickoff_at, kickoff_date,
    status, home_score, away_score
FROM team new, match m JOIN team old ON old.id IN (home_team_id, away_team_id)
WHERE old.external_id = 'brake-eng' AND new.external_id = 'weser-united-eng';
INSERT INTO tournament_standing (id, tournament_id, team_id, position, games, wins, draws, losses,
    goals_for, goals_against, goal_difference, points, computed)
SELECT gen_random_uuid(), tournament_id, new.id, 3, games, wins, draws, losses, goals_for,
    goals_against, goal_difference, points, computed
FROM team new, tournament_standing s JOIN team old ON old.id = s.team_id
WHERE old.external_id = 'brake-eng' AND new.external_id = 'weser-united-eng';
UPDATE tournament_standing SET position = position + 1 WHERE position >= 3 AND team_id NOT IN (
    SELECT id FROM team WHERE external_id = 'weser-united-eng');
"""


def test_a_club_that_0_1_stored_anew_when_it_was_renamed_is_joined_to_itself(
    machine: Machine, dp: Callable[..., Result]
) -> None:
    machine.read(FILE, written_as({}))
    table = query(machine.url, TABLE, key=FILE)
    with machine.database.transaction() as connection:
        connection.exec_driver_sql(RENAMED_BY_0_1)
    assert machine.counts(FILE) == (40, 7)
    assert "the same fixtures" in dp("merge").output
    assert machine.counts(FILE) == (40, 6), "no row is lost"
    assert query(machine.url, TABLE, key=FILE) == table
    rows = machine.read(FILE, written_as({"Brake": "Weser United"}))
    assert outcomes(rows)["teams"] == "written"
    assert machine.clubs(FILE)["brake-eng"] == "Weser United"
    assert len(query(machine.url, "SELECT match_id FROM fixtures")) == 30, "each fixture once"


def test_names_are_given_and_taken_back_by_people(
    machine: Machine, dp: Callable[..., Result]
) -> None:
    machine.read(FILE, written_as({}))
    assert "is the name by which brake-eng is found anyway" in dp("add", "Brake FC", "Brake").output
    assert "No team of openfootball is called Nowhere" in dp("add", "X", "Nowhere").output
    assert "No club goes by Nobody" in dp("remove", "Nobody").output
    assert dp("add", "Weser", "brake-eng").output == "Weser (weser-eng) is Brake (brake-eng).\n"
    machine.read(OTHER, written_as({"Brake": "Weser"}))
    assert "brake-eng" in machine.clubs(OTHER)
    assert "is forgotten" in dp("remove", "Weser", "--country", "ENG").output
    assert "None" in dp("list").output
    assert "PSV Eindhoven" in dp("list", "--all").output
    assert "a club of its own" in dp("remove", "PSV", "--country", "NED").output
    machine.read("openfootball:nl.1:2024-25", season(league("PSV", *TEAMS[:3])))
    assert "psv-ned" in machine.clubs("openfootball:nl.1:2024-25")


def test_a_wrong_team_in_a_complete_fixture_list_makes_no_match_and_no_team(
    database: Database, tmp_path: Path
) -> None:
    machine, matches = Machine(database, tmp_path), league(*TEAMS)
    machine.read(FILE, season(matches))
    before = machine.counts(FILE), machine.clubs(FILE), query(machine.url, TABLE, key=FILE)
    for wrong in (matches[1]["team2"], "2031-02-30"):
        rows = machine.read(FILE, season([{**matches[0], "team2": wrong}, *matches[1:]]))
        assert rows["matches"]["status"] == "partial_failure"
        assert rows["matches"]["summary"]["leftOut"] == 1
        after = machine.counts(FILE), machine.clubs(FILE), query(machine.url, TABLE, key=FILE)
        assert after == before
    rows = machine.read(FILE, season(matches))
    assert {row["status"] for row in rows.values()} == {"completed"}
