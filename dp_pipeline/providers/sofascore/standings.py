"""SofaScore's tables where they can be believed, else those the matches come to; the form."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.models import COUNTED, Match, Standing
from dp_pipeline.football.table import FORM_LENGTH, compute_standings
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.sofascore.addresses import SOFASCORE
from dp_pipeline.providers.sofascore.parse import FormEvents, TablePayload
from dp_pipeline.providers.sofascore.payload import FormEventPayload
from dp_pipeline.providers.sofascore.stages import NOWHERE, Place, place_of
from dp_pipeline.providers.tables import differences, fault_of

# "Third-placed teams", "Ranking of third-placed teams", "Best runners-up"
_RANKING = re.compile(
    r"\b(?:third|3rd|second|2nd|fourth|4th)[ -]?plac(?:e|ed)\b|\branking\b"
    r"|\bbest (?:third|3rd|runner)|\brunners?-up\b",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\b(?:group|grup\w?|grupp[eo]|groupe|girone|poule)\b", re.IGNORECASE)
# "Eastern Conference"; "Conference League 25/26" is the table of a whole competition
_CONFERENCE = re.compile(r"\bconference\Z", re.IGNORECASE)
_OUTCOMES = {1: ("W", "L"), 2: ("L", "W"), 3: ("D", "D")}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a season by their place, and findings about the others."""

    by_place: Mapping[Place, TablePayload]
    findings: tuple[Finding, ...] = ()


def tables_of(payloads: Iterable[TablePayload]) -> Tables:
    """Each table at its (stage, group); rankings across groups are no tables of matches.

    The tables of conferences are of the whole competition but for their names (recorded of the NBA,
    2021/22), which are their stages. So it is with others at one place: the one over all teams
    keeps it.
    """
    findings = []
    named: list[tuple[Place, TablePayload]] = []
    for given in payloads:
        table = given
        name = table.name or (table.stage.name if table.stage else None) or "a table"
        if _RANKING.search(name):
            detail = "It ranks teams of several groups and is no table of matches; not stored."
            findings.append(Finding("ranking_table", name, detail))
            continue
        stage, group = place_of(table.stage)
        if group is None and table.name and _GROUP.match(table.name):
            group = table.name
        elif (stage, group) == NOWHERE and table.name and _CONFERENCE.search(table.name):
            stage = table.name
        slots = [row.team.name for row in table.rows if is_place_in_draw(row.team.name)]
        if slots:
            detail = f"{' and '.join(slots)} are places in the draw, not teams; left out of it."
            findings.append(Finding("placeholder_team", name, detail))
            rows = tuple(row for row in table.rows if row.team.name not in slots)
            if not rows:
                continue
            table = replace(table, rows=rows)
        named.append(((stage, group), table))
    at_place: dict[Place, list[TablePayload]] = {}
    for place, table in sorted(named, key=lambda one: _table_order(one[1])):
        at_place.setdefault(place, []).append(table)
    whole = {id(table) for tables in at_place.values() if (table := _over_all(tables))}
    by_place: dict[Place, TablePayload] = {}
    for place, table in ((p, table) for p, tables in at_place.items() for table in tables):
        free = place if id(table) in whole else (table.name or place[0], place[1])
        if free in by_place:
            detail = "There is another table of the same stage and group; this one is not stored."
            findings.append(
                Finding("duplicate_table", table.name or "a table", detail, left_out=True)
            )
        else:
            by_place[free] = table
    order = {id(table): index for index, (_, table) in enumerate(named)}
    ordered = sorted(by_place.items(), key=lambda entry: order[id(entry[1])])
    return Tables(dict(ordered), tuple(findings))


