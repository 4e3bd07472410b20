"""What payload models and models let through is what the columns take, field by field."""

import importlib.util
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, get_type_hints

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import exc

from dp_pipeline import providers
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline.football import models
from dp_pipeline.football.bounds import INT4, LARGEST_ID, LONGEST_KEY
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import (
    Goal,
    KnockoutTie,
    Match,
    Round,
    Standing,
    Team,
    TeamAlias,
    Tournament,
    TournamentState,
)
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.fitting import fitting

KEY = TournamentKey("openligadb", "bl1", "2024")
WRITTEN: dict[type[Any], sa.Table] = {
    Tournament: tables.tournament,
    Team: tables.team,
    TeamAlias: tables.team_alias,
    Round: tables.tournament_round,
    Match: tables.match,
    Goal: tables.goal,
    Standing: tables.tournament_standing,
}
DERIVED = {"goal_difference"}  # of two numbers that are bounded
TOURNAMENT = Tournament(
    KEY, "bl1", "Liga", "2024", "bl1", "regular-season-only", "unique-group", "active"
)
TEAMS = (Team("1", "Ahlen"), Team("2", "Brake"))
ROUND = Round("1", 1, "1. Spieltag", "season")
MATCH = Match("1", "1", "1", "2", "ended", kickoff_at=datetime(2024, 8, 1, tzinfo=UTC))
ALIAS = TeamAlias("ahlen", "Ahlen", "1")
GOAL = Goal("1", "home", 1, minute=90)
STANDING = Standing("1", 1, 0, 0, 0, 0, 0, 0, 0)


def payload_models() -> Iterator[type[BaseModel]]:
    """Every model of every module `payload` of a provider."""
    for found in pkgutil.iter_modules(providers.__path__):
        name = f"{providers.__name__}.{found.name}.payload"
        if found.ispkg and importlib.util.find_spec(name):
            module = importlib.import_module(name)
            yield from (
                one
                for one in vars(module).values()
                if isinstance(one, type) and issubclass(one, BaseModel) and one.model_fields
            )


