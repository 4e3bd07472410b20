"""What is printed in a terminal is what the data says, and nothing a terminal or rich obeys."""

import io
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console, RenderableType

from dp_pipeline.cli.executions import ledger_lines
from dp_pipeline.cli.terminal import (
    checks_lines,
    comparison_table,
    health_table,
    outcome_table,
    plain,
    printable,
    seasons_table,
)
from dp_pipeline.cli.tournaments import tournaments_lines
from dp_pipeline.ledger.overview import TournamentLine

WHEN = datetime(2024, 5, 4, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
# What rich would make of these: an emoji, nothing, a colour, an error.
NAMES = ("openligadb:cl:2025", "a:soccer:b", "FC Ahlen [Women]", "[red]Brake[/red]", "[/] Celle")
OBEYED = {
    "\x1b[2J\x1b]0;title\x07": r"\x1b[2J\x1b]0;title\x07",
    "a\rb\tc\x08d": r"a\rb\tc\x08d",
    "\x9b31mred": r"\x9b31mred",
    "abc\u202edef\u2066": r"abc\u202edef\u2066",
    "one\u2028two": r"one\u2028two",
    "\ud800": r"\ud800",
}


def row(text: str) -> dict[str, Any]:
    return {
        "tournament_label": text,
        "tournament_key": text,
        "domain": "teams",
        "id": "0",
        "request_id": "0",
        "blocked": None,
        "report_file_key": None,
        "operation_type": "teams_create",
        "status": "failed",
        "outcome": "nothing_yet",
        "summary": {"because": text},
        "error_class": None,
        "error_text": text,
        "duration": 10,
        "started_at": WHEN,
        "key": text,
        "label": text,
        "approved_at": None,
        "first_seen_at": WHEN,
    }


def health(text: str) -> dict[str, Any]:
    moments = dict.fromkeys(("last_answer", "last_block", "next_probe"), WHEN)
    numbers = {"success_ratio_24h": 1.0, "mean_latency_seconds": 1.0, "requests_24h": 1}
    return {
        "provider": "openligadb",
        "state": "open",
        "in_words": "resting",
        "address": text,
        **moments,
        **numbers,
    }


def check(text: str) -> dict[str, Any]:
    said = {
        "name": "no_match_is_overdue",
        "tournament_key": text,
        "detail": text,
        "rows": [],
        "wrong": 1,
    }
    return {**said, "passed": False, "severity": "ERROR", "updated_at": WHEN}


TABLES = {
    "outcome": lambda text: outcome_table(text, [row(text)]),
    "executions": lambda text: ledger_lines([row(text)], BERLIN, "http://localhost:3000"),
    "seasons": lambda text: seasons_table([row(text)], BERLIN),
    "health": lambda text: health_table([health(text)], BERLIN),
    "checks": lambda text: checks_lines([check(text)], BERLIN),
    "line": plain,
}
TIMES = {"outcome": 4, "executions": 2, "seasons": 2, "health": 1, "checks": 2, "line": 1}
TIMED = ("executions", "seasons", "health", "checks")


def shown(renderable: RenderableType) -> str:
    file = io.StringIO()
    # As a terminal, and with all that `dp` itself switches off.
    console = Console(file=file, width=400, force_terminal=True, color_system=None, emoji=True)
    console.print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("text", NAMES)
def test_names_and_keys_are_printed_as_they_are(name: str, text: str) -> None:
    printed = shown(TABLES[name](text))
    assert printed.count(text) >= TIMES[name] - (name == "outcome"), printed


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("text", OBEYED)
def test_what_a_terminal_would_obey_is_written_out(name: str, text: str) -> None:
    printed = shown(TABLES[name](text))
    assert OBEYED[text] in printed
    assert not set(printed) & set("\x1b\x07\r\t\x08\x9b\u202e\u2066\u2028\ud800"), printed


@pytest.mark.parametrize("name", TIMED)
def test_times_are_those_of_the_zone_that_the_heading_names(name: str) -> None:
    printed = shown(TABLES[name]("openligadb:bl1:2024"))
    assert "(Europe/Berlin)" in printed
    assert "2024-05-04 14:00" in printed


@pytest.mark.parametrize("name", ["executions", "checks"])
def test_so_are_those_of_stored_sentences_which_have_them_in_utc(name: str) -> None:
    printed = shown(TABLES[name]("Was last read at 2024-05-03 23:30 UTC."))
    assert "Was last read at 2024-05-04 01:30 Europe/Berlin." in printed


def test_what_is_wrong_has_the_whole_width_of_a_terminal() -> None:
    wrong = (
        "Hazelgrove 1 - Clearridge 1, round 16 of 2026-12-20 is still scheduled, and nobody knows."
    )
    lines = [{**check("sandbox:900001:9000014"), "rows": [wrong, "A second one."], "wrong": 71}]
    file = io.StringIO()
    Console(file=file, width=100).print(checks_lines(lines, BERLIN))
    names, line, *below = (each.rstrip() for each in file.getvalue().splitlines())
    assert names.split() == ["state", "check", "since", "(Europe/Berlin)", "tournament"]
    assert line.startswith("error no_match_is_overdue 2024-05-04 14:00")
    assert below == [f"    {wrong}", "    A second one.", "    and 69 more"]


def test_a_failure_without_a_report_names_the_page_of_its_run_and_no_command() -> None:
    lost = shown(ledger_lines([row("x")], BERLIN, "http://localhost:3000"))
    assert "It has no report. Its run: http://localhost:3000/runs/0" in lost
    assert "dp report" not in lost
    kept = shown(ledger_lines([{**row("x"), "report_file_key": "a.json"}], BERLIN, "http://x"))
    assert "Run 0. Report: dp report 0" in kept


@pytest.mark.parametrize(
    "stopped",
    [{"error_class": "InterruptedRunError", "summary": None}, {"summary": {"stopped": True}}],
)
def test_what_was_stopped_is_called_so_and_what_failed_is_not(stopped: dict[str, Any]) -> None:
    said = shown(ledger_lines([{**row("x"), **stopped}], BERLIN, "http://x"))
    assert "failed stopped" in said
    assert "stopped" not in shown(ledger_lines([row("x")], BERLIN, "http://x"))


def test_kickoffs_that_differ_are_in_the_zone_of_the_heading() -> None:
    row = {"subject": "A - B", "aspect": "kick-off", "value": "2025-01-10 19:45 UTC",
        "other_value": "none", "since": WHEN, "agrees": None}  # fmt: skip
    printed = shown(comparison_table("openligadb", "openfootball", [row], BERLIN))
    assert "2025-01-10 20:45 Europe/Berlin" in printed
    assert "since (Europe/Berlin)" in printed


def test_names_of_tournaments_and_what_is_wrong_with_them_are_whole_lines() -> None:
    name = "1. Fußball-Bundesliga 2024/2025"
    line = TournamentLine("openligadb:bl1:2024", name, "completed", 305, 306, WHEN, 1, 2)
    file = io.StringIO()
    Console(file=file, width=100).print(tournaments_lines([line], BERLIN))
    assert [each.rstrip() for each in file.getvalue().splitlines()] == [
        "tournament          status     played last read (Europe/Berlin)",
        "openligadb:bl1:2024 completed 305/306 2024-05-04 14:00",
        f"    {name}",
        "    1 error; 2 warnings",
    ]


def test_letters_of_all_scripts_and_line_breaks_stay() -> None:
    text = "São Paulo\nÖsterreich\n\u0627\u0644\u0647\u0644\u0627\u0644 大阪 🏆"
    assert printable(text) == text
