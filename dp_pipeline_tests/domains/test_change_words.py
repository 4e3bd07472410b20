"""Changed rows in words."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.domains.change_words import change_sentences


def change(row: str, field: str, old: Any, new: Any) -> dict[str, Any]:
    return {"table": "match", "row": row, "field": field, "from": old, "to": new}


def at(hour: int, day: int = 24) -> datetime:
    return datetime(2024, 8, day, hour, 30, tzinfo=UTC)


def test_a_kickoff_that_moves_within_its_day_is_told_by_the_hour() -> None:
    assert change_sentences([change("Köln - Bremen", "kickoff_at", at(15), at(18))]) == [
        "Köln - Bremen: kick-off 15:30 -> 18:30 UTC"
    ]


def test_moments_are_said_in_a_zone_and_local_times_as_they_are() -> None:
    berlin, last = ZoneInfo("Europe/Berlin"), datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    changes = [
        change("Köln - Bremen", "kickoff_at", at(15), at(18)),
        change("A - B", "kickoff_at", at(21), at(23)),
        change("C - D", "kickoff_local", last, datetime(2024, 8, 1, 12)),  # noqa: DTZ001 - local
    ]
    assert change_sentences(changes, berlin) == [
        "Köln - Bremen: kick-off 17:30 -> 20:30 Europe/Berlin",
        "A - B: kick-off 2024-08-24 23:30 Europe/Berlin -> 2024-08-25 01:30 Europe/Berlin",
        "C - D: local kick-off 9999-12-31 23:30 UTC -> 2024-08-01 12:00",
    ]


def test_of_a_picture_nobody_reads_the_address() -> None:
    changes = [
        change("Köln", "badge", None, "file:///a.png"),
        change("Bremen", "badge", "https://a/b.png", "https://a/c.png"),
        change("Liga", "logo", "https://a/b.png", None),
    ]
    assert change_sentences(changes) == [
        "Köln: badge is there now",
        "Bremen: badge is another one",
        "Liga: logo is there no more",
    ]


def test_a_day_that_follows_from_the_kickoff_is_not_told_twice() -> None:
    changes = [
        change("A - B", "kickoff_at", at(15), at(18, 25)),
        change("A - B", "kickoff_date", date(2024, 8, 24), date(2024, 8, 25)),
    ]
    (sentence,) = change_sentences(changes)
    assert sentence == "A - B: kick-off 2024-08-24 15:30 UTC -> 2024-08-25 18:30 UTC"


def test_both_goals_of_a_result_are_one_part_of_the_sentence() -> None:
    changes = [
        change("A - B", "status", "scheduled", "ended"),
        change("A - B", "home_score", None, 2),
        change("A - B", "away_score", None, 1),
        change("C - D", "home_score_ht", 0, 1),
    ]
    assert change_sentences(changes) == [
        "A - B: result none -> 2:1, status scheduled -> ended",
        "C - D: half-time of the home team 0 -> 1",
    ]


def test_what_follows_from_a_result_or_a_status_is_not_told_twice() -> None:
    ended = [
        change("A - B", "status", "scheduled", "ended"),
        change("A - B", "provider_status", "0 notstarted", "100 finished"),
        *(change("A - B", f"{side}_score", None, 1) for side in ("home", "away")),
        *(change("A - B", f"{side}_score_90", None, 1) for side in ("home", "away")),
    ]
    assert change_sentences(ended) == ["A - B: result none -> 1:1, status scheduled -> ended"]
    longer = [*ended[:3], change("A - B", "away_score", None, 2), *ended[4:]]
    (said,) = change_sentences(longer)
    assert "result none -> 1:2, after ninety minutes none -> 1:1" in said
    (alone,) = change_sentences(ended[1:2])
    assert alone == "A - B: provider status 0 notstarted -> 100 finished"


VALUES = st.none() | st.integers() | st.text(max_size=9) | st.datetimes() | st.dates()
FIELDS = st.sampled_from(["kickoff_at", "kickoff_date", "home_score", "away_score", "venue"])


@given(st.lists(st.builds(change, st.text(max_size=4), FIELDS, VALUES, VALUES), max_size=12))
def test_each_changed_row_has_one_sentence(changes: list[dict[str, Any]]) -> None:
    sentences = change_sentences(changes)
    assert len(sentences) == len({each["row"] for each in changes})
    assert all(": " in sentence for sentence in sentences)


def test_a_number_below_nothing_has_the_minus_that_pages_have() -> None:
    (sentence,) = change_sentences([change("Bremen", "goal_difference", -16, -17)])
    assert sentence == "Bremen: goal difference \u221216 -> \u221217"
