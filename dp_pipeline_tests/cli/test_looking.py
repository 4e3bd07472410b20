"""What `dp` shows of tournaments and the ledger, and what it says to keys that nobody knows."""

import io
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from dp_pipeline.cli.ingest import without_network
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.table import standings_tables
from dp_pipeline.database.goalscorers import NamedGoals, named_goals
from dp_pipeline.database.known_keys import nearest
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.overview import overview
from dp_pipeline_tests.cli.conftest import REFUSED, Dp, Filled
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA


def test_the_tournaments_are_listed_with_what_is_played_and_what_is_wrong(dp: Dp) -> None:
    lines = {line["key"]: line for line in json.loads(dp("tournaments", "--json").output)}
    assert list(lines) == sorted((FILE, LIGA, REFUSED))
    assert (lines[LIGA]["played"], lines[LIGA]["of"]) == (28, 28)
    assert lines[LIGA]["read_at"] is not None
    assert (lines[REFUSED]["status"], lines[REFUSED]["of"]) == ("not confirmed", 0)
    shown = dp("tournaments").output
    forgets = f"`dp remove {REFUSED}`"
    for text in (LIGA, FILE, REFUSED, "28/28", "failed: all", "`dp retry` asks again", forgets):
        assert text in shown


def test_a_postponed_match_and_its_replay_are_one_of_the_season(filled: Filled) -> None:
    copy = """
        INSERT INTO match SELECT (jsonb_populate_record(match, jsonb_build_object('id',
            gen_random_uuid(), 'external_id', 'postponed', 'status', 'postponed',
            'home_score', null, 'away_score', null))).*
        FROM match JOIN tournament ON tournament.id = match.tournament_id
        WHERE tournament.key = :key LIMIT 1"""
    with suppress(_RolledBackError), filled.database.transaction() as connection:
        connection.execute(sa.text(copy), {"key": LIGA})
        (line,) = (each for each in overview(connection) if each.key == LIGA)
        assert (line.played, line.of) == (28, 28)
        raise _RolledBackError


class _RolledBackError(Exception):
    """What a test wrote goes again."""


def test_who_scored_is_listed_and_goals_without_a_name_are_counted(dp: Dp) -> None:
    shown = dp("goalscorers", LIGA, "--limit", "1").output
    assert shown.split()[:5] == ["scorer", "team", "goals", "penalties", "matches"]
    assert "more; `--limit` shows them." in shown
    assert NamedGoals(0, 959).lacks == "The provider names the scorers of 0 of 959 goals."
    assert len(json.loads(dp("goalscorers", LIGA, "--json").output)) > 1


@pytest.mark.parametrize("command", ["tournaments", "executions", "health"])
def test_what_goes_into_a_pipe_has_no_blanks_at_the_ends_of_lines(dp: Dp, command: str) -> None:
    lines = dp(command).output.splitlines()
    assert len(lines) > 1
    assert [line for line in lines if line.endswith(" ")] == []


def test_where_no_goals_are_stored_the_reason_is_said(filled: Filled) -> None:
    with suppress(_RolledBackError), filled.database.transaction() as connection:
        connection.execute(sa.text("DELETE FROM goal"))
        goals = named_goals(connection, TournamentKey.parse(LIGA).tournament_id)
        assert (goals.of, goals.matches > 0) == (0, True)
        raise _RolledBackError
    assert NamedGoals(0, 0, 28).why_none == (
        "The provider lists no goals; by its results 28 matches had some."
    )
    assert NamedGoals(0, 0, 0).why_none.startswith("Nobody has scored yet")
    assert NamedGoals(1, 1, 1).why_none == ""


def test_a_table_from_before_anything_was_stored_says_since_when_there_are_some(dp: Dp) -> None:
    shown = dp("history", LIGA, "--at", "1999-01-01").output
    assert f"No table of {LIGA} was stored here before 20" in shown
    assert "`--matchday N` has the table after a round." in shown


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--open", "de.1"), [REFUSED]),
        (("--provider", "openligadb"), [LIGA]),
        (("BL1", "2024"), [LIGA]),
        (("--status", "upcoming"), []),
        (("nowhere",), []),
    ],
)
def test_only_tournaments_that_are_wanted_are_listed(
    dp: Dp, options: tuple[str, ...], keys: list[str]
) -> None:
    found = json.loads(dp("tournaments", *options, "--json").output)
    assert [line["key"] for line in found] == keys
    if not keys:
        assert dp("tournaments", *options).output == "None of the 3 tournaments is like that.\n"


def test_open_ones_are_those_of_which_something_is_wrong(dp: Dp) -> None:
    everything = json.loads(dp("tournaments", "--json").output)
    wrong = [t["key"] for t in everything if t["errors"] or t["warnings"] or t["failed"]]
    assert [t["key"] for t in json.loads(dp("tournaments", "--open", "--json").output)] == wrong


