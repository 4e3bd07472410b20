"""Payloads that lack too much, or give to one what is another's, are refused."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.domains.guards import missing, swapped
from dp_pipeline.domains.plan import Plan


@pytest.mark.parametrize(
    ("stored", "gone", "refused"),
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
    stored: int, gone: int, *, refused: bool
) -> None:
    names = {uuid4(): f"row {number}" for number in range(stored)}
    found = missing("matches", {**names}, dict.fromkeys(list(names)[gone:]), accepted=False)
    if refused:
        assert isinstance(found, Plan)
        assert found.refusal is not None
        assert f"{gone} of the {stored} stored" in found.refusal.because
    else:
        assert not isinstance(found, Plan)
        assert len(found) == gone
        assert not any(finding.left_out for finding in found)


@given(st.sets(st.uuids()), st.sets(st.uuids()))
def test_more_than_what_is_stored_is_always_welcome(stored: set[UUID], new: set[UUID]) -> None:
    assert (
        missing("teams", dict.fromkeys(stored, ""), dict.fromkeys(stored | new), accepted=False)
        == ()
    )


def test_names_that_belong_to_others_are_not_taken() -> None:
    ids = [uuid4() for _ in range(18)]
    names = {id_: f"club {n}" for n, id_ in enumerate(ids)}
    rotated = {id_: names[ids[n - 1]] for n, id_ in enumerate(ids)}
    assert swapped("teams", {**names}, {**rotated})
    renamed = {n: f"{name} 1900" for n, name in names.items()}
    assert swapped("teams", {**names}, {**renamed}) is None
    assert swapped("teams", {**names}, dict.fromkeys(ids, "club"))
    two = names | {ids[0]: names[ids[1]], ids[1]: names[ids[0]]}
    assert swapped("teams", {**names}, {**two}) is None
