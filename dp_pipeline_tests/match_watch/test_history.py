"""Seasons of long ago are read as often as anybody likes, and never polled match by match."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.match_watch.cadence import CORRECTED_AFTER
from dp_pipeline.match_watch.due import read_watched
from dp_pipeline_tests.match_watch.reader import HOUR, NOW, Reader, serve_season
from dp_pipeline_tests.providers.openligadb_payloads import match, played, results, round_robin

pytestmark = pytest.mark.slow

THREE_READS = (NOW, NOW + 2 * HOUR, NOW + 6 * HOUR + timedelta(minutes=40))


def in_year(year: int, payload: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Matches of 2024 moved to another year, under ids of their own."""
    return json.loads(
        json.dumps([{**m, "matchID": year * 1_000 + m["matchID"]} for m in payload]).replace(
            '"2024-', f'"{year}-'
        )
    )


def a_league() -> list[dict[str, Any]]:
    return round_robin([1, 2, 3, 4])


def a_league_with_loose_ends() -> list[dict[str, Any]]:
    """Never entered: a result, the end of a match, a kick-off."""
    return [
        *a_league(),
        match(90, 5, 6, order=2),
        match(91, 6, 5, order=2, matchResults=results(t1=(1, 0))),
        match(92, 5, 7, order=2, matchIsFinished=True),
        played(93, 7, 5, (0, 0), matchDateTime=None, matchDateTimeUTC=None),
        match(94, 7, 6, order=3, matchDateTime=None, matchDateTimeUTC=None),
    ]


def a_cup_without_its_final() -> list[dict[str, Any]]:
    return [
        played(1, 1, 2, (1, 0), order=1, group="Halbfinale"),
        played(2, 3, 4, (0, 2), order=1, group="Halbfinale"),
    ]


