"""All that a report shows, in its order: what happened, what changed, what is doubtful, how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from dp_pipeline.domains.change_words import change_sentences
from dp_pipeline.ledger.report_view.account import (
    Entry,
    StoredAccount,
    entries,
    line,
    moment_of,
    number,
    whole,
)
from dp_pipeline.ledger.report_view.happened import happened, subject, verdict
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, ways_to_settle
from dp_pipeline.pages.words import amount, clean, counted, duration, in_zone, moment
from dp_pipeline.providers.errors import NOT_THERE

_TABLES: Mapping[str, str] = {
    "tournament": "Tournament",
    "team": "Teams",
    "tournament_team": "Teams in this tournament",
    "tournament_round": "Rounds",
    "match": "Matches",
    "goal": "Goals",
    "tournament_standing": "Tables",
    "knockout_tie": "Knockout ties",
}
_STEPS: Mapping[str, str] = {
    "initialization": "begin",
    "scraping": "fetch",
    "transformation": "check",
    "database": "store",
}
_DEEPEST = 3
SHORT_ID = 8
"""So many characters of an id are enough to type."""
_COMPARED, _KEPT = "Stored and fetched: ", " Nothing was changed."


@dataclass(frozen=True, slots=True)
class DurationBar:
    """When in an execution something was, and how long: parts of its whole duration."""

    start: float
    length: float


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows of text, numbers and bars below the names of their columns.

    Args:
        title: what it is of.
        columns: their names.
        rows: a cell for each column.
        numbers: which columns are of numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | DurationBar, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part of a report.

    Args:
        id: its place in the page.
        title: its heading.
        sentences: a paragraph each.
        lists: items below what they have in common.
        commands: what a person may do: what for, and what to type or do.
        tables: tables.
        quotes: texts of others as they came, and what they are.
    """

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    tables: tuple[ReportTable, ...] = ()
    quotes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as it is read.

    Args:
        title: whose it is.
        verdict: good, doubtful or bad; and in a word or two how it ended.
        happened: a paragraph.
        parts: in their order; none is empty.
        run_url: of the run in Dagster, if it has a page.
        facts: ids and the like, each with what it is.
        id: of the execution, as far as a person types it.
    """

    title: str
    verdict: tuple[str, str]
    happened: str
    parts: tuple[ReportPart, ...]
    run_url: str | None
    facts: tuple[tuple[str, str], ...]
    id: str


def view_of(report: Entry, zone: ZoneInfo) -> ReportView:
    """What a stored report shows; times in a zone."""
    account = StoredAccount(report)
    parts = (
        _news(account),
        _to_do(account),
        _changes(account, zone),
        *_findings(account, zone),
        _failure(account),
        _operations(account),
        _requests(account),
    )
    return ReportView(
        title=_capital(subject(account)),
        verdict=verdict(account),
        happened=in_zone(happened(account, zone), zone),
        parts=tuple(part for part in parts if part is not None),
        run_url=_web(report.get("runUrl")),
        facts=_facts(account, zone),
        id=account.id[:SHORT_ID],
    )


def _news(account: StoredAccount) -> ReportPart | None:
    told = account.report.get("news")
    news = tuple(filter(None, map(line, told))) if isinstance(told, list) else ()
    return ReportPart("news", "News", lists=(("", news),)) if news else None


def _to_do(account: StoredAccount) -> ReportPart | None:
    """What a person may do about a payload that was refused."""
    if account.outcome != SUSPICIOUS:
        return None
    ways = tuple(ways_to_settle(account.id, account.entry("summary")).items())
    said = "A person decides whether what came is right. Nothing is lost until then."
    return ReportPart("decide", "What to do", (said,), commands=ways) if ways else None


def _changes(account: StoredAccount, zone: ZoneInfo) -> ReportPart | None:
    """Each changed row by its name, and how many rows of each table were new and changed."""
    fields: list[dict[str, Any]] = [
        {
            "table": line(each.get("table")),
            "row": line(each.get("row")) or "unnamed row",
            "field": line(each.get("field")),
            "from": _value(each.get("from")),
            "to": _value(each.get("to")),
        }
        for each in account.changed
    ]
    lists = []
    places = {table: place for place, table in enumerate(_TABLES)}
    fields.sort(key=lambda each: (places.get(each["table"], len(places)), each["table"]))
    for table, changed in groupby(fields, key=lambda each: each["table"]):
        # "->" is torn apart at the end of a line
        sentences = tuple(said.replace(" -> ", " → ") for said in change_sentences(changed, zone))
        lists.append((f"{_table(table)} ({len(sentences):,})", sentences))
    counts: dict[str, list[int]] = {}
    for stored in account.entries("changes"):
        sums = counts.setdefault(line(stored.get("table")), [0, 0, 0])
        for place, name in enumerate(("created", "updated", "unchanged")):
            given = stored.get(name)
            sums[place] += len(given) if isinstance(given, list) else whole(given)
    rows = tuple(
        (_table(table), *(f"{n:,}" for n in sums)) for table, sums in counts.items() if any(sums)
    )
    if not lists and not any(sum(sums[:2]) for sums in counts.values()):
        return None
    names = ("rows of", "new", "changed", "as before")
    tables = (ReportTable("How many rows", names, rows, frozenset({1, 2, 3})),) if rows else ()
    title = "What would change" if account.is_dry else "What changed"
    return ReportPart("changes", title, lists=tuple(lists), tables=tables)


def _findings(account: StoredAccount, zone: ZoneInfo) -> list[ReportPart]:
    """What was refused, what was left out and what is doubtful: the worst first."""
    noticed = dict(account.noticed)
    refused = {}
    if account.outcome == SUSPICIOUS and "refused" in noticed:
        refused = {"refused": noticed.pop("refused")}
    kinds = (
        ("refused", "What was refused", refused, "What came differs from what is stored."),
        ("left-out", "Left out", account.entry("leftOut"), "This could not be stored soundly."),
        ("noticed", "Doubtful or remarkable", noticed, "Nothing of this was lost."),
    )
    parts = []
    for id_, title, by_kind, said in kinds:
        columns = ("what", "stored, and what came" if id_ == "refused" else "why")
        tables = tuple(
            ReportTable(_capital(_words(line(kind))), columns, rows)
            for kind, found in by_kind.items()
            if (rows := _found(found, zone))
        )
        if tables:
            parts.append(ReportPart(id_, title, (said,), tables=tables))
    return parts


def _found(found: object, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Findings of one kind; subjects of which the same is said share a row."""
    subjects: dict[str, list[str]] = {}
    for each in entries(found):
        # said of every one of them, and once above
        detail = line(each.get("detail")).removeprefix(_COMPARED).removesuffix(_KEPT)
        subjects.setdefault(in_zone(detail, zone), []).append(line(each.get("subject")))
    return tuple(("; ".join(named), detail) for detail, named in subjects.items())


