from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.assets.guards import nothing_found, refuse_shrunken, refuse_swapped
from dp_pipeline.assets.standings import only_recomputed
from dp_pipeline.assets.teams import newest
from dp_pipeline.executions.errors import SuspiciousPayloadError
from dp_pipeline.executions.execution import Execution, Run
from dp_pipeline.executions.ledger import tournament_id_of
from dp_pipeline.providers.models import Absence, Found, Standing

KEY = "openligadb:bl1:2024"


def an_execution(*, create: bool) -> Execution:
    return Execution(Run(uuid4()), KEY, tournament_id_of(KEY), "matches", create=create)


def test_nothing_published_yet_is_expected_while_nothing_is_stored() -> None:
    execution = an_execution(create=True)
    nothing_found(execution, Found(absent=Absence("nothing_yet", "No matches yet.")))
    assert execution.outcome == "nothing_yet"


def test_nothing_where_rows_are_stored_is_suspicious() -> None:
    with pytest.raises(SuspiciousPayloadError, match=r"No matches yet\. .* were kept"):
        nothing_found(
            an_execution(create=False), Found(absent=Absence("nothing_yet", "No matches yet."))
        )


def test_what_can_never_be_there_is_no_reason_for_suspicion() -> None:
    execution = an_execution(create=False)
    nothing_found(execution, Found(absent=Absence("not_applicable", "A cup has no table.")))
    assert execution.outcome == "not_applicable"


def test_an_empty_payload_without_a_word_is_nothing_yet() -> None:
    execution = an_execution(create=True)
    nothing_found(execution, Found())
    assert execution.outcome == "nothing_yet"


@pytest.mark.parametrize(
    ("stored", "missing", "refused"),
    [
        (306, 0, False),
        (306, 30, False),
        (306, 31, True),
        (18, 2, False),
        (18, 3, True),
        (1, 1, False),
    ],
)
def test_a_payload_that_lacks_more_than_two_and_a_tenth_is_refused(
    stored: int, missing: int, *, refused: bool
) -> None:
    ids = [uuid4() for _ in range(stored)]
    if refused:
        with pytest.raises(SuspiciousPayloadError, match=f"{missing} of the {stored} stored"):
            refuse_shrunken("matches", ids, ids[missing:])
    else:
        issues = refuse_shrunken("matches", ids, ids[missing:])
        assert len(issues) == missing
        assert not any(issue.left_out for issue in issues)


@given(st.sets(st.uuids()), st.sets(st.uuids()))
def test_more_than_what_is_stored_is_always_welcome(stored: set[UUID], new: set[UUID]) -> None:
    assert refuse_shrunken("matches", stored, stored | new) == []


def test_a_team_keeps_the_name_of_its_newest_tournament_in_whatever_order_they_are_read() -> None:
    team = uuid4()
    row = {"id": team, "name": "A"}
    old = ("2023/24", "sofascore:35:99")
    new = ("2024/25", "sofascore:35:12")
    assert newest([row], {team: old}, new) == [row]
    assert newest([row], {team: new}, old) == []
    assert newest([row], {team: old}, old) == [row]
    assert newest([row], {}, old) == [row]
    cup = ("2024/25", "sofascore:217:5")
    assert newest([row], {team: new}, cup) == []
    assert newest([row], {team: cup}, new) == [row]


def test_a_computed_table_replaces_the_providers_only_when_it_counts_more_games() -> None:
    def row(games: int, *, computed: bool) -> Standing:
        return Standing("a", 1, games, games, 0, 0, 1, 0, 3 * games, computed=computed)

    assert only_recomputed(10, [row(10, computed=True)])
    assert only_recomputed(10, [row(9, computed=True)])
    assert not only_recomputed(10, [row(11, computed=True)])
    assert not only_recomputed(10, [row(10, computed=False)])
    assert not only_recomputed(0, [row(10, computed=True)]), "what is stored was computed too"


def test_names_that_belong_to_others_are_not_taken() -> None:
    ids = [uuid4() for _ in range(18)]
    names = {id_: f"club {n}" for n, id_ in enumerate(ids)}
    rotated = {id_: names[ids[n - 1]] for n, id_ in enumerate(ids)}
    assert refuse_swapped("teams", names, rotated)
    assert refuse_swapped("teams", names, {n: f"{name} 1900" for n, name in names.items()}) is None
    assert refuse_swapped("teams", names, dict.fromkeys(ids, "club"))
    two = names | {ids[0]: names[ids[1]], ids[1]: names[ids[0]]}
    assert refuse_swapped("teams", names, two) is None
