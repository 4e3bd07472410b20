"""openfootball: recorded seasons arrive complete and equal."""

import json
from itertools import product
from pathlib import Path

import pytest

from dp_pipeline.football.club_aliases import ClubAliases
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Standing
from dp_pipeline.football.spliced import spliced_matches
from dp_pipeline.football.surplus import surplus_matches
from dp_pipeline.providers.openfootball import identity
from dp_pipeline.providers.openfootball.season import SeasonData, read_season
from dp_pipeline_tests.providers.openfootball_files import counts, is_consistent
from dp_pipeline_tests.providers.states import state


def recorded(folder: Path, competition: str, season_text: str) -> SeasonData:
    path = folder / "openfootball" / season_text / f"{competition}.json"
    key = TournamentKey("openfootball", competition, season_text)
    return read_season(json.loads(path.read_bytes()), key)


def row(data: SeasonData, team: str) -> Standing:
    return next(standing for standing in data.standings.items if standing.team == team)


def test_recorded_en_1_2023_24_is_complete_and_its_table_knows_no_deductions(
    recordings: Path,
) -> None:
    data = recorded(recordings, "en.1", "2023-24")
    assert counts(data) == (20, 38, 380, 20)
    assert {match.status for match in data.matches.items} == {"ended"}
    assert row(data, "everton-eng").points == 48
    assert row(data, "nottingham-forest-eng").points == 36
    assert "deducted" in data.standings.findings[0].detail
    assert data.matches.findings == ()


def test_recorded_de_1_2024_25_has_the_official_table(recordings: Path) -> None:
    data = recorded(recordings, "de.1", "2024-25")
    bayern = row(data, "bayern-munchen-ger")
    assert counts(data) == (18, 34, 306, 18)
    assert (bayern.position, bayern.points, bayern.goals_for, bayern.goals_against) == (
        *(1, 82, 99, 32),
    )
    assert [s.points for s in data.standings.items][-2:] == [25, 25]
    assert sum(match.status == "awarded" for match in data.matches.items) == 1


def test_recorded_en_2_2025_26_has_24_teams_under_33_names(recordings: Path) -> None:
    data = recorded(recordings, "en.2", "2025-26")
    assert counts(data) == (24, 46, 552, 24)
    assert [finding.kind for finding in data.teams.findings] == ["merged_team_name"] * 9
    assert sum(match.home_score is None for match in data.matches.items) == 176
    assert sum(match.status == "cancelled" for match in data.matches.items) == 1
    assert state(data).status == "active"