def _failure(account: StoredAccount) -> ReportPart | None:
    error = account.entry("error")
    if not error or account.outcome == SUSPICIOUS:
        return None
    facts = {
        "Error": line(error.get("class")),
        "Address": line(error.get("url")),
        "HTTP status": line(error.get("status")),
    }
    quotes = {
        "What the provider answered": error.get("snippet"),
        "Where in the code": error.get("trace"),
    }
    waits = account.outcome == "blocked_dependency"
    is_there = line(error.get("class")) not in NOT_THERE and account.key
    ways = (("To read it again", f"dp ingest {account.key}"),) if is_there else ()
    return ReportPart(
        "failure",
        "The failure",
        commands=() if waits else ways,
        lists=(("", tuple(f"{name}: {said}" for name, said in facts.items() if said)),),
        quotes=tuple((name, clean(str(text))) for name, text in quotes.items() if text),
    )


def _operations(account: StoredAccount) -> ReportPart | None:
    begun, total = account.started_at, account.duration_ms
    rows = []
    for each in account.entries("operations"):
        took = whole(each.get("durationMs"))
        failed = each.get("status") == "failed"
        # What followed from the failure is said once, above.
        came = "failed" if failed else _said(each.get("data"))
        rows.append(
            (
                _STEPS.get(line(each.get("step")), line(each.get("step"))),
                _words(line(each.get("operation"))),
                duration(took),
                _bar(begun, total, moment_of(each.get("startTime")), took),
                came,
            )
        )
    columns = ("step", "operation", "took", "when", "result")
    table = ReportTable("Operations in their order", columns, tuple(rows), frozenset({2}))
    return ReportPart("operations", "How it went", tables=(table,)) if rows else None


