"""The run that requests the seasons of followed competitions from their providers."""

from typing import Any

import dagster as dg
import sqlalchemy as sa
from starlette.responses import PlainTextResponse

from dp_pipeline.competitions.seasons import CHECK, DISCOVER_JOB
from dp_pipeline.database import tables
from dp_pipeline.definitions import build
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.competitions.place import BL1, EN1, Place, requested
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


def leagues(*entries: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "leagueId": number,
            "leagueName": f"{shortcut} {year}",
            "leagueShortcut": shortcut,
            "leagueSeason": str(year),
            "sport": None,
        }
        for number, (shortcut, year) in enumerate(entries)
    ]


def discover(place: Place, replay: Replay) -> dg.ExecuteInProcessResult:
    with serve(replay.app()) as url:
        definitions = build(
            {
                "database": DatabaseResource(url=place.url),
                "providers": ProvidersResource(base_urls={"openligadb": url, "openfootball": url}),
            }
        )
        return definitions.resolve_job_def(DISCOVER_JOB).execute_in_process(
            instance=place.instance, raise_on_error=False
        )


def check(result: dg.ExecuteInProcessResult) -> tuple[bool, str]:
    (found,) = result.get_asset_check_evaluations()
    assert found.check_name == CHECK
    return found.passed, found.description or ""


def listed(place: Place) -> dict[str, bool]:
    table = tables.competition_season
    with place.database.transaction() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.key)).mappings().all()
    return {row["key"]: row["approved_at"] is not None for row in rows}


def test_seasons_are_listed_and_those_the_file_approves_are_approved(place: Place) -> None:
    place.follow(BL1, "{provider: openligadb, competition: bl2, seasons_back: 9}")
    found = leagues(("bl1", 2026), ("bl1", 2025), ("bl2", 2026), ("other", 2026))
    replay = Replay(payloads={"/getavailableleagues": found})
    result = discover(place, replay)
    assert result.success
    assert check(result) == (True, "All are.")
    assert listed(place) == {
        "openligadb:bl1:2025": False,
        "openligadb:bl1:2026": True,
        "openligadb:bl2:2026": False,
    }
    assert replay.seen == {"/getavailableleagues": 1}, "one list serves all of its competitions"
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["new"].value == 3
    assert metadata["waiting_for_approval"].value == 1


def test_a_competition_that_fails_stops_no_other_and_the_run_says_which(place: Place) -> None:
    place.follow(BL1, "{provider: openligadb, competition: bl9}", EN1)
    replay = Replay(
        payloads={"/getavailableleagues": leagues(("bl1", 2026))},
        fault=lambda path: PlainTextResponse("no", 403) if "en.1" in path else None,
    )
    result = discover(place, replay)
    assert not result.success
    assert listed(place) == {"openligadb:bl1:2026": True}
    passed, said = check(result)
    assert not passed
    assert "openligadb:bl9: The provider has no season of it; is it written rightly?" in said
    assert "openfootball:en.1: " in said
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "2 of 3 followed competitions could not be read" in str(failed.event_specific_data)


def test_an_empty_list_takes_nothing_away(place: Place) -> None:
    place.follow(BL1)
    replay = Replay(payloads={"/getavailableleagues": leagues(("bl1", 2026))})
    discover(place, replay)
    before = listed(place)
    replay.payloads["/getavailableleagues"] = []
    result = discover(place, replay)
    assert not result.success
    assert "lists no season of it any more; those stored before were kept" in check(result)[1]
    assert listed(place) == before
    assert requested(place.tick()) == ["openligadb:bl1:2026"]


def test_without_followed_competitions_nobody_is_asked(place: Place) -> None:
    replay = Replay()
    assert discover(place, replay).success
    assert not replay.seen
