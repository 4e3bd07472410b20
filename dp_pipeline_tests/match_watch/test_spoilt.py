"""A poll of which one part cannot be had: everything else goes on as ever."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
import sqlalchemy as sa

from dp_pipeline.assets.poll import poll_tournaments
from dp_pipeline.assets.runner import RunContext
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger, tournament_id_of
from dp_pipeline.ledger.liveness import tournament_lock
from dp_pipeline.providers.registry import Providers
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.storage import Folder
from dp_pipeline_tests.end_to_end.in_process import QUICK
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.match_watch.first_match import (
    AFTER,
    DURING,
    FIRST_DAY,
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

pytestmark = pytest.mark.slow

ID = tournament_id_of(KEY)


def stored_rounds_of_matches(database: Database) -> dict[str, str | None]:
    with database.transaction() as connection:
        m = tables.match.c
        wanted = sa.select(m.external_id, m.round_slug).where(m.tournament_id == ID)
        return {row.external_id: row.round_slug for row in connection.execute(wanted)}


def due_at(database: Database, external_id: str) -> datetime | None:
    with database.transaction() as connection:
        wanted = (
            sa.select(tables.match_watch.c.due_at)
            .join(tables.match)
            .where(tables.match.c.external_id == external_id)
        )
        return connection.execute(wanted).scalar_one()


def test_a_list_of_rounds_that_has_shrunk_takes_no_match_out_of_its_round(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER)
        before = stored_rounds_of_matches(database)
        break_down(played, "shrunken */rounds")
        executions = {e.domain: e for e in played.poll()}
        assert executions["matches"].news
        assert "rounds_not_listed" in {i.kind for i in executions["rounds"].findings}
        assert stored_rounds_of_matches(database) == before
        assert stored_matches(database, KEY) == true_matches_of(played.simulation, KEY)
        with database.transaction() as connection:
            t = tables.tournament.c
            current = connection.scalar(sa.select(t.current_round).where(t.id == ID))
            rounds = connection.scalar(
                sa.select(sa.func.count()).where(tables.tournament_round.c.tournament_id == ID)
            )
        assert (current, rounds) == ("1", 34)


def test_a_poll_that_contradicts_what_is_settled_writes_nothing_at_all(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER)
        due = (tables.match.c.tournament_id == ID) & (tables.match.c.round_slug == "30")
        with database.transaction() as connection:
            # the provider is to say otherwise of every match of the round
            connection.execute(
                sa.update(tables.match)
                .where(due)
                .values(status="ended", home_score=9, away_score=9)
            )
            connection.execute(
                sa.update(tables.match_watch)
                .where(tables.match_watch.c.match_id.in_(sa.select(tables.match.c.id).where(due)))
                .values(due_at=datetime.fromtimestamp(AFTER, UTC))
            )
            connection.execute(
                sa.update(tables.tournament)
                .where(tables.tournament.c.id == ID)
                .values(current_round="1")
            )
        before = stored_matches(database, KEY)
        (execution,) = played.poll()
        assert (execution.domain, execution.outcome) == ("matches", "suspicious_payload")
        assert stored_matches(database, KEY) == before
        with database.transaction() as connection:
            t = tables.tournament.c
            assert connection.scalar(sa.select(t.current_round).where(t.id == ID)) == "1"
        assert played.due() == [], "it is left alone for a while"


def test_the_end_of_a_match_is_stored_though_what_follows_is_refused(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, AFTER)
        break_down(played, "forbidden */rounds")
        executions = {e.domain: e for e in played.poll()}
        assert executions["matches"].status == "completed"
        assert executions["matches"].news
        assert executions["rounds"].status == "failed"
        assert stored_matches(database, KEY) == true_matches_of(played.simulation, KEY)
        assert watch_row(database).follow_up_due_at is not None
        break_down(played)
        end_pause(database)
        assert played.due() == [KEY]
        assert {e.status for e in played.poll()} == {"completed"}
        assert stored_table(database, KEY) == true_table_of(played.simulation, KEY)
        assert watch_row(database).follow_up_due_at is None


def test_a_match_that_cannot_be_read_does_not_keep_the_others_from_being_polled(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played)
        with database.transaction() as connection:
            m = tables.match.c
            broken = connection.execute(
                sa.select(m.id, m.external_id)
                .where(m.tournament_id == ID, m.round_slug == "30")
                .limit(1)
            ).one()
            connection.execute(
                sa.update(tables.match_watch)
                .where(tables.match_watch.c.match_id == broken.id)
                .values(due_at=datetime.fromtimestamp(DURING, UTC))
            )
        break_down(played, f"malformed */event/{broken.external_id}")
        for minute in range(6):
            played.put_clock(DURING + minute * calendar.MINUTE)
            (execution,) = played.poll()
            assert execution.status == ("partial_failure" if minute == 0 else "completed")
            assert paused(database) == {(1, 60)}, "the one match alone"
        assert sum(n for path, n in played.requests.items() if broken.external_id in path) == 1


def test_a_match_the_provider_has_taken_away_is_not_asked_for_for_ever(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, FIRST_DAY.kickoff - 12 * calendar.HOUR)
        now = datetime.fromtimestamp(played.simulation.now, UTC)
        with database.transaction() as connection:
            row = (
                connection.execute(
                    sa.select(tables.match).where(tables.match.c.tournament_id == ID).limit(1)
                )
                .mappings()
                .one()
            )
            gone = {**row, "id": uuid4(), "external_id": "999999999", "status": "ended",
                    "home_score": 1, "away_score": 0}  # fmt: skip
            connection.execute(sa.insert(tables.match).values(gone))
            watch = {"match_id": gone["id"], "tournament_id": ID, "provider": "sandbox",
                     "status": "ended", "since": now, "due_at": now}  # fmt: skip
            connection.execute(sa.insert(tables.match_watch).values(watch))
        news: list[str] = []
        polls = 0
        while played.due() and polls < 9:
            polls += 1
            news += [text for e in played.poll() for text in e.news]
            end_pause(database)
        assert polls == 5
        assert due_at(database, "999999999") is None
        assert news == []


def test_a_look_a_little_too_early_is_one_in_time(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played, FIRST_DAY.kickoff - 3)
        (execution,) = played.poll()
        assert execution.status == "completed"
        assert paused(database) == set()
        kickoff = datetime.fromtimestamp(FIRST_DAY.kickoff, UTC)
        next_look = due_at(database, str(FIRST_DAY.id))
        assert next_look is not None
        assert kickoff < next_look <= kickoff + timedelta(minutes=1, seconds=5)
        assert played.due() == []


def test_a_run_asks_for_nothing_before_its_turn(database: Database, tmp_path: Path) -> None:
    # What it had read before would be older than what the other run stores meanwhile.
    with (
        season(standing_still(SMALL, DURING), database, tmp_path) as played,
        database.engine.connect() as other,
    ):
        begun(played)
        lock = {"name": tournament_lock(ID)}
        other.execute(sa.text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), lock)
        other.commit()
        waiting = threading.Thread(target=played.ingest, args=([KEY],))
        waiting.start()
        waiting.join(1.0)
        asked = dict(played.requests)
        other.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), lock)
        waiting.join(30)
        assert asked == {}
        assert played.requests
        assert {e.status for e in played.executions} == {"completed"}


def test_of_a_provider_at_rest_the_polls_say_nothing_of_their_own(
    database: Database, tmp_path: Path
) -> None:
    with season(standing_still(SMALL, DURING), database, tmp_path) as played:
        begun(played)
        break_down(played, "challenge")

        def poll() -> Execution:
            ended: list[Any] = []
            with Ledger(database, Folder(tmp_path / "objects")).working() as ledger:
                providers = Providers(
                    {"sandbox": played.url},
                    NoRateLimit(),
                    QUICK,
                    breaker=CircuitBreaker(database, wait_seconds=3),
                )
                run = Run(uuid4(), scope="part")
                desk = RunContext(providers, database, ledger, run, ended.append)
                anyio.run(poll_tournaments, [KEY], desk)
            end_pause(database)
            (execution,) = ended
            return execution

        assert poll().status == "failed"
        assert poll().status == "failed", "the probe"
        requests = sum(played.requests.values())
        rested = poll()
        assert (rested.status, rested.scope) == ("completed", "nothing")
        assert [finding.kind for finding in rested.findings] == ["provider_at_rest"]
        assert sum(played.requests.values()) == requests
        assert TournamentKey.parse(KEY).provider == "sandbox"