def schemas(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a JSON schema with its path."""
    if isinstance(node, dict):
        yield path, node
        for name, inner in node.items():
            yield from schemas(inner, f"{path}.{name}")
    elif isinstance(node, list):
        for inner in node:
            yield from schemas(inner, path)


def bounds_of(schema: dict[str, Any]) -> tuple[Any, Any]:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    return least, schema.get("maximum", schema.get("exclusiveMaximum"))


@pytest.mark.parametrize(
    "model", list(payload_models()), ids=lambda m: f"{m.__module__}.{m.__name__}"
)
def test_every_number_and_text_of_a_payload_is_bounded(model: type[BaseModel]) -> None:
    for path, schema in schemas(model.model_json_schema()):
        kind = schema.get("type")
        if kind == "integer":
            least, most = bounds_of(schema)
            assert least is not None, path
            assert most is not None, path
            as_text = most == LARGEST_ID and least >= 0  # an id, or seconds that are compared
            assert as_text or -INT4 - 1 <= least <= most <= INT4, path
        elif kind == "string" and "format" not in schema and "prefixItems" not in path:
            assert schema.get("maxLength", LONGEST_KEY * 9) <= 2_000, path
        assert kind != "number", f"{path}: a float may be infinite"


def test_the_providers_with_payload_models_are_all_looked_at() -> None:
    found = {model.__module__.split(".")[2] for model in payload_models()}
    assert found == {"openligadb", "openfootball", "sofascore"}


def test_the_models_that_are_stored_are_all_looked_at() -> None:
    ours = [one for one in vars(models).values() if is_dataclass(one)]
    found = {one for one in ours if one.__module__ == models.__name__}
    derived = {TournamentState, KnockoutTie}  # follow from rows that are stored
    assert found - derived == set(WRITTEN), "of a new model, its table and an example"


def integers() -> Iterator[tuple[type[Any], str]]:
    for model, table in WRITTEN.items():
        for column in table.c:
            if isinstance(column.type, sa.Integer) and column.name not in DERIVED:
                yield model, column.name


@pytest.mark.parametrize(("model", "name"), list(integers()))
def test_every_number_that_is_stored_is_bounded_in_its_model(model: type[Any], name: str) -> None:
    hint = get_type_hints(model, include_extras=True)[name]
    found = [s for _, s in schemas(TypeAdapter(hint).json_schema()) if s.get("type") == "integer"]
    assert found
    for schema in found:
        least, most = bounds_of(schema)
        assert (least, most) in {(0, INT4), (1, INT4), (-INT4 - 1, INT4)}


def test_no_number_of_a_model_is_without_a_column() -> None:
    for model, table in WRITTEN.items():
        for name, hint in get_type_hints(model).items():
            if int in (hint, *getattr(hint, "__args__", ())):
                assert isinstance(table.c[name].type, sa.Integer), (model, name)


def test_every_text_in_an_index_is_short_enough_for_it() -> None:
    ours = {"provider", "key"}  # not the provider's words
    for model, table in WRITTEN.items():
        unique = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
        indexed = {c.name for one in (*unique, *table.indexes) for c in one.columns}
        values = vars_of(example(model))
        for name in indexed & values.keys():
            if isinstance(table.c[name].type, sa.Text) and name not in ours:
                with pytest.raises(InvalidShapeError, match=name):
                    fitting(Fetched((replace(example(model), **{name: "ö" * LONGEST_KEY}),)))


def vars_of(item: Any) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def example(model: type[Any]) -> Any:
    known = (TOURNAMENT, *TEAMS[:1], ALIAS, ROUND, MATCH, GOAL, STANDING)
    return next(one for one in known if isinstance(one, model))


def row_of(item: Any) -> rows.Row:
    match item:
        case Round():
            return rows.round_row(KEY, item)
        case Match():
            return rows.match_row(KEY, item)
        case Goal():
            return rows.goal_row(KEY, item)
        case Standing():
            return rows.standing_row(KEY, item)
        case _:
            raise AssertionError(item)


def with_number(item: Any, name: str, number: int) -> Any:
    """The item with this number; a score has its other side."""
    side, _, rest = name.partition("_")
    other = {"home": f"away_{rest}", "away": f"home_{rest}"}.get(side)
    return replace(item, **{name: number}, **({other: 0} if other else {}))


@pytest.fixture
def season(database: Database) -> Iterator[sa.Connection]:
    with database.engine.connect() as connection:
        store(connection, tables.tournament, [rows.tournament_row(TOURNAMENT)])
        store(connection, tables.team, [rows.team_row(KEY, team) for team in TEAMS])
        store(connection, tables.tournament_round, [rows.round_row(KEY, ROUND)])
        store(connection, tables.match, [rows.match_row(KEY, MATCH)])
        yield connection


def test_what_fits_can_be_stored_and_what_cannot_be_stored_does_not_fit(
    season: sa.Connection,
) -> None:
    numbers = (-INT4 - 2, -INT4 - 1, -1, 0, 1, INT4 - 1, INT4, INT4 + 1, 2**63, 10**40)
    tried = 0
    for model, name in integers():
        for number in numbers:
            item = with_number(example(model), name, number)
            try:
                fits = fitting(Fetched((item,))).items == (item,)
            except InvalidShapeError:
                fits = False
            savepoint = season.begin_nested()
            try:
                store(season, WRITTEN[model], [row_of(item)])
                stored = True
            except exc.DBAPIError:
                stored = False
            savepoint.rollback()
            assert fits == stored, (model, name, number)
            tried += 1
    assert tried == 10 * 22


def test_the_longest_keys_can_be_stored(season: sa.Connection) -> None:
    # Random, for Postgres compresses what repeats.
    text = "".join(chr(0x4E00 + n * 7_919 % 20_000) for n in range(LONGEST_KEY // 3))
    for item in (
        replace(ROUND, slug=text, order=2),
        replace(MATCH, external_id=text),
        replace(STANDING, stage=text, group_name=text[::-1]),
    ):
        assert fitting(Fetched((item,))).items == (item,)
        assert store(season, WRITTEN[type(item)], [row_of(item)]).created


@pytest.mark.parametrize(
    "changed",
    [
        replace(MATCH, kickoff_at=datetime(1, 1, 1, tzinfo=UTC)),
        replace(MATCH, kickoff_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        replace(MATCH, kickoff_at=datetime(2024, 8, 1)),  # noqa: DTZ001 - that is the fault
        replace(MATCH, kickoff_date=date(1, 1, 1)),
        replace(MATCH, home_score=True, away_score=1),
        replace(MATCH, home_score=-1, away_score=1),
        replace(MATCH, home_score=10**9 * 3, away_score=1),
        replace(MATCH, status="over"),
    ],
)
def test_an_entity_that_does_not_fit_is_named_and_left_out_and_the_others_stay(
    changed: Match,
) -> None:
    found = fitting(Fetched((MATCH, replace(changed, external_id="77"))))
    assert found.items == (MATCH,)
    (finding,) = found.findings
    assert (finding.kind, finding.subject, finding.left_out) == ("out_of_bounds", "77", True)
    assert finding.detail.startswith("Its ")
