"""One entity that no column can hold is left out by name; it blocks nothing and fails nothing."""

import copy
import json
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import (
    FILE,
    GROUPS,
    LIGA,
    MATCHES_OF,
    TABLE,
    healthy,
)
from dp_pipeline_tests.providers import sofascore_payloads, sofascore_seasons
from dp_pipeline_tests.providers.openligadb_payloads import results
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

pytestmark = pytest.mark.slow

BEYOND = 2**31
SOFASCORE = f"sofascore:{sofascore_payloads.UT}:{sofascore_payloads.SEASON}"
# How an execution may fail over a payload: known for what it is, and told so.
TYPED = {
    "InvalidShapeError",
    "NotFoundError",
    "TournamentNotFoundError",
    "BlockedError",
    "SuspiciousPayloadError",
    "BlockedDependencyError",
}


def run(
    database: Database, home: Path, key: str, payloads: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    with serve(Replay(payloads=payloads).app()) as url:
        return ingest(database, url, home, key)


def left_out(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What a report names as left out."""
    path = url2pathname(urlsplit(row["report_file_url"]).path)
    report = json.loads(Path(path).read_bytes())
    return [finding for findings in report["leftOut"].values() for finding in findings]


def counts(database: Database) -> dict[str, int]:
    with database.transaction() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (tables.team, tables.tournament_round, tables.match)
        }


def statuses(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {domain: row["status"] for domain, row in found.items()}


DONE = dict.fromkeys(
    ("tournaments", "teams", "rounds", "matches", "goals", "standings"), "completed"
)


def test_a_listed_round_beyond_its_column_is_left_out_and_named_and_blocks_nothing(
    database: Database, tmp_path: Path
) -> None:
    payloads = healthy()
    payloads[GROUPS].append({"groupName": "99. Spieltag", "groupOrderID": BEYOND, "groupID": 2})
    found = run(database, tmp_path, LIGA, payloads)
    assert statuses(found) == {**DONE, "rounds": "partial_failure"}
    assert counts(database) == {"team": 8, "tournament_round": 7, "match": 28}
    (finding,) = left_out(found["rounds"])
    assert finding["subject"] == "99. Spieltag"
    assert "grouporderid" in finding["detail"].replace("_", "")


def test_the_only_listed_round_may_be_beyond_its_column(database: Database, tmp_path: Path) -> None:
    payloads = healthy()
    payloads[GROUPS] = [{"groupName": "Finale", "groupOrderID": BEYOND, "groupID": 2}]
    found = run(database, tmp_path, LIGA, payloads)
    assert statuses(found) == {**DONE, "rounds": "partial_failure"}
    assert counts(database)["tournament_round"] == 7, "those of the matches"


def test_the_recorded_list_of_rounds_is_read(
    database: Database, tmp_path: Path, recordings: Path
) -> None:
    case = recordings.parent / "cases" / "openligadb" / "groups_beyond_int4.json"
    payloads = {**healthy(), GROUPS: json.loads(case.read_text(encoding="utf-8"))}
    found = run(database, tmp_path, LIGA, payloads)
    assert statuses(found) == {**DONE, "rounds": "partial_failure"}
    assert [finding["subject"] for finding in left_out(found["rounds"])] == ["99. Spieltag"]


@pytest.mark.parametrize("number", [BEYOND, 2**63, 10**25, -BEYOND - 1])
def test_a_match_whose_round_is_beyond_its_column_is_left_out_and_the_others_are_stored(
    database: Database, tmp_path: Path, number: int
) -> None:
    payloads = healthy()
    payloads[MATCHES_OF[LIGA]][5]["group"]["groupOrderID"] = number
    found = run(database, tmp_path, LIGA, payloads)
    assert statuses(found) == {**DONE, "matches": "partial_failure"}
    assert counts(database)["match"] == 27
    (finding,) = left_out(found["matches"])
    assert finding["subject"].startswith("SV ")


@pytest.mark.parametrize("number", [-1, 100, BEYOND, 10**9, 10**30])
@pytest.mark.parametrize("key", [LIGA, FILE])
def test_a_result_that_is_none_costs_its_match_alone(
    database: Database, tmp_path: Path, key: str, number: int
) -> None:
    payloads = healthy()
    matches = payloads[MATCHES_OF[key]]
    if key == FILE:
        matches = matches["matches"]
        matches[5]["score"]["ft"] = [number, 0]
    else:
        matches[5]["matchResults"] = results(t2=(number, 0))
    found = run(database, tmp_path, key, payloads)
    assert found["matches"]["status"] == "partial_failure"
    assert set(statuses(found).values()) <= {"completed", "partial_failure"}
    assert counts(database)["match"] == len(matches) - 1
    assert len(left_out(found["matches"])) == 1


def test_a_part_of_a_score_beyond_all_bounds_is_null_and_named(
    database: Database, tmp_path: Path
) -> None:
    payloads = sofascore_seasons.league(4, 6).answers()
    event = payloads[f"{sofascore_payloads.DATA}/events/round/1"]["events"][0]
    event["homeScore"]["period1"] = BEYOND
    row = payloads[f"{sofascore_payloads.DATA}/standings/total"]["standings"][0]["rows"][2]
    row["position"] = BEYOND
    found = run(database, tmp_path, SOFASCORE, payloads)
    assert statuses(found) == DONE
    with database.transaction() as connection:
        m = tables.match.c
        wanted = sa.select(m.home_score, m.home_score_ht).where(m.external_id == str(event["id"]))
        assert connection.execute(wanted).one() == (event["homeScore"]["display"], None)
        s = tables.tournament_standing.c
        positions = sorted(connection.scalars(sa.select(s.position)))
    assert positions == [1, 2, 3, 4]
    for domain, name in (("matches", "period1"), ("standings", "position")):
        path = url2pathname(urlsplit(found[domain]["report_file_url"]).path)
        findings = json.loads(Path(path).read_bytes())["findings"]["out_of_bounds"]
        assert any(name in doubt["detail"] for doubt in findings)


NUMBERS = (-1, 0, 100, 10_000, BEYOND - 1, BEYOND, -BEYOND - 1, 2**53, 2**63, -(2**63), 10**40)
RANDOM = random.Random(8)  # noqa: S311 - the same letters every time
TEXTS = (
    "",
    " ",
    "9" * 5_000,
    "NaN",
    "x" * 201,
    "x" * 100_000,
    "a\x00b",
    "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200,
    "".join(chr(0x20000 + RANDOM.randrange(40_000)) for _ in range(200)),
    "".join(chr(0x4E00 + RANDOM.randrange(20_000)) for _ in range(200)),
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "294277-01-01T00:00:00Z",
    "1. Spieltag",
    "Round of 99999999999999999999",
)
OTHERS: tuple[Any, ...] = (None, True, 1.5, -0.0, 1e300, [], {}, [None])
VALUES = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from(OTHERS),
    st.integers(),
    st.text(st.characters(codec="utf-8"), max_size=300),
)


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: Any = ()
    if isinstance(node, dict):
        inner = node.items()
    elif isinstance(node, list):
        inner = enumerate(node)
    elif path:
        yield path
    for name, value in inner:
        yield from leaves(value, (*path, name))


def put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value


def of_openligadb() -> dict[str, Any]:
    payloads = healthy()
    return {path: payloads[path] for path in (MATCHES_OF[LIGA], GROUPS, TABLE)}


def of_openfootball() -> dict[str, Any]:
    return {MATCHES_OF[FILE]: healthy()[MATCHES_OF[FILE]]}


def of_sofascore() -> dict[str, Any]:
    return sofascore_seasons.groups_and_cup("AB", 2).answers()


SEASONS = {LIGA: of_openligadb, FILE: of_openfootball, SOFASCORE: of_sofascore}


@pytest.mark.parametrize("key", SEASONS)
@settings(
    max_examples=8,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_stands_in_a_payload_no_domain_fails_over_what_postgres_says(
    database: Database, tmp_path: Path, key: str, data: st.DataObject
) -> None:
    mutated(database, tmp_path, SEASONS[key], key, data)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("key", SEASONS)
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_stands_in_thousands_of_payloads_no_domain_fails_over_it(
    database: Database, tmp_path: Path, key: str, data: st.DataObject
) -> None:
    mutated(database, tmp_path, SEASONS[key], key, data)


def mutated(
    database: Database,
    home: Path,
    season: Callable[[], dict[str, Any]],
    key: str,
    data: st.DataObject,
) -> None:
    """A few values of a sound season are others; ingested beside nothing or over the sound one."""
    payloads = copy.deepcopy(season())
    paths = list(leaves(payloads))
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=4, unique=True)):
        put(payloads, path, data.draw(VALUES))
    with database.transaction() as connection:
        connection.execute(sa.text("TRUNCATE tournament, team CASCADE"))
    if data.draw(st.booleans()):
        run(database, home / uuid.uuid4().hex, key, season())
    found = run(database, home / uuid.uuid4().hex, key, payloads)
    failures = {d: (row["error_class"], row["error_text"]) for d, row in found.items()}
    assert {kind for kind, _ in failures.values()} <= {None, *TYPED}, failures