@pytest.mark.parametrize("seasons", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_seasons_of_long_ago_read_three_times_are_polled_never(
    reader: Reader, seasons: int
) -> None:
    kinds = (a_league, a_league, a_league_with_loose_ends, a_cup_without_its_final, a_league)
    keys = [
        serve_season(reader.service, "hist", year, in_year(year, kinds[year % len(kinds)]()))
        for year in range(2024 - seasons, 2024)
    ]
    for at in THREE_READS:
        executions = reader.ingest(at, *keys)
        assert len(executions) == len(keys) * len(NAMES)
        assert "failed" not in {execution.status for execution in executions}
        assert (reader.scheduled(), reader.due(at)) == (0, [])
    assert reader.due(NOW + timedelta(days=200)) == []


@pytest.mark.parametrize("hours", [3, 30, 60])
def test_what_ended_before_it_was_first_seen_is_history_however_lately_it_ended(
    reader: Reader, hours: int
) -> None:
    kickoff = NOW - hours * HOUR
    moment: dict[str, Any] = {"matchDateTimeUTC": kickoff.isoformat()}
    key = serve_season(reader.service, "late", 2026, [played(1, 1, 2, (3, 1), **moment)])
    for at in THREE_READS:
        reader.ingest(at, key)
        assert reader.scheduled() == 0
    # A fixture that is entered with its result is met like that, too.
    more = [played(1, 1, 2, (3, 1), **moment), played(2, 2, 1, (0, 1), **moment)]
    serve_season(reader.service, "late", 2026, more)
    for at in (NOW + 8 * HOUR, NOW + 9 * HOUR):
        reader.ingest(at, key)
        assert reader.scheduled() == 0


def test_a_match_stored_before_matches_were_watched_is_met_with_its_first_look(
    reader: Reader,
) -> None:
    kickoff = NOW - 30 * HOUR
    fields: dict[str, Any] = {"matchDateTimeUTC": kickoff.isoformat()}
    key = serve_season(reader.service, "old", 2026, [match(1, 1, 2, **fields)])
    reader.ingest(kickoff - 9 * HOUR, key)
    with reader.database.transaction() as connection:
        connection.execute(sa.delete(tables.match_watch))
    serve_season(reader.service, "old", 2026, [played(1, 1, 2, (3, 1), **fields)])
    for at in THREE_READS:
        reader.ingest(at, key)
        assert reader.scheduled() == 0


def test_an_end_that_is_entered_or_decided_months_later_was_not_seen(reader: Reader) -> None:
    kickoff = NOW - 100 * 24 * HOUR
    fields: dict[str, Any] = {"matchDateTimeUTC": kickoff.isoformat()}
    still_open = [match(n, n, 10 + n, **fields) for n in range(1, 6)]
    key = serve_season(reader.service, "open", 2026, still_open)
    reader.ingest(kickoff - HOUR, key)
    over = [played(n, n, 10 + n, (2, 0), **fields) for n in range(1, 6)]
    serve_season(reader.service, "open", 2026, over)
    for at in THREE_READS:
        reader.ingest(at, key)
        assert reader.scheduled() == 0


@pytest.mark.parametrize("refreshed_after", [None, 1, 5])
def test_a_match_whose_end_was_seen_is_read_once_more_and_no_oftener(
    reader: Reader, refreshed_after: int | None
) -> None:
    kickoff = NOW
    fields: dict[str, Any] = {"matchDateTimeUTC": kickoff.isoformat()}
    before = [played(n, n, 10 + n, (1, 0)) for n in range(2, 6)]
    states = {
        0: match(1, 1, 11, order=2, **fields),
        30: match(1, 1, 11, order=2, matchResults=results(t1=(1, 0)), **fields),
        110: played(1, 1, 11, (2, 1), order=2, **fields),
    }
    key = serve_season(reader.service, "live", 2026, [*before, states[0]])
    reader.ingest(kickoff - 3 * HOUR, key)
    assert reader.scheduled() == 1, "of the others, the end was not seen"
    reader.poll(kickoff)
    for minutes, state in states.items():
        serve_season(reader.service, "live", 2026, [*before, state])
        reader.poll(kickoff + timedelta(minutes=minutes + 1))
    over = kickoff + timedelta(minutes=111)
    assert reader.scheduled() == 1
    if refreshed_after is not None:
        reader.ingest(over + refreshed_after * HOUR, key)
    assert reader.due(over + CORRECTED_AFTER - timedelta(minutes=1)) == []
    assert reader.due(over + CORRECTED_AFTER) == [key]
    reader.service.requested.clear()
    reader.poll(over + CORRECTED_AFTER)
    assert len(reader.service.requested) == 1
    for days in range(1, 9):
        reader.ingest(over + CORRECTED_AFTER + timedelta(days=days), key)
        assert reader.scheduled() == 0


@pytest.mark.parametrize(
    ("name", "key", "watched"),
    [
        ("openliga_bl2425.json", "openligadb:bl1:2024", 0),
        ("openliga_bl2526_20260321.json", "openligadb:bl1:2025", 71),  # 4 live, 67 to come
        ("openliga_dfb2526.json", "openligadb:dfb:2025", 2),
    ],
)
def test_of_a_recorded_season_only_what_is_open_is_watched(
    reader: Reader, recordings: Path, name: str, key: str, watched: int
) -> None:
    text = (recordings / "openligadb" / name).read_text(encoding="utf-8")
    payload = json.loads(text[text.index("[") :])
    _, league, year = key.split(":")
    serve_season(reader.service, league, int(year), payload)
    recorded = datetime(2026, 3, 21, 15, 0, tzinfo=UTC)
    for hours in (0.0, 2.0, 6 + 2 / 3):
        reader.ingest(recorded + hours * HOUR, key)
        with reader.database.transaction() as connection:
            w, m = tables.match_watch.c, tables.match.c
            due = connection.execute(
                sa.select(m.status, sa.func.count())
                .join(tables.match, m.id == w.match_id)
                .where(w.due_at.is_not(None))
                .group_by(m.status)
            )
            found = {row[0]: row[1] for row in due}
        assert "ended" not in found
        if hours == 0:
            assert sum(found.values()) == watched
    with reader.database.transaction() as connection:
        now = recorded + 7 * HOUR
        assert len(read_watched(connection, TournamentKey.parse(key)).due(now).matches) <= 4


def test_a_provider_whose_address_cannot_be_used_is_not_polled_without_end(reader: Reader) -> None:
    moment: dict[str, Any] = {"matchDateTimeUTC": (NOW - HOUR).isoformat()}
    key = serve_season(reader.service, "now", 2026, [match(1, 1, 2, **moment)])
    reader.ingest(NOW, key)
    later = NOW + HOUR
    assert reader.due(later) == [key]
    reader.url = "htp:/nonsense"
    (execution,) = reader.poll(later)
    assert execution.status == "failed"
    assert reader.due(later) == []


def test_a_kickoff_that_comes_while_a_season_is_fetched_is_polled(reader: Reader) -> None:
    class Hours(list[str]):
        """Requests that take eight hours each, as in a simulated world on a busy machine."""

        def append(self, path: str) -> None:
            super().append(path)
            reader.now += 8 * HOUR

    kickoff: dict[str, Any] = {
        "matchDateTime": None,
        "matchDateTimeUTC": f"{NOW + HOUR:%Y-%m-%dT%H:%M:%SZ}",
    }
    payload = [match(n, n, n + 1, **kickoff) for n in (1, 3, 5)]
    key = serve_season(reader.service, "bl1", 2026, payload)
    reader.service.requested = Hours()
    ended = reader.ingest(NOW, key)
    assert {each.status for each in ended} == {"completed"}
    assert reader.now > NOW + 12 * HOUR
    assert reader.scheduled() == len(payload)
    assert reader.due(reader.now) == [key]
