"""Incidents as values and as rows: judged purely, opened once, closed once, announced together."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables import incident
from dp_pipeline.notifications import incidents
from dp_pipeline.notifications.detectors.automation import Ended, judge
from dp_pipeline.notifications.incidents import Condition

START = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@given(st.lists(st.booleans(), max_size=5), st.integers(1, 4))
def test_a_sensor_is_wrong_after_so_many_failures_and_well_after_one_good_tick(
    failed: list[bool], needed: int
) -> None:
    ticks = [Ended(100.0 - place, each) for place, each in enumerate(failed)]
    found = judge("sensor", "x", ticks, needed=needed, error="no way")
    if ticks and not failed[0]:
        assert found == Condition("sensor", "x", incidents.moment(100.0))
    elif len(ticks) >= needed and all(failed[:needed]):
        assert found is not None
        assert found.summary
        assert found.at == incidents.moment(101.0 - needed)
    else:
        assert found is None, "nothing is certain"


def wrong(subject: str, minutes: float = 0, **more: str) -> Condition:
    return Condition("check", subject, START + timedelta(minutes=minutes), "It is wrong.", **more)


def well(subject: str, minutes: float = 0, **more: str) -> Condition:
    return Condition("check", subject, START + timedelta(minutes=minutes), **more)


def see(database: Database, *conditions: Condition) -> None:
    with database.transaction() as connection:
        incidents.reconcile(connection, conditions)


def announce(database: Database) -> list[str]:
    """The titles and texts of what is unannounced, which is announced then."""
    with database.transaction() as connection:
        found = incidents.unannounced(connection, "http://dagster")
        for each in found:
            each.mark_announced(connection)
    return [f"{each.notice.title}. {each.notice.text}" for each in found]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans()), max_size=8))
def test_whatever_is_seen_each_beginning_and_each_end_is_announced_once_and_in_turn(
    database: Database, story: list[tuple[str, bool, bool]]
) -> None:
    with database.transaction() as connection:
        connection.execute(sa.delete(incident))
    said: list[str] = []
    is_wrong = dict.fromkeys("ab", False)
    for minutes, (subject, fails, delivered) in enumerate(story):
        see(database, (wrong if fails else well)(subject, minutes))
        is_wrong[subject] = fails
        said += announce(database) if delivered else []
    said += announce(database)
    for subject, fails in is_wrong.items():
        mine = ["fails" in text for text in said if f"check {subject} " in text]
        assert mine == [place % 2 == 0 for place in range(len(mine))]
        assert (mine[-1] if mine else False) is fails
    with database.transaction() as connection:
        still = set(
            connection.scalars(sa.select(incident.c.subject).where(incident.c.closed_at.is_(None)))
        )
    assert still == {subject for subject, fails in is_wrong.items() if fails}


def test_a_check_of_many_tournaments_is_one_message(database: Database) -> None:
    keys = [f"openligadb:bl1:{year}" for year in range(2017, 2024)]
    see(database, *(wrong("x of matches", tournament_key=key) for key in keys))
    (text,) = announce(database)
    assert text.startswith("The check x of matches fails. It is wrong. Tournaments: ")
    assert text.endswith("openligadb:bl1:2021 and 2 more.")
    see(database, well("x of matches", 90, tournament_key=keys[0]))
    (said,) = announce(database)
    assert said.startswith("The check x of matches finds no error any more. It lasted 1 h 30 min. ")
    assert said.endswith(f"min. Tournaments: {keys[0]}.")


def test_an_incident_that_ends_while_its_beginning_is_posted_has_its_end_announced(
    database: Database,
) -> None:
    see(database, wrong("x"))
    with database.transaction() as connection:
        (posted,) = incidents.unannounced(connection, "http://dagster")
    see(database, well("x", 1))
    with database.transaction() as connection:
        posted.mark_announced(connection)
    assert announce(database) == ["The check x finds no error any more. It lasted 1 min 0 s."]


def test_what_is_seen_before_it_began_ends_when_it_began(database: Database) -> None:
    see(database, wrong("x", 5))
    see(database, well("x", 1))
    with database.transaction() as connection:
        row = connection.execute(sa.select(incident)).one()
    assert row.opened_at == row.closed_at


@pytest.mark.parametrize("times", [1, 2])
def test_an_absence_of_the_database_is_noted_once_and_only_its_end_is_announced(
    database: Database, times: int
) -> None:
    seen = Condition("database", "database", START, "It could not be used.")
    for _ in range(times):
        with database.transaction() as connection:
            incidents.note_past(connection, seen, START + timedelta(minutes=3))
    assert announce(database) == ["The database can be used again. It lasted 3 min 0 s."]