def _bar(begun: datetime | None, total: int, at: datetime | None, took: int) -> DurationBar:
    if begun is None or at is None or not total:
        return DurationBar(0, 0)
    start = min(max((at - begun).total_seconds() * 1_000 / total, 0), 1)
    return DurationBar(round(start, 4), round(min(took / total, 1 - start), 4))


def _requests(account: StoredAccount) -> ReportPart | None:
    is_replay = account.entry("summary").get("replays") is not None
    rows = []
    for each in account.entries("requests"):
        status, error = line(each.get("status")), _words(line(each.get("error")))
        tries = whole(each.get("attempts"))
        reused = bool(each.get("reused"))
        source = "archive" if is_replay else "read before" if reused else "provider"
        rows.append(
            (
                line(each.get("url")),
                " ".join(filter(None, (status, error))) or "no answer",
                amount(number(each.get("bytes"))),
                "" if reused else duration(round(number(each.get("seconds")) * 1_000)),
                source + (f", {counted(tries, 'try', 'tries')}" if tries > 1 else ""),
            )
        )
    columns = ("address", "answer", "size", "took", "answered by")
    table = ReportTable("Addresses that were needed", columns, tuple(rows), frozenset({2, 3}))
    said = "Read before: in the same run, or archived and not changed since."
    sentences = (said,) if any(row[-1] == "read before" for row in rows) else ()
    return ReportPart("requests", "Requests", sentences, tables=(table,)) if rows else None


def _facts(account: StoredAccount, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    began = account.started_at
    facts = {
        "Tournament": account.key,
        "Began": moment(began, zone) if began else "",
        "Took": duration(account.duration_ms),
        "Operation": account.text("operationType"),
        "Status": ", ".join(dict.fromkeys(filter(None, (account.status, account.outcome)))),
        "Attempt": account.text("attempt"),
        "Execution": account.id,
        "Run": account.text("requestId"),
    }
    return tuple((name, said) for name, said in facts.items() if said)


def _table(name: str) -> str:
    return _TABLES.get(name) or _words(name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> object:
    """An old or new value; what was a time is one again."""
    if isinstance(value, list):
        return " ".join(map(line, value)) or None
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return line(value)
    return value if value is None or isinstance(value, int) else line(value)


def _said(data: object, depth: int = 0) -> str:
    """What an operation noted, in words; a count of zero says nothing."""
    if depth > _DEEPEST or not isinstance(data, Mapping | list):
        return line(data)
    if isinstance(data, list):
        return ", ".join(_said(each, depth + 1) for each in data)
    said = []
    for name, value in data.items():
        inner = _said(value, depth + 1)
        colon = ":" if isinstance(value, Mapping) else ""
        if inner and inner != "0":
            said.append(f"{_label(line(name))}{colon} {inner}")
    return ", ".join(said) if depth else "; ".join(said)


def _label(name: str) -> str:
    return {"leftOut": "left out"}.get(name) or _words(name)


def _web(url: object) -> str | None:
    """An address that a link may lead to."""
    is_web = isinstance(url, str) and url.lower().startswith(("http://", "https://"))
    return clean(url) if is_web and isinstance(url, str) else None
