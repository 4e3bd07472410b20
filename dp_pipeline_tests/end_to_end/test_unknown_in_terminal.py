"""`dp ingest` of a tournament that does not exist: a sentence, exit 1, and nothing that lasts."""

from collections.abc import Iterator

import dagster as dg
import pytest
from starlette.responses import Response

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.end_to_end.world import World, until, world

UNKNOWN = {
    "openfootball:en.1:2024": "openfootball has no file 2024/en.1.json; did you mean "
    "openfootball:en.1:2024-25?",
    "openligadb:bl9:2024": "OpenLigaDB has no matches for bl9 2024; did you mean "
    "openligadb:bl1:2024?",
    "openligadb:bl1:2031": "OpenLigaDB has no matches for bl1 2031; did you mean "
    "openligadb:bl1:2025 or openligadb:bl1:2024?",
}
ANNOUNCED = "openligadb:bl1:2025"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        liga = made.environment["OPENFOOTBALL_BASE_URL"]
        monkeypatch.setenv("OPENLIGADB_BASE_URL", liga)
        made.environment = {**made.environment, "OPENLIGADB_BASE_URL": liga}
        made.replay.payloads = {
            **healthy(),
            "/getavailableleagues": [
                {"leagueShortcut": "bl1", "leagueSeason": year, "leagueName": "Liga"}
                for year in (2024, 2025)
            ],
        }
        yield made


def partitions(place: World) -> set[str]:
    return set(place.instance.get_dynamic_partitions("tournaments"))


def test_it_is_said_what_there_is_and_nothing_is_registered_or_told(place: World) -> None:
    assert place.ingest(LIGA, *UNKNOWN, ANNOUNCED) == 1
    for key, sentence in UNKNOWN.items():
        assert f"{key} is not registered: {sentence}\n" in place.log()
    assert "Traceback" not in place.log()
    assert partitions(place) == {LIGA, ANNOUNCED}
    rows = place.executions()
    missing = [row for row in rows if row["tournament_key"] in UNKNOWN]
    assert len(missing) == len(UNKNOWN) * len(NAMES)
    assert {row["status"] for row in missing} == {"failed"}
    errors = [row for row in missing if row["outcome"] != "blocked_dependency"]
    assert {row["error_class"] for row in errors} == {"TournamentNotFoundError"}
    assert {row["error_text"] for row in errors} == set(UNKNOWN.values())
    for _ in range(2):
        place.tick()
    told = str(place.slack.accepted)
    assert LIGA in told
    assert not any(key in told for key in UNKNOWN)
    assert {row["status"] for row in place.executions() if row["tournament_key"] == ANNOUNCED} == {
        "completed"
    }


def test_a_tournament_is_registered_when_its_provider_has_answered_and_not_before(
    place: World,
) -> None:
    with place.gate.closed():
        worker = place.worker(LIGA)
        until("a request", lambda: place.gate.waiting)
        assert partitions(place) == set()
    until("its partition", lambda: partitions(place))
    worker.join(60)
    assert worker.exitcode == 0, place.log()
    assert place.instance.get_materialized_partitions(dg.AssetKey("matches")) == {LIGA}


@pytest.mark.parametrize(
    "status", [503, *(pytest.param(n, marks=pytest.mark.slow) for n in (403, 404, 429, 500))]
)
def test_a_provider_that_does_not_answer_takes_no_stored_tournament_away(
    place: World, status: int
) -> None:
    assert place.ingest(FILE) == 0, place.log()
    place.replay.fault = lambda _: Response(status_code=status)
    assert place.ingest(FILE) == 1
    place.tick()
    assert partitions(place) == {FILE}


@pytest.mark.parametrize(
    "status", [403, *(pytest.param(n, marks=pytest.mark.slow) for n in (429, 500))]
)
def test_one_of_which_the_provider_says_nothing_is_neither_registered_nor_called_missing(
    place: World, status: int
) -> None:
    place.replay.fault = lambda _: Response(status_code=status)
    assert place.ingest(FILE) == 1
    assert partitions(place) == set()
    log = " ".join(place.log().split())
    assert f"HTTP {status} for {MATCHES_OF[FILE]}" in log
    assert f"{FILE} is not registered: nobody has confirmed that it exists." in log
    # One that somebody registered stays, for the next try.
    place.instance.add_dynamic_partitions("tournaments", [FILE])
    assert place.ingest(FILE) == 1
    place.tick()
    assert partitions(place) == {FILE}


def test_blanks_and_capitals_are_tidied_and_one_tournament_is_ingested_once(place: World) -> None:
    assert place.ingest(" OpenLigaDB:BL1:2024 ", LIGA, "openligadb : bl1\u200b:2024\n") == 0
    assert partitions(place) == {LIGA}
    assert {row["tournament_key"] for row in place.executions()} == {LIGA}
    assert len(place.executions()) == len(NAMES)


def test_a_stored_tournament_gets_its_partition_back_whatever_becomes_of_the_run(
    place: World,
) -> None:
    assert place.ingest(LIGA) == 0, place.log()
    place.instance.delete_dynamic_partition("tournaments", LIGA)
    place.replay.fault = lambda _: Response(status_code=500)
    assert place.ingest(LIGA) == 1
    assert partitions(place) == {LIGA}
