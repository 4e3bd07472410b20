"""One club is one team over spellings, renames and seasons, and has the names of each season."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.contents import query
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
    machine.read("openfootball:en.1:2025-26", written_as({"Brake": "Weser United"}))
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
