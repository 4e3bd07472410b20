"""Rows of the ledger and their like as tables for a terminal. Pure; `dp` prints them.

Names come from providers and keys from anybody: every cell is a Text, in which rich sees neither
markup ("[Women]" vanished) nor emoji (`openligadb:cl:2025` became one), and holds no character that
a terminal would obey.
"""

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from dp_pipeline.domains.change_words import fields_in_words
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, how_to_settle
from dp_pipeline.pages.words import in_zone, with_more

if TYPE_CHECKING:
    from dp_pipeline.domains.coverage import Coverage
    from dp_pipeline.domains.torn_teams import TornTeam

Row = Mapping[str, Any]

MOST_CHANGES = 40
"""More changes than this are read in the report."""

_INDENT = 4
MOST_LACKING = 5
"""Of what a tournament lacks, more than this is in `dp coverage --json`."""

# They reorder what stands around them, so that a key reads as another one.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

STATUS_STYLES = {"completed": "green", "partial_failure": "yellow", "failed": "red"}
_STATES = {"closed": "green", "half-open": "yellow", "open": "red"}


def printable(text: str) -> str:
    """The text with everything a terminal would obey written out, line breaks excepted."""
    return "".join(map(_shown, text))


def plain(text: str, style: str = "") -> Text:
    """Data as it is, for rich."""
    return Text(printable(text), style=style)


def json_text(value: object) -> str:
    """A value for programs; moments in ISO 8601, as on every other way out."""
    return json.dumps(value, default=_for_programs, indent=2)


