"""Faults: how they are written, which requests meet them, and what they do to an answer."""

import contextlib
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.sandbox.api.reply import Reply, encoded
from dp_pipeline.sandbox.faults import KINDS, Fault, FaultError, Faults, Kind, read_fault, spoiled

GOOD = Reply(200, encoded({"events": [{"id": n} for n in range(9)], "hasNextPage": False}))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("challenge", Fault("challenge")),
        ("latency=0.5 */rounds 20%", Fault("latency", "*/rounds", 2_000, Fraction("0.5"))),
        ("server_error", Fault("server_error", value=Fraction(503))),
        ("rate_limited=9 * 0.5", Fault("rate_limited", "*", 50, Fraction(9))),
    ],
)
def test_a_fault_is_a_kind_a_pattern_and_a_percentage(text: str, fault: Fault) -> None:
    assert read_fault(text) == fault
    assert read_fault(fault.text) == fault


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no fault"),
        ("explosion", "is no fault"),
        ("empty * 5% more", "is no fault"),
        ("empty=3", "takes no value"),
        ("latency=700", "from 0 to 600"),
        ("latency=1.2.3", "is no number"),
        ("server_error=404", "from 500 to 599"),
        ("empty * 101%", "from 0% to 100%"),
        ("empty * often", "no percentage"),
    ],
)
def test_what_is_no_fault_is_refused_in_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        read_fault(text)


@given(st.text(max_size=40) | st.sampled_from(KINDS).map(lambda kind: f"{kind}=1 * 1/0"))
def test_no_text_breaks_the_reading_of_faults(text: str) -> None:
    with contextlib.suppress(FaultError):
        read_fault(text)


def test_the_same_requests_meet_the_same_faults_in_any_order() -> None:
    faults = [Fault("empty", "/a*", 5_000), Fault("challenge", "*", 1_000)]
    paths = [f"/a{n % 7}" for n in range(200)] + ["/b"] * 200

    def met(order: list[str]) -> dict[str, list[tuple[Kind, ...]]]:
        world = Faults(3, faults)
        found: dict[str, list[tuple[Kind, ...]]] = {}
        for path in order:
            kinds = tuple(fault.kind for fault in world.met_by(path))
            found.setdefault(path, []).append(kinds)
        return found

    forth = met(paths)
    assert met(paths[::-1]) == forth
    assert all("empty" not in kinds for kinds in forth["/b"])
    empties = sum("empty" in kinds for path in forth for kinds in forth[path])
    assert 60 <= empties <= 140


def test_the_counts_of_paths_stay_bounded() -> None:
    faults = Faults(1)
    for number in range(20_000):
        faults.met_by(f"/{number}")
    assert len(faults._counts) == 10_000


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("challenge", 403, {"error": {"code": 403, "reason": "challenge"}}),
        ("forbidden", 403, {"error": {"code": 403, "reason": "Forbidden"}}),
        ("empty", 200, {"events": [], "hasNextPage": False}),
        ("shrunken", 200, {"events": [{"id": 0}, {"id": 1}, {"id": 2}], "hasNextPage": False}),
    ],
)
def test_a_fault_changes_the_answer(kind: Kind, status: int, body: object) -> None:
    reply, _ = spoiled(GOOD, [read_fault(kind)])
    assert (reply.status, json.loads(reply.body)) == (status, body)


def test_a_limit_says_how_long_to_wait() -> None:
    reply, headers = spoiled(GOOD, [read_fault("rate_limited=7")])
    assert (reply.status, headers) == (429, {"Retry-After": "7"})


def test_a_malformed_answer_is_no_json_and_a_challenge_page_is_html() -> None:
    malformed, _ = spoiled(GOOD, [read_fault("malformed")])
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(malformed.body)
    page, _ = spoiled(GOOD, [read_fault("html")])
    assert page.status == 200
    assert page.content_type.startswith("text/html")
    assert page.body.startswith(b"<!doctype html>")


def test_images_have_no_lists_to_lose() -> None:
    image = Reply(200, b"\x89PNG", "image/png")
    assert spoiled(image, [read_fault("empty")]) == (image, {})
