"""Whatever is stored comes back as it was, and stored again it is unchanged."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import Stored, store
from dp_pipeline.football.models import Match, Round, Standing, Team
from dp_pipeline_tests.database.league import KEY, TEAMS, match_rows

# Any text a JSON payload can hold, half surrogate pairs and NUL characters included.
any_text = st.text(st.characters(), max_size=30)


def _fits_into_postgres(moment: datetime) -> bool:
    # In the years 1 and 9999 a time zone can lead out of what datetime can hold.
    return 2 <= moment.year <= 9998


scores = st.none() | st.integers(0, 99)
moments = st.none() | st.datetimes(timezones=st.timezones()).filter(_fits_into_postgres)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    home, away = draw(st.lists(st.sampled_from(TEAMS), min_size=2, max_size=2, unique=True))
    pairs = [
        (a, b) if a is not None and b is not None else (None, None)
        for a, b in draw(st.lists(st.tuples(scores, scores), min_size=4, max_size=4))
    ]
    return Match(
        external_id=draw(any_text),
        round_slug=None,
        home=home.external_id,
        away=away.external_id,
        status=draw(st.sampled_from(["scheduled", "live", "ended", "unknown"])),
        stage=draw(st.none() | any_text),
        group_name=draw(st.none() | any_text),
        kickoff_at=draw(moments),
        kickoff_date=draw(st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))),
        provider_status=draw(st.none() | any_text),
        home_score=pairs[0][0],
        away_score=pairs[0][1],
        home_score_90=pairs[1][0],
        away_score_90=pairs[1][1],
        home_score_ht=pairs[2][0],
        away_score_ht=pairs[2][1],
        home_penalties_score=pairs[3][0],
        away_penalties_score=pairs[3][1],
        venue=draw(st.none() | any_text),
    )


def _stored_again_is_unchanged(
    league: Database, table: sa.Table, given_rows: list[rows.Row]
) -> None:
    by_id = {row["id"]: row for row in given_rows}
    with league.engine.connect() as connection:
        first = store(connection, table, list(by_id.values()))
        assert first.total == len(by_id)
        again = store(connection, table, list(by_id.values()))
        assert again == Stored(table.name, unchanged=len(by_id))
        found = connection.execute(sa.select(table)).mappings()
        kept = {row["id"]: row for row in found if row["id"] in by_id}
        for id_, row in by_id.items():
            assert {name: kept[id_][name] for name in row} == _in_utc(row)
        connection.rollback()


def _in_utc(row: rows.Row) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


# One database serves all examples: each rolls back what it did.
by_examples = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@by_examples
@given(given_matches=st.lists(matches(), max_size=4))
def test_any_match_comes_back_as_it_was_stored(
    league: Database, given_matches: list[Match]
) -> None:
    _stored_again_is_unchanged(league, tables.match, match_rows(given_matches))


@by_examples
@given(
    external_id=any_text,
    name=any_text,
    short_name=st.none() | any_text,
    country=st.none() | any_text,
)
def test_any_team_comes_back_as_it_was_stored(
    league: Database,
    external_id: str,
    name: str,
    short_name: str | None,
    country: str | None,
) -> None:
    row = rows.team_row(KEY, Team(external_id, name, short_name, country))
    _stored_again_is_unchanged(league, tables.team, [row])


@by_examples
@given(
    slugs=st.lists(any_text, max_size=4, unique_by=rows.storable),
    label=any_text,
    prefix=st.none() | any_text,
)
def test_any_round_comes_back_as_it_was_stored(
    league: Database, slugs: list[str], label: str, prefix: str | None
) -> None:
    rounds = [
        Round(slug, order, label, "knockout", prefix=prefix)
        for order, slug in enumerate(slugs, start=1)
    ]
    given_rows = [rows.round_row(KEY, round_) for round_ in rounds]
    _stored_again_is_unchanged(league, tables.tournament_round, given_rows)


@by_examples
@given(
    group=st.tuples(st.none() | any_text, st.none() | any_text),
    goals=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    points=st.integers(-30, 150),
    form=st.lists(st.sampled_from("WDL"), max_size=5),
)
def test_any_standing_comes_back_as_it_was_stored(
    league: Database,
    group: tuple[str | None, str | None],
    goals: tuple[int, int],
    points: int,
    form: list[str],
) -> None:
    standings = [
        Standing(
            team.external_id,
            position,
            34,
            20,
            7,
            7,
            *goals,
            points,
            stage=group[0],
            group_name=group[1],
            form=tuple(form),
        )
        for position, team in enumerate(TEAMS[:3], start=1)
    ]
    given_rows = [rows.standing_row(KEY, standing) for standing in standings]
    _stored_again_is_unchanged(league, tables.tournament_standing, given_rows)
