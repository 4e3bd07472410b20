"""A poll when something is wrong: provider, table, another run, a process that dies."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.ledger.liveness import tournament_lock
from dp_pipeline.match_watch.due import change
from dp_pipeline.match_watch.watch import BACKOFF
from dp_pipeline.sandbox.world import calendar
from dp_pipeline_tests.match_watch.first_match import (
    AFTER,
    DURING,
    KEY,
    begun,
    break_down,
    end_pause,
    paused,
    watch_row,
)
from dp_pipeline_tests.match_watch.season import (
    season,
    stored_matches,
    stored_table,
    true_matches_of,
    true_table_of,
)
from dp_pipeline_tests.sandbox.worlds import SMALL, standing_still


@pytest.mark.parametrize("fault", ["server_error=503", "malformed", "truncated"])
def test_after_a_poll_that_failed_there_is_a_pause_and_the_next_one_makes_up_for_it(
    database: Database, tmp_path: Path, fault: str
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played)
        before = stored_matches(database, KEY)
        break_down(played, fault)
        (execution,) = played.poll()
        assert (execution.status, execution.domain) == ("failed", "matches")
        assert stored_matches(database, KEY) == before
        assert played.due() == [], "it is left alone for a minute"
        assert paused(database) == {(1, BACKOFF.first)}
        end_pause(database)
        played.poll()
        assert paused(database) == {(2, 2 * BACKOFF.first)}

        break_down(played)
        end_pause(database)
        (execution,) = played.poll()
        assert execution.status == "completed"
        assert stored_matches(database, KEY) == true_matches_of(played.simulation, KEY)
        assert paused(database) == set()


def test_a_refusal_is_followed_by_a_short_pause_however_often_it_comes(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played)
        break_down(played, "challenge")
        for _ in range(3):
            (execution,) = played.poll()
            assert execution.status == "failed"
            assert paused(database) == {(0, BACKOFF.first)}
            end_pause(database)
        break_down(played)
        (execution,) = played.poll()
        assert execution.status == "completed"


def test_an_empty_answer_takes_nothing_away(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER + 2 * calendar.DAY)
        before = stored_matches(database, KEY)
        break_down(played, "empty */events/*")
        (execution,) = played.poll()
        assert execution.outcome == "suspicious_payload"
        assert stored_matches(database, KEY) == before


def test_a_table_that_could_not_be_had_is_owed(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER)
        break_down(played, "server_error=500 */standings/*")
        executions = {e.domain: e for e in played.poll()}
        assert executions["matches"].status == "completed"
        assert executions["matches"].news
        assert stored_matches(database, KEY) == true_matches_of(played.simulation, KEY)
        if executions["standings"].status == "failed":
            assert watch_row(database).follow_up_due_at is not None
        break_down(played)
        end_pause(database)
        played.put_clock(AFTER + 30)
        played.poll()
        assert watch_row(database).follow_up_due_at is None
        assert stored_table(database, KEY) == true_table_of(played.simulation, KEY)


def test_what_a_dead_process_owed_is_made_up_for(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER)
        played.poll()
        with database.transaction() as connection:
            # As a process leaves it that is killed between the matches and the table.
            connection.execute(sa.delete(tables.tournament_standing))
            change(
                connection,
                TournamentKey.parse(KEY),
                lambda watched: watched.ended(datetime.now(UTC)),
            )
        played.put_clock(AFTER + calendar.MINUTE // 2)
        assert played.due() == [KEY]
        domains = {e.domain: e.status for e in played.poll()}
        assert domains["standings"] == "completed"
        assert stored_table(database, KEY) == true_table_of(played.simulation, KEY)
        assert watch_row(database).follow_up_due_at is None


def test_while_another_run_reads_the_tournament_a_poll_leaves_it_alone(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dp_pipeline.assets.poll.LEASE_SECONDS", 0.2)
    with (
        season(standing_still(SMALL, DURING), database, tmp_path) as played,
        database.engine.connect() as other,
    ):
        begun(played)
        lock = {"name": tournament_lock(tournament_id_of(KEY))}
        other.execute(sa.text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), lock)
        (execution,) = played.poll()
        other.rollback()
        other.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), lock)
        assert (execution.status, execution.outcome) == ("completed", "unchanged")
        assert [finding.kind for finding in execution.findings] == ["busy"]
        assert execution.scope == "nothing"
        assert not played.requests
        assert played.due() == [KEY]


def test_a_poll_of_what_is_not_stored_says_so(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        (execution,) = played.poll([KEY])
        assert execution.outcome == "blocked_dependency"
        (execution,) = played.poll(["openfootball:en.1:2024-25"])
        assert execution.status == "failed"


def test_a_poll_without_news_is_quiet_and_asks_for_one_round(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played)
        (execution,) = played.poll()
        assert execution.scope == "part"
        assert execution.news == ()
        assert execution.outcome == "written", "it is live now"
        assert sum(played.requests.values()) == 1
        (again,) = played.poll([KEY])
        assert (again.outcome, again.scope) == ("unchanged", "nothing")
        assert sum(played.requests.values()) == 1, "nothing is due within the same minute"


@pytest.mark.parametrize(
    ("fault", "told"), [("empty */events/*", True), ("server_error=503", False)]
)
def test_a_match_is_given_up_when_the_provider_forgets_it_and_not_when_it_is_away(
    database: Database, tmp_path: Path, fault: str, *, told: bool
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER + 5 * calendar.DAY)
        break_down(played, fault)
        news = []
        for _ in range(8):
            end_pause(database)
            news += [text for e in played.poll([KEY]) for text in e.news]
        stale = [text for text in news if "stale_open" in text]
        assert len(set(stale)) == len(stale)
        assert bool(stale) == told
        break_down(played)
        end_pause(database)
        played.poll()
        if not told:
            assert stored_matches(database, KEY) == true_matches_of(played.simulation, KEY)