def _for_programs(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _shown(character: str) -> str:
    if character == "\n":
        return character
    odd = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _TURNING
    return character.encode("unicode_escape").decode() if odd else character


def outcome_table(key: str, rows: Sequence[Row]) -> Table:
    """What one run did to one tournament: a line per domain."""
    label = next((row["tournament_label"] for row in rows if row["tournament_label"]), None)
    counts = {"created": "created", "updated": "updated", "unchanged": "unchanged"}
    if any((row["summary"] or {}).get("leftOut") for row in rows):
        counts["leftOut"] = "left out"
    table = grid(
        *(Column(name, no_wrap=True) for name in ("domain", "status", "outcome")),
        *(Column(name, no_wrap=True, justify="right") for name in (*counts.values(), "time")),
        title=f"{label} ({key})" if label else key,
    )
    # All domains of a mistyped league are "nothing_yet" for one reason: it is said once.
    explained = [row for row in rows if (row["summary"] or {}).get("because")]
    reasons = {row["summary"]["because"]: row for row in reversed(explained)}
    said = [f"{row['domain']}: {because}" for because, row in reversed(reasons.items())]
    table.caption = plain("\n".join(said), "table.caption") if said else None
    table.caption_justify = "left"
    for row in rows:
        summary = row["summary"] or {}
        table.add_row(
            row["domain"],
            _status(row),
            row["outcome"] or "",
            *(str(summary.get(name, 0)) for name in counts),
            _seconds(row),
        )
    return table


def plan_tables(rows: Sequence[Row]) -> list[Table]:
    """What a dry run would change, field by field, and refuse; nothing where it is nothing."""
    changes = [
        (row["domain"], change)
        for row in rows
        for change in (row["summary"] or {}).get("changes", ())
    ]
    refused = [(row["domain"], (row["summary"] or {}).get("refused")) for row in rows]
    tables = []
    if changes:
        names = ("row", "field", "from", "to")
        table = grid(Column("domain", no_wrap=True), *names, title="Would be updated")
        for domain, change in changes[:MOST_CHANGES]:
            cells = (plain("" if change[n] is None else str(change[n])) for n in names)
            table.add_row(domain, *cells)
        if more := len(changes) - MOST_CHANGES:
            said = f"and {more} more; the report has all of them" if more > 0 else None
            table.caption = None if said is None else plain(said, "table.caption")
        tables.append(table)
    if any(because for _, because in refused):
        table = grid(Column("domain", no_wrap=True), "why", title="Would be refused")
        for domain, because in refused:
            if because:
                table.add_row(domain, plain(because))
        tables.append(table)
    return tables


def causes(rows: Sequence[Row]) -> list[str]:
    """The errors of one run, a line each; what only followed from another is not repeated."""
    failed = [row for row in rows if row["error_text"]]
    roots = [row for row in failed if row["outcome"] != "blocked_dependency"] or failed
    return [
        f"{row['domain']}: {row['error_text']}"
        + (
            f"\n{how_to_settle(row['id'], row['summary'] or {})}"
            if row["outcome"] == SUSPICIOUS
            else ""
        )
        for row in roots
    ]


def seasons_table(rows: Sequence[Row], zone: ZoneInfo) -> Table:
    """The seasons of the followed competitions, those that wait for approval first."""
    names = ("tournament", "season", "state", f"first seen ({zone})")
    table = grid(*(Column(name, no_wrap=True) for name in names))
    for row in sorted(rows, key=lambda row: row["approved_at"] is not None):
        table.add_row(
            plain(row["key"]),
            plain(row["label"]),
            Text("approved") if row["approved_at"] else Text("to be approved", style="yellow"),
            minute(row["first_seen_at"], zone),
        )
    return table


def health_table(rows: Sequence[Row], zone: ZoneInfo) -> Table:
    """The health of providers: how each is, and how it has answered lately."""
    table = grid(
        "provider",
        Column("is", no_wrap=True),
        *(Column(name, no_wrap=True, justify="right") for name in ("answered", "mean")),
        Column(f"last answer ({zone})", no_wrap=True),
    )
    table.caption = (
        "Of the last 24 hours: the share of requests that were answered, and their mean time."
    )
    table.caption_justify = "left"
    for row in rows:
        ratio, mean, answer = (
            row[name] for name in ("success_ratio_24h", "mean_latency_seconds", "last_answer")
        )
        words = Text(row["in_words"], style=_STATES[row["state"]])
        if row["last_block"]:
            words.append(f"\nrefused {minute(row['last_block'], zone)}", "dim")
        table.add_row(
            plain("\n".join(filter(None, (row["provider"], row["address"])))),
            words,
            "" if ratio is None else f"{ratio:.1%} of {row['requests_24h']:,}",
            "" if mean is None else f"{mean:.2f} s",
            minute(answer, zone),
        )
    return table


def checks_lines(rows: Sequence[Row], zone: ZoneInfo) -> Group:
    """Checks of stored data: a line for each, and what is wrong below it."""
    styles = {"passed": "green", "warning": "yellow", "error": "red"}
    lines = []
    for row in rows:
        state = "passed" if row["passed"] else {"ERROR": "error"}.get(row["severity"], "warning")
        cells = (state, row["name"], minute(row["updated_at"], zone), row["tournament_key"])
        below = with_more(row["rows"], row["wrong"]) or [row["detail"]]
        said = [in_zone(each, zone) for each in below]
        lines.append((cells, styles[state], said))
    return lined(("state", "check", f"since ({zone})", "tournament"), lines, styled="state")


def history_tables(rows: Sequence[Row], zone: ZoneInfo) -> list[Table]:
    """What changed: of each tournament a line for each changed row, newest first."""
    tables = []
    for (key, label), mine in groupby(rows, itemgetter("tournament_key", "tournament_label")):
        title = f"{label} ({key})"
        table = grid(Column(f"at ({zone})", no_wrap=True), "what", "changed", title=title)
        for (at, _, name), changes in groupby(mine, itemgetter("at", "table", "row")):
            fields = {change["field"]: (change["from"], change["to"]) for change in changes}
            table.add_row(minute(at, zone), plain(name), plain(fields_in_words(fields, zone)))
        tables.append(table)
    return tables


def comparison_table(provider: str, other: str, rows: Sequence[Row], zone: ZoneInfo) -> Table:
    """Where two providers disagree: a line for each fixture, or team of a table, and aspect."""
    table = grid("what", "aspect", provider, other, f"since ({zone})", "goes together with")
    for row in rows:
        agrees = f"{row['agrees']}: {row['because']}" if row["agrees"] else ""
        values = (in_zone(row[name], zone) for name in ("value", "other_value"))
        cells = (row["subject"], row["aspect"], *values)
        table.add_row(*map(plain, cells), minute(row["since"], zone), plain(agrees))
    return table


def coverage_table(coverage: "Coverage") -> Table:
    """How complete a tournament is: a line for each part, with what is not there."""
    table = grid("part", *(Column(n, justify="right") for n in ("stored", "of")), "not there")
    for part in coverage.parts:
        lacks = ", ".join(part.lacks[:MOST_LACKING])
        more = f" and {len(part.lacks) - MOST_LACKING} more"
        of = "?" if part.of is None else str(part.of)
        said = plain(lacks + (more if len(part.lacks) > MOST_LACKING else ""))
        table.add_row(part.name, str(part.stored), of, said)
    return table


def aliases_table(rows: Sequence[Row]) -> Table:
    """Other names of clubs: a line for each."""
    table = grid("name", "key", "club", "external id", "said by", "seen in")
    for row in rows:
        club = row["team"] or "a club of its own"
        cells = (row["name"], row["key"], club, row["external_id"], row["origin"], row["seen_in"])
        table.add_row(*(plain(str(cell or "")) for cell in cells))
    return table


def clubs_table(rows: Sequence[Row]) -> Table:
    """Clubs over all providers: a line for each of their teams."""
    right = (Column(name, no_wrap=True, justify="right") for name in ("seasons", "fixtures"))
    table = grid("club", "team", "at", "said by", *right)
    before = None
    for row in rows:
        about = (row["kind"] if row["kind"] == "national" else "", row["squad"])
        more = ", ".join(word for word in about if word not in ("", "men"))
        club = f"{row['club']} ({more})" if more else row["club"]
        table.add_row(
            plain("" if row["club_id"] == before else club),
            plain(row["team"]),
            plain(f"{row['provider']}:{row['external_id']}"),
            plain(row["club_by"]),
            str(row["seasons"]),
            str(row["fixtures"]),
        )
        before = row["club_id"]
    return table


def doubts_table(rows: Sequence[Row]) -> Table:
    """Teams that may be one club: a line for each pair, with the reason why it is not certain."""
    table = grid("team", "and", "in", Column("fixtures", justify="right"), "because")
    for row in rows:
        cells = (row["team"], row["other"], row["tournaments"])
        shared = f"{row['fixtures']} of {row['listed']}"
        table.add_row(*map(plain, cells), shared, plain(row["because"]))
    return table


def torn_table(torn_teams: "Sequence[TornTeam]") -> Table:
    """Clubs that are stored as several: a line for each name that is joined, or stays apart."""
    right = (Column(name, no_wrap=True, justify="right") for name in ("tournaments", "matches"))
    table = grid("club", "stays as", "joined to it", "because", *right)
    for torn in torn_teams:
        club = torn.club
        counts = (str(torn.tournaments), str(torn.matches))
        stays = plain(torn.names.get(club.keep, club.keep)), plain(club.keep)
        for other, because in club.others.items():
            name = f"{torn.names.get(other, other)} ({other})"
            table.add_row(*stays, plain(name), plain(because), *counts)
            stays, counts = (plain(""), plain("")), ("", "")
        for other, key in club.apart.items():
            name = f"not {torn.names.get(other, other)} ({other})"
            table.add_row(*stays, plain(name), plain(f"two clubs in {key}"), "", "")
            stays = plain(""), plain("")
    return table


def retention_table(rows: Iterable[Sequence[str]], count: str) -> Table:
    """Of what so much is too old, or was removed."""
    table = grid("what", Column("kept for", no_wrap=True))
    for name in (count, "size"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def grid(*columns: Column | str, title: str | None = None) -> Table:
    """A table in the form that all of ours have."""
    return Table(
        *columns,
        title=None if title is None else plain(title, "table.title"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


Lined = tuple[Sequence[str], str, Sequence[str]]
"""The cells of a line, the style of one of them, and what is said below the line."""


def lined(
    names: Sequence[str], rows: Sequence[Lined], *, styled: str, right: Collection[str] = ()
) -> Group:
    """A line per row, and below it in full what there is to say. 100 columns are enough."""
    cells = [[printable(cell).replace("\n", r"\n") for cell in row[0]] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]

    def line(texts: Sequence[str], style: str) -> Text:
        whole = Text(style="bold" if texts is names else "")
        for name, text, width in zip(names, texts, widths, strict=True):
            room = " " * (width - cell_len(text))
            shown = room + text if name in right else text + room
            whole.append(shown, style if name == styled else "").append(" ")
        whole.rstrip()
        return whole

    lines: list[Text | Padding] = [line(names, "bold")]
    for texts, (_, style, below) in zip(cells, rows, strict=True):
        lines.append(line(texts, style))
        lines += [Padding(plain(said), (0, 0, 0, _INDENT)) for said in below]
    return Group(*lines)


def minute(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment by the clocks of a zone; nothing for none."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _status(row: Row) -> Text:
    return Text(row["status"], style=STATUS_STYLES.get(row["status"], "cyan"))


def _seconds(row: Row) -> str:
    return "" if row["duration"] is None else f"{row['duration'] / 1000:.2f} s"