def test_a_failure_is_shown_with_its_whole_cause_and_what_it_blocked_in_one_line(dp: Dp) -> None:
    shown = dp("executions", "--limit", "1").output
    text = " ".join(shown.split())
    assert "openfootball refused the request (HTTP 403 for /2024-25/de.1.json)." in text
    assert "through OPENFOOTBALL_BASE_URL." in text
    assert "Not begun because of it: teams, rounds, matches, goals, standings." in text
    assert len([line for line in shown.splitlines() if line.startswith("20")]) == 1


@pytest.mark.parametrize(
    ("options", "number"),
    [
        (("--status", "failed"), 6),
        (("--status", "failed", "--domain", "goals"), 1),
        (("--tournament", " OpenLigaDB:BL1:2024\t"), 6),
        (("--since", "1h"), 18),
        (("--since", "2999-01-01"), 0),
    ],
)
def test_executions_are_filtered(dp: Dp, options: tuple[str, ...], number: int) -> None:
    assert len(json.loads(dp("executions", "--json", *options).output)) == number
    if not number:
        assert dp("executions", *options).output == "No execution is like that.\n"


def test_a_run_is_named_by_how_its_id_begins(dp: Dp) -> None:
    run = json.loads(dp("executions", "--json", "--limit", "1").output)[0]["request_id"]
    rows = json.loads(dp("executions", "--json", "--run", run[:8]).output)
    assert {row["request_id"] for row in rows} == {run}
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("executions", "--tournament", "openligadb:bl1:2042"), 1, f"did you mean {LIGA}?"),
        (("executions", "--run", "feedbeef"), 1, "has no execution of a run feedbeef."),
        (("executions", "--run", "x"), 2, "'x' is no run: give its id"),
        (("report", "x"), 2, "'x' is no execution: give its id"),
        (("accept", "x", "--reason", "y"), 2, "'x' is no execution: give its id"),
        (("refuse", "feedbeef", "--reason", "y"), 1, "The ledger has no execution feedbeef."),
        (("executions", "--limit", "-1"), 2, "it must be a whole number, 1 or more, not -1."),
        (("executions", "--limit", "many"), 2, "it must be a whole number, 1 or more, not many."),
        (("executions", "--since", "soon"), 2, "'soon' is no time: give how long ago"),
        (("coverage", "bl1"), 1, f"bl1 is not stored; did you mean {LIGA}?"),
        (("compare", "a:b:c"), 1, "`dp ingest a:b:c` reads it."),
        (("checks", ""), 1, "'' is not stored."),
        (("dev", "--port", "abc"), 2, "it must be a number from 0 to 65535, not abc."),
        (("metrics", "serve", "--port", "65536"), 2, "a number from 0 to 65535, not 65536."),
        (("history", "--matchday", "3"), 2, "A table is of one tournament: give its KEY"),
        (("history", "openfootball:en.1:2025-26"), 1, f"did you mean {FILE}?"),
    ],
)
def test_what_is_not_there_or_no_number_is_said_in_a_sentence(
    dp: Dp, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ended = dp(*arguments)
    assert ended.exit_code == code
    assert sentence in ended.stderr
    assert ended.stdout == ""


def test_any_text_may_be_given_for_a_key(dp: Dp) -> None:
    assert "no execution of �" in dp("executions", "--tournament", "�").stderr
    assert dp("executions", "--tournament", "\udce4\x00").exit_code == 1
    assert dp("coverage", f"\u200b {LIGA.upper()} ").exit_code == 0


KNOWN = {
    "openligadb:bl1:2023": "1. Bundesliga 2023/24",
    "openligadb:bl1:2024": "1. Bundesliga 2024/25",
    "openligadb:bl2:2024": "2. Bundesliga 2024/25",
    "openligadb:dfb:2025": "DFB-Pokal 2025/26",
    "openfootball:de.1:2024-25": "Deutsche Bundesliga 2024/25",
}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("openligadb:bl1:2042", ["openligadb:bl1:2024", "openligadb:bl1:2023"]),
        ("pokal", ["openligadb:dfb:2025"]),
        ("dfb pokal", ["openligadb:dfb:2025"]),
        ("openligdb:dfb:2025", ["openligadb:dfb:2025"]),
        ("openfootball:de.1:2024", ["openfootball:de.1:2024-25"]),
        ("bundesliga", ["openfootball:de.1:2024-25", "openligadb:bl2:2024", "openligadb:bl1:2024"]),
        ("", []),
        (":::", []),
        ("sofascore:17:61627", []),
    ],
)
def test_the_nearest_keys_are_those_that_were_meant(text: str, keys: list[str]) -> None:
    assert nearest(text, KNOWN)[: len(keys)] == keys
    assert bool(nearest(text, KNOWN)) is bool(keys)