@pytest.mark.parametrize("case", ["two_names", "wrong_year"])
def test_clubs_that_a_file_writes_in_two_ways_are_one_without_aliases(
    recordings: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recordings.parent / "cases" / "openfootball" / f"2025-26_en.3_{case}.json"
    if not path.exists():
        pytest.skip("the cases are not there")
    monkeypatch.setattr(identity, "packaged", lambda: ClubAliases(()))
    data = read_season(json.loads(path.read_bytes()), TournamentKey("openfootball", "en.3", "2025"))
    names = {team.name for team in data.teams.items}
    assert len(names) == (4 if case == "two_names" else 24)
    assert {"Bolton Wanderers", "Luton Town"} <= names
    merged = {finding.subject for finding in data.teams.findings}
    assert "Bolton Wanderers" in merged
    assert len(merged) == (1 if case == "two_names" else 12)


@pytest.mark.slow
def test_every_club_is_one_team_of_its_country_over_the_seasons(recordings: Path) -> None:
    folder = recordings.parent / "more_seasons" / "football.json"
    if not folder.exists():
        pytest.skip("more seasons are not there")
    teams: dict[str, dict[str, set[str]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        key = TournamentKey("openfootball", path.stem, path.parent.name)
        found = read_season(json.loads(path.read_bytes()), key).teams
        assert {finding.kind for finding in found.findings} <= {"known_team_name"}
        for team in found.items:
            if team.country:
                by_id = teams.setdefault(team.country, {})
                by_id.setdefault(team.external_id, set()).add(team.name)
    counts = {country: len(each) for country, each in teams.items()}
    assert {name: counts[name] for name in ("ESP", "POR", "NED", "FRA", "ITA", "AUT", "BRA")} == (
        {"ESP": 63, "POR": 28, "NED": 26, "FRA": 53, "ITA": 64, "AUT": 94, "BRA": 20}
    )
    assert teams["FRA"]["paris-fra"] == {"Paris FC"}
    assert teams["NED"]["psv-eindhoven-ned"] == {"PSV", "PSV Eindhoven"}


@pytest.mark.slow
def test_no_match_of_a_real_season_is_surplus_however_much_of_it_was_stored(
    recordings: Path,
) -> None:
    """Split seasons too: what follows a complete fixture list is not taken for a wrong team."""
    folder = recordings.parent / "more_seasons" / "football.json"
    for path in sorted(folder.glob("*/*.json")):
        key = TournamentKey("openfootball", path.stem, path.parent.name)
        matches = sorted(
            read_season(json.loads(path.read_bytes()), key).matches.items,
            key=lambda match: str(match.kickoff_date),
        )
        rounds = list(dict.fromkeys(match.round_slug for match in matches))
        for number in range(1, len(rounds)):
            stored = [match for match in matches if match.round_slug in rounds[:number]]
            assert surplus_matches(stored, matches) == frozenset(), (key, rounds[number])
        for number in range(10, len(matches), 7):
            assert surplus_matches(matches[:number], matches) == frozenset(), (key, number)


@pytest.mark.slow
def test_no_match_of_a_real_season_is_spliced_whatever_vanishes_of_what_was_stored(
    recordings: Path,
) -> None:
    files = [
        *(recordings.parent / "more_seasons").glob("*/*/*.json"),
        *(recordings / "openfootball").glob("*/*.json"),
    ]
    for path in sorted(files):
        key = TournamentKey("openfootball", path.stem, path.parent.name)
        matches = sorted(
            read_season(json.loads(path.read_bytes()), key).matches.items,
            key=lambda match: str(match.kickoff_date),
        )
        for number in range(10, len(matches), 19):
            stored = matches[:number]
            teams = {side for match in stored for side in (match.home, match.away)}
            rounds = {match.round_slug for match in stored if match.round_slug}
            known = {match.external_id for match in stored}
            for first, count in product(range(number % 7, number - 1, number // 8), (1, 2, 5)):
                vanished = stored[first : first + count]
                given = [*stored[:first], *matches[first + count :]]
                spliced = spliced_matches(given, vanished, known=known, teams=teams, rounds=rounds)
                assert spliced == frozenset(), (key, vanished)


def test_recorded_uefa_cl_2024_25_has_a_league_of_36_and_knockout_rounds(recordings: Path) -> None:
    data = recorded(recordings, "uefa.cl", "2024-25")
    assert counts(data) == (36, 14, 189, 36)
    assert {(s.stage, s.games) for s in data.standings.items} == {("League", 8)}
    assert state(data).mode == "regular-season-and-knockout"
    assert (state(data).status, state(data).current_round) == ("active", "finals-final")
    assert [finding.kind for finding in data.matches.findings] == ["impossible_shootout"] * 2
    assert [r.slug for r in data.rounds.items if r.type == "knockout"] == [
        *("playoffs-1", "playoffs-2", "finals-round-of-16", "finals-quarterfinals"),
        *("finals-semifinals", "finals-final"),
    ]


def test_recorded_fr_1_2019_20_was_cut_short(recordings: Path) -> None:
    data = recorded(recordings, "fr.1", "2019-20")
    assert counts(data) == (20, 38, 380, 20)
    assert sum(match.status == "cancelled" for match in data.matches.items) == 101
    first = data.standings.items[0]
    assert (first.team, first.points, first.games) == ("paris-saint-germain-fra", 68, 27)
    assert state(data).mode == "regular-season-only"
    assert state(data).status == "completed"


def test_recorded_de_cup_2018_19_is_knockout_only(recordings: Path) -> None:
    data = recorded(recordings, "de.cup", "2018-19")
    assert counts(data) == (64, 6, 63, 0)
    assert sum(match.home_penalties_score is not None for match in data.matches.items) == 4
    assert data.standings.absent is not None
    assert data.standings.absent.kind == "not_applicable"
    assert state(data).mode == "knockout-only"
    assert state(data).status == "completed"


def test_recorded_it_2_2020_21_has_play_offs_that_count_in_no_table(recordings: Path) -> None:
    data = recorded(recordings, "it.2", "2020-21")
    assert counts(data) == (20, 41, 388, 20)
    assert {standing.games for standing in data.standings.items} == {38}
    assert sum(match.stage == "Aufstieg" for match in data.matches.items) == 8
    assert state(data).mode == "regular-season-and-knockout"


@pytest.mark.parametrize(
    ("competition", "season_text", "expected"),
    [
        ("en.1", "2024-25", (20, 38, 380, 20)),
        ("en.1", "2025-26", (20, 38, 380, 20)),
        ("mls", "2025", (30, 34, 510, 30)),
    ],
)
def test_recorded_seasons_arrive_complete(
    recordings: Path, competition: str, season_text: str, expected: tuple[int, ...]
) -> None:
    assert counts(recorded(recordings, competition, season_text)) == expected


def test_every_recorded_file_is_consistent_and_its_scores_are_the_payload_s(
    recordings: Path,
) -> None:
    for path in sorted((recordings / "openfootball").glob("*/*.json")):
        payload = json.loads(path.read_bytes())
        data = read_season(payload, TournamentKey("openfootball", path.stem, path.parent.name))
        assert is_consistent(data), path
        assert not any(finding.left_out for finding in data.matches.findings), path
        given_scores = [m["score"].get("et") or m["score"].get("ft") for m in payload["matches"]]
        assert sorted(tuple(score) for score in given_scores if score) == sorted(
            (m.home_score, m.away_score) for m in data.matches.items if m.home_score is not None
        ), path
