"""A poll of a match takes its goals along; nothing else is requested for them."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from dp_pipeline_tests.match_watch.reader import HOUR, NOW, Reader, serve_season
from dp_pipeline_tests.providers.openligadb_payloads import goals, match, played, results


def scorers(reader: Reader) -> list[tuple[str, str, int]]:
    wanted = sa.text("SELECT scorer, team, goals FROM goalscorers ORDER BY goals DESC, scorer")
    with reader.database.transaction() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def by(name: str, *entries: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [entry | {"goalGetterName": name} for entry in goals(*entries)]


BEFORE = [played(n, n, 10 + n, (1, 0), goals=by("Kane", (1, 0, 9))) for n in range(2, 6)]
FIELDS: dict[str, Any] = {"order": 2, "matchDateTimeUTC": NOW.isoformat()}


def served(reader: Reader, live: dict[str, Any]) -> str:
    return serve_season(reader.service, "live", 2026, [*BEFORE, live])


def polled(reader: Reader, minutes: int) -> dict[str, tuple[str, int, int]]:
    reader.service.requested.clear()
    found = reader.poll(NOW + timedelta(minutes=minutes))
    return {e.domain: (e.outcome, e.created, e.updated) for e in found}


def test_goals_come_and_go_with_the_polls_of_their_match(reader: Reader) -> None:
    one, two = by("Musiala", (1, 0, 20)), by("Undav", (1, 1, 55))
    key = served(reader, match(1, 1, 11, **FIELDS))
    ingested = {e.domain: (e.outcome, e.created) for e in reader.ingest(NOW - 3 * HOUR, key)}
    assert ingested["goals"] == ("written", 4)
    assert [row[:1] for row in scorers(reader)] == [("Kane",)] * 4

    served(reader, match(1, 1, 11, goals=one, matchResults=results(t1=(1, 0)), **FIELDS))
    assert polled(reader, 31)["goals"] == ("written", 1, 0)
    assert reader.service.requested == ["/getmatchdata/1"]
    assert ("Musiala", "FC Nummer 1", 1) in scorers(reader)
    assert "goals" not in polled(reader, 35), "without news there is no execution either"

    served(reader, match(1, 1, 11, goals=[*one, *two], **FIELDS))
    assert polled(reader, 60)["goals"] == ("written", 1, 0)
    served(reader, match(1, 1, 11, goals=one, **FIELDS))
    assert polled(reader, 62)["goals"] == ("written", 0, 1), "it was offside"
    assert all(name != "Undav" for name, *_ in scorers(reader))
    served(reader, match(1, 1, 11, goals=[], **FIELDS))
    assert polled(reader, 64)["goals"] == ("written", 0, 1), "so was the other one"

    served(reader, played(1, 1, 11, (1, 1), goals=[*one, *two], **FIELDS))
    found = polled(reader, 112)
    assert found["matches"][0] == "written"
    assert found["goals"] == ("written", 0, 2)
    assert {name for name, *_ in scorers(reader)} == {"Kane", "Musiala", "Undav"}


def test_a_poll_that_changes_rows_makes_the_checks_and_tells_those_that_change(
    reader: Reader,
) -> None:
    key = served(reader, match(1, 1, 11, **FIELDS))
    reader.ingest(NOW - 3 * HOUR, key)
    assert reader.heard["goals_come_to_the_result"]
    live = match(1, 1, 11, matchResults=results(t1=(1, 0)), **FIELDS)
    served(reader, live)
    assert polled(reader, 31)["matches"][0] == "written"
    assert reader.heard == {}, "they came to the same"
    served(reader, played(1, 1, 11, (2, 0), goals=by("Kane", (1, 0, 9)), **FIELDS))
    assert polled(reader, 112)["matches"][0] == "written"
    assert reader.heard == {"goals_come_to_the_result": False}
    reader.ingest(NOW + 2 * HOUR, key)
    assert reader.heard == {}, "nothing changed"


@pytest.mark.parametrize("lists", [None, []])
def test_a_whole_read_without_any_list_leaves_the_goals_as_they_are(
    reader: Reader, lists: Any
) -> None:
    key = served(reader, played(1, 1, 11, (1, 0), goals=by("Kane", (1, 0, 3)), **FIELDS))
    reader.ingest(NOW + 100 * HOUR, key)
    before = scorers(reader)
    emptied = [{**one, "goals": lists} for one in BEFORE]
    serve_season(reader.service, "live", 2026, emptied)
    found = {e.domain: e.outcome for e in reader.ingest(NOW + 130 * HOUR, key)}
    assert found["matches"] != "failed"
    assert found["goals"] == "suspicious_payload"
    assert scorers(reader) == before


def test_a_provider_that_lists_no_goals_is_not_applicable(reader: Reader) -> None:
    key = serve_season(reader.service, "live", 2026, [{**one, "goals": []} for one in BEFORE])
    found = {e.domain: e.outcome for e in reader.ingest(NOW, key)}
    assert found["goals"] == "not_applicable"
    ahead = serve_season(reader.service, "next", 2027, [match(7, 1, 11, **FIELDS)])
    found = {e.domain: e.outcome for e in reader.ingest(NOW - HOUR, ahead)}
    assert found["goals"] == "nothing_yet"