def test_what_executions_cost_is_counted_by_day_provider_and_domain(dp: Dp) -> None:
    rows = {
        (row["provider"], row["domain"]): row for row in json.loads(dp("stats", "--json").output)
    }
    matches, refused = rows["openligadb", "matches"], rows["openfootball", "goals"]
    assert (matches["executions"], matches["runs"], matches["stored"]) == (1, 1, 1)
    assert (refused["executions"], refused["failures"], refused["blocked"]) == (2, 0, 1)
    assert rows["openfootball", "tournaments"]["failures"] == 1
    assert sum(row["requests"] for row in rows.values()) == 5
    assert sum(row["bytes"] for row in rows.values()) > 10_000
    assert 0 < matches["median_duration"] <= matches["p95_duration"]
    of_goals = json.loads(
        dp("stats", "--domain", "goals", "--provider", "openligadb", "--json").output
    )
    assert of_goals == [rows["openligadb", "goals"]]
    shown = dp("stats").output
    assert shown.count("openligadb") == shown.count("openfootball") == 1
    assert max(map(len, shown.splitlines())) <= 160
    assert dp("stats", "--provider", "sofascore").output == "No execution in the last 2 days.\n"
    assert dp("stats", "--days", "99999999999").exit_code == 0


def test_the_table_is_shown_as_it_is_and_as_it_was_after_a_matchday(dp: Dp) -> None:
    rows = json.loads(dp("table", LIGA, "--json").output)
    assert [row["games"] for row in rows] == [7] * 8
    assert {"form", "zone", "rule"} <= rows[0].keys()
    shown = dp("table", f" {LIGA.upper()} ").output
    assert shown.splitlines()[0].strip() == "1. Testliga 2024/2025"
    assert all(row["team"] in shown for row in rows)
    after = json.loads(dp("table", LIGA, "--matchday", "2", "--json").output)
    assert [row["games"] for row in after] == [2] * 8
    assert after == json.loads(dp("history", LIGA, "--matchday", "2", "--json").output)
    ended = dp("table", LIGA, "--matchday", "8")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "has 7 rounds so far; there is no matchday 8." in ended.stderr


def test_groups_have_tables_of_their_own_with_the_rule_below() -> None:
    row = {"pos": 1, "team": "A", "games": 3, "points": 9, "zone": "", "note": "", "rule": "goals"}
    rows = [{"stage": "", "group": group, **row} for group in ("A", "A", "B")]
    tables = standings_tables(rows)
    assert [str(table.title) for table in tables] == ["Group A", "Group B"]
    assert [table.row_count for table in tables] == [2, 1]
    headers = [str(column.header) for column in tables[0].columns]
    assert headers == ["pos", "team", "games", "points"]
    assert str(tables[0].caption) == "Order: goals."


def test_where_nobody_is_reached_what_can_be_done_is_said(filled: Filled) -> None:
    world = "Without a network there is the simulated world: `make run`, or `dp sandbox serve` and,"
    said = without_network(filled.database, [REFUSED])
    assert said.startswith(world)
    assert "replay" not in said, "nothing of it was ever answered well"
    said = without_network(filled.database, [REFUSED, LIGA])
    assert said.startswith(world)
    assert f"`dp replay {LIGA}` reads it again" in said
    alone = without_network(filled.database, ["sandbox:900001:9000014"])
    assert alone.endswith("`make run` or `dp sandbox serve` starts it.")


def test_a_bar_shows_how_many_are_done_on_a_terminal_and_goes(capsys: Any) -> None:
    shown, piped = io.StringIO(), io.StringIO()
    with working("a [b] …", done=1, total=3, console=Console(file=shown, force_terminal=True)):
        pass
    assert "1/3" in shown.getvalue()
    assert "a [b] …" in shown.getvalue()
    with working("alone …", console=Console(file=shown, force_terminal=True)) as doing:
        doing("almost\x1b[2J done …")
    assert "1/1" not in shown.getvalue()
    assert r"almost\x1b[2J done …" in shown.getvalue()
    with working("a …", total=3, console=Console(file=piped)):
        print("a line")  # noqa: T201 - what a command prints meanwhile
    assert piped.getvalue() == ""
    assert capsys.readouterr().out == "a line\n"


def test_a_bar_goes_on_while_dagster_leads_standard_error_into_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, terminal = os.openpty()
    os.set_blocking(ours, False)
    shown = b""
    with os.fdopen(terminal, "w") as stderr, (tmp_path / "captured").open("w") as file:
        monkeypatch.setattr("sys.stderr", stderr)
        with working("six …", total=6) as doing:
            os.dup2(file.fileno(), terminal)
            doing("one of six", 1)
            with suppress(BlockingIOError):
                while not (b"1/6" in shown and b"one of six" in shown):
                    time.sleep(0.2)  # twice as long as the bar takes to be drawn anew
                    shown += os.read(ours, 100_000)
    os.close(ours)
    assert b"1/6" in shown
    assert b"one of six" in shown
    assert (tmp_path / "captured").read_text() == ""