def standings_of(
    tables: Tables,
    season: Sequence[Match],
    form: FormEvents,
    *,
    has_season: bool,
    who: str = SOFASCORE,
) -> Fetched[Standing]:
    """Every row of every table.

    `season` are the matches a table can be made of, `has_season` whether there can be such; `who`
    has the tables, as a sentence begins.
    """
    computed = _by_place(compute_standings(season)) if season else {}
    if not tables.by_place:
        return _without_tables(computed, season, tables.findings, has_season=has_season, who=who)
    rows: list[Standing] = []
    findings = list(tables.findings)
    for place, table in tables.by_place.items():
        ours = computed.get(place, {})
        if len(tables.by_place) == len(computed) == 1:
            ours = next(iter(computed.values()))  # one table, whatever the stages are called
        name = table.name or "Table"
        standings = _rows(place, table, ours, form)
        fault = table.fault or fault_of(standings, ours)
        if fault is None:
            rows += standings
            findings += table.findings
            names = {str(row.team.id): row.team.name for row in table.rows}
            findings += differences(who, standings, ours, names.__getitem__, name)
            continue
        instead = [replace(row, stage=place[0], group_name=place[1]) for row in ours.values()]
        rows += instead
        tail = "This one follows from the matches." if instead else "There is none instead."
        detail = f"{who}'s table is not used: {fault}. {tail}"
        findings.append(Finding("provider_table_rejected", name, detail, left_out=not instead))
    if not rows:
        because = f"{who} has no table that can be used, and there are no matches to make one of."
        return Fetched(findings=tuple(findings), absent=Absence("nothing_yet", because))
    return Fetched(tuple(rows), tuple(findings))


def form_of(events: Iterable[FormEventPayload], team: str) -> tuple[str, ...]:
    """The last five results of a team by winnerCode, oldest first; each event counts once."""
    unique = {event.id: event for event in sorted(events, key=repr)}
    results = []
    for event in sorted(unique.values(), key=lambda e: (e.start_timestamp or _LONG_AGO, e.id)):
        outcome = _OUTCOMES.get(event.winner_code or 0)
        if outcome and team in (str(event.home_team), str(event.away_team)):
            results.append(outcome[team != str(event.home_team)])
    return tuple(results[-FORM_LENGTH:])


def _without_tables(
    computed: Mapping[Place, Mapping[str, Standing]],
    season: Sequence[Match],
    findings: tuple[Finding, ...],
    *,
    has_season: bool,
    who: str,
) -> Fetched[Standing]:
    if not has_season:
        because = "A knockout tournament has no table."
        return Fetched(findings=findings, absent=Absence("not_applicable", because))
    if not any(match.status in COUNTED for match in season):
        because = f"{who} has no table yet, and no match has ended."
        return Fetched(findings=findings, absent=Absence("nothing_yet", because))
    rows = tuple(row for table in computed.values() for row in table.values())
    detail = f"{who} has no table; this one follows from the matches."
    return Fetched(rows, (*findings, Finding("table_computed", "Table", detail)))


def _by_place(rows: Iterable[Standing]) -> dict[Place, dict[str, Standing]]:
    tables: dict[Place, dict[str, Standing]] = {}
    for row in rows:
        tables.setdefault((row.stage, row.group_name), {})[row.team] = row
    return tables


def _rows(
    place: Place, table: TablePayload, computed: Mapping[str, Standing], form: FormEvents
) -> list[Standing]:
    stage_id = str(table.stage.id) if table.stage and table.stage.id else ""
    ordered = sorted(enumerate(table.rows, start=1), key=lambda one: one[1].position or one[0])
    rows = []
    for position, row in ordered:
        team = str(row.team.id)
        by_matches = computed[team].form if team in computed else ()
        by_events = form_of(form.get((stage_id, team), ()), team)
        rows.append(
            Standing(
                team=team,
                position=row.position or position,
                games=row.matches,
                wins=row.wins,
                draws=row.draws,
                losses=row.losses,
                goals_for=row.scores_for,
                goals_against=row.scores_against,
                points=row.points,
                stage=place[0],
                group_name=place[1],
                # a list cut short, or none: the matches know as much
                form=by_events if len(by_events) >= len(by_matches) else by_matches,
                rule=table.rule,
            )
        )
    return rows


def _over_all(tables: Sequence[TablePayload]) -> TablePayload | None:
    """The table with most teams, of several the one called as the competition; or None of them."""
    most = max(len(table.rows) for table in tables)
    largest = [table for table in tables if len(table.rows) == most]
    if len({table.name for table in largest}) > 1:  # two zones, or Apertura, Clausura and both
        largest = [table for table in largest if _is_called_as_competition(table)]
    return largest[0] if largest else None


def _is_called_as_competition(table: TablePayload) -> bool:
    unique = table.stage.unique_tournament if table.stage else None
    competition = unique.name.casefold() if unique and unique.name else None
    return bool(competition and (table.name or "").casefold().startswith(competition))


def _table_order(table: TablePayload) -> tuple[int, str]:
    return ((table.stage.id if table.stage else None) or 0, table.name or "")
