"""What the pages of Dagster show of an execution."""

from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from dp_pipeline.assets.drive import describe
from dp_pipeline.assets.metadata import (
    failure_in_words,
    failure_metadata,
    materialization_metadata,
    observation_metadata,
)
from dp_pipeline.assets.run_names import LONGEST, named
from dp_pipeline.assets.runner import require
from dp_pipeline.database import tables
from dp_pipeline.domains.key_figures import key_figures
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.ledger.errors import BlockedDependencyError
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.providers.errors import InvalidTournamentKeyError, OtherSportError
from dp_pipeline_tests.domains.season import stored_season


def test_a_dry_run_hides_nothing_of_what_was_materialized_before() -> None:
    # Dagster shows an observation's entry in the place of an equally named one.
    planned = Execution(Run(uuid4(), scope="dry_run"), "openligadb:bl1:2024", uuid4(), "goals")
    planned.finish()
    shown = observation_metadata(planned)
    assert shown["dry run: outcome"] == "planned"
    assert shown.keys() & materialization_metadata(planned).keys() == set()
    assert not any(name.startswith("dagster/") for name in shown), "it would count rows"


def test_the_tournament_and_its_data_come_first_and_ids_last() -> None:
    read = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "standings")
    read.label, read.preview = "1. Bundesliga 2024/25", [{"team": "Bayern", "points": 3}]
    read.finish()
    shown = materialization_metadata(read)
    names = list(shown)
    assert names[:2] == ["tournament", "preview"]
    assert names[-1] == "execution_id"
    assert (shown["provider"], shown["licence"]) == ("OpenLigaDB", "ODbL 1.0")


def test_what_changed_is_a_line_for_each_row_and_times_are_those_of_the_zone() -> None:
    read = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "matches")
    read.zone = ZoneInfo("Europe/Berlin")
    read.preview = [{"kick-off": "2026-11-28 23:30 UTC", "goals": 3}]
    row = {"table": "match", "row": "Köln - Bremen"}
    read.note_changes(
        [
            {**row, "field": "status", "from": "scheduled", "to": "ended"},
            {**row, "field": "home_score", "from": None, "to": 2},
            {**row, "field": "away_score", "from": None, "to": 1},
        ]
    )
    read.finish()
    shown = materialization_metadata(read)
    (line,) = shown["changed"].records
    words = "result none -> 2:1, status scheduled -> ended"
    assert line.data == {"table": "match", "row": "Köln - Bremen", "changed": words}
    (line,) = shown["preview"].records
    assert line.data == {"kick-off": "2026-11-29 00:30 Europe/Berlin", "goals": 3}


def test_numbers_are_what_is_worth_a_plot_and_bookkeeping_is_said_in_words() -> None:
    read = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "matches")
    read.figures = key_figures(MATCHES, stored_season())
    read.finish()
    shown = materialization_metadata(read)
    numbers = {name for name, value in shown.items() if isinstance(value, int | float)}
    assert numbers == {
        *("matches played", "goals per match", "number of findings"),
        "dagster/partition_row_count",
    }
    assert (shown["matches played"], shown["goals per match"]) == (1, 3.0)
    assert shown["rows"] == "0 created, 0 updated, 0 unchanged, 0 left out"
    assert shown["work"].endswith(" s")


def test_a_table_has_the_points_of_its_leader_and_several_tables_have_none() -> None:
    told = stored_season()
    assert key_figures(MATCHES, told.only(tables.match, {})) == {"matches played": 0}
    assert key_figures(STANDINGS, told) == {}
    columns = {"stage": None, "group_name": None, "superseded": False, "form": [], "computed": True}
    row = {column.name: 1 for column in tables.tournament_standing.c} | columns
    team = next(iter(told.rows(tables.team)))
    rows = {
        place: {**row, "position": place, "points": 9 - place, "team_id": team} for place in (1, 2)
    }
    standing = told.only(tables.tournament_standing, rows)  # ty: ignore[invalid-argument-type]
    assert key_figures(STANDINGS, standing) == {"points of the leader": 8}


