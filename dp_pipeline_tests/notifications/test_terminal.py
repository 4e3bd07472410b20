"""What is printed in a terminal is what the data says, and nothing a terminal or rich obeys."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console, RenderableType

from dp_pipeline.cli.executions import ledger_lines
from dp_pipeline.cli.terminal import (
    health_table,
    outcome_table,
    plain,
    printable,
    seasons_table,
)

WHEN = datetime(2024, 5, 4, 12, tzinfo=UTC)
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
        "operation_type": "teams_create",
        "status": "failed",
        "outcome": "nothing_yet",
        "summary": {"because": text},
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


TABLES = {
    "outcome": lambda text: outcome_table(text, [row(text)]),
    "executions": lambda text: ledger_lines([row(text)]),
    "seasons": lambda text: seasons_table([row(text)]),
    "health": lambda text: health_table([health(text)]),
    "line": plain,
}
TIMES = {"outcome": 4, "executions": 2, "seasons": 2, "health": 1, "line": 1}


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


def test_letters_of_all_scripts_and_line_breaks_stay() -> None:
    text = "São Paulo\nÖsterreich\n\u0627\u0644\u0647\u0644\u0627\u0644 大阪 🏆"
    assert printable(text) == text