def test_what_failed_says_why_and_hides_nothing_that_was_materialized() -> None:
    failed = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "goals")
    failed.fail(ValueError("no such season"))
    failed.finish()
    shown = failure_metadata(failed)
    assert failed.failure is not None
    assert shown["failed: because"] == failed.failure.message
    assert shown.keys() & materialization_metadata(failed).keys() == set()


def test_what_was_not_begun_gives_the_reason_of_the_first_failure() -> None:
    run, key, failed = Run(uuid4()), "openligadb:bl1:2024", {}
    failed["tournaments"] = Execution(run, key, uuid4(), "tournaments")
    failed["tournaments"].fail(ValueError("no such season"))
    for domain in ("teams", "rounds", "matches"):
        failed[domain] = Execution(run, key, uuid4(), domain)
        with pytest.raises(BlockedDependencyError) as blocked:
            require(failed[domain], failed)
        failed[domain].fail(blocked.value)
    shown = failure_metadata(failed["matches"])
    first = failed["tournaments"].failure
    assert first is not None
    assert shown["failed: because"].startswith("Not begun, because `tournaments` of")
    reasons = {name: said for name, said in shown.items() if "reason of" in name}
    assert reasons == {"failed: reason of tournaments": first.message}


def test_what_is_no_tournament_says_once_what_becomes_of_its_partition() -> None:
    error = InvalidTournamentKeyError("The tournament key 'nonsense' needs three parts.")
    typed = Execution(Run(uuid4()), "nonsense", uuid4(), "tournaments")
    typed.fail(error)
    cure = "at once by `dp remove nonsense`."
    assert failure_in_words(typed).startswith(str(error))
    assert failure_in_words(typed).endswith(cure)
    blocked = Execution(typed.run, "nonsense", uuid4(), "teams")
    with pytest.raises(BlockedDependencyError) as because:
        require(blocked, {"tournaments": typed})
    blocked.fail(because.value)
    assert describe([typed, blocked], 1).count(cure) == 1
    assert "Not begun" not in describe([typed, blocked], 1)
    other = Execution(typed.run, "openligadb:nfl:2024", uuid4(), "tournaments")
    other.fail(OtherSportError.of("NFL 2024", "American football"))
    assert "`dp remove openligadb:nfl:2024`" in failure_in_words(other)
    for run in (Run(uuid4(), at_terminal=True), Run(uuid4(), scope="dry_run")):
        keeps = Execution(run, "nonsense", uuid4(), "tournaments")
        keeps.fail(error)
        assert failure_in_words(keeps) == str(error)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["a:b:1"], "Bundesliga 2024/25"),
        (["a:b:1", "a:c:1"], "2 tournaments: Bundesliga 2024/25, a:c:1"),
        (list("123456"), "6 tournaments: 1, 2, 3, …"),
    ],
)
def test_a_run_is_called_by_the_names_of_its_tournaments(keys: list[str], said: str) -> None:
    assert named(keys, {"a:b:1": "Bundesliga 2024/25"}) == said


def test_the_name_of_a_run_fits_into_its_column() -> None:
    assert len(named(["a:b:1"], {"a:b:1": "Bundesliga \n" * 99})) == LONGEST


@pytest.mark.parametrize(
    ("url", "has_page", "report", "to_read_it"),
    [
        ("https://cdn.example.org/a.json", True, "https://cdn.example.org/a.html", None),
        ("https://cdn.example.org/a.json", False, "https://cdn.example.org/a.json", None),
        ("file:///srv/dp%20home/a.json", True, "/srv/dp home/a.html", "dp report 00000000"),
        ("s3://reports/a.json", True, "dp report 00000000", None),
    ],
)
def test_a_report_is_linked_where_a_link_opens_it_and_has_its_command_elsewhere(
    url: str, report: str, to_read_it: str | None, *, has_page: bool
) -> None:
    execution = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "teams", id=UUID(int=7))
    execution.report_url, execution.has_page = url, has_page
    execution.finish()
    metadata = materialization_metadata(execution)
    assert getattr(metadata["report"], "value", metadata["report"]) == report
    assert metadata.get("to read it") == to_read_it
