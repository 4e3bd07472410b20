"""Reports as people read them: whatever was stored is shown, and nothing of it is markup."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsel import Selector

from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.ledger.errors import BlockedDependencyError
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.report import report
from dp_pipeline.ledger.report_view.happened import SUBJECTS, VERDICTS
from dp_pipeline.ledger.report_view.page import report_page
from dp_pipeline.ledger.report_view.view import DurationBar, view_of
from dp_pipeline.ledger.vocabulary import SUSPICIOUS
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline_tests.ledger.reports import ID, read

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = sorted(read())
INNER = st.sampled_from(
    [
        "table",
        "row",
        "field",
        "from",
        "to",
        "id",
        "created",
        "updated",
        "fields",
        "key",
        "label",
        "provider",
        "step",
        "operation",
        "url",
        "startTime",
        "durationMs",
        "data",
        "status",
        "bytes",
        "seconds",
        "attempts",
        "subject",
        "detail",
        "message",
        "retryable",
        "snippet",
        "trace",
        "replays",
        "accepted",
        "settled",
        "refusedBefore",
        "because",
        "error",
        "requests",
    ]
)
ENTRIES = st.dictionaries(INNER, JSON, max_size=6)
VALUES = JSON | ENTRIES | st.lists(ENTRIES, max_size=2)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6),
    st.sampled_from([*VERDICTS, "new", None]),
    st.sampled_from(["completed", "failed", "partial_failure", "in_progress"]),
)
def test_a_report_of_any_age_or_shape_has_a_page(
    odd: dict[str, Any], outcome: str | None, status: str
) -> None:
    whole = report_page({**read(), "outcome": outcome, "status": status, **odd}, UTC_ZONE)
    assert Selector(text=whole).css("h1::text").get()
    whole.encode()


@settings(deadline=None)
@given(st.text())
def test_text_of_providers_is_no_markup(text: str) -> None:
    evil = f"<script>{text}</script><img src=x onerror=y>'\"&"
    whole = report_page(
        read(
            tournament={"key": evil, "label": evil, "provider": evil},
            runUrl=f"javascript:{evil}",
            news=[evil],
            changed=[{"table": evil, "row": evil, "field": evil, "from": evil, "to": evil}],
            findings={evil: [{"subject": evil, "detail": evil}]},
            operations=[{"step": evil, "operation": evil, "data": {evil: evil}}],
            requests=[{"url": evil, "status": 200}],
            error={"class": evil, "message": evil, "snippet": evil, "trace": evil},
        ),
        UTC_ZONE,
        evil,
    )
    page = Selector(text=whole)
    assert page.css("script, img, iframe, object, form, base, link") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert not any(url.startswith("javascript:") for url in page.css("::attr(href)").getall())


def test_what_happened_is_a_paragraph_that_a_stranger_understands() -> None:
    assert view_of(read(), ZoneInfo("Europe/Berlin")).happened == (
        "On Saturday 28 November 2026 at 15:05 (Europe/Berlin), the matches of Bundesliga 2024/25 "
        "were read from OpenLigaDB. 1 match was added, 2 changed and 303 stay as before. "
        "It took 1.2 s and made no request of its own."
    )


def test_every_domain_has_words() -> None:
    assert set(SUBJECTS) == set(REGISTERED)


def test_each_changed_row_is_named_with_its_old_and_new_values() -> None:
    row = {"table": "match", "row": "Köln - Bremen"}
    kickoff = {"from": "2026-11-28T14:30:00+00:00", "to": "2026-11-28T17:30:00+00:00"}
    changed = [
        {**row, "field": "kickoff_at", **kickoff},
        {**row, "field": "form", "from": [], "to": ["W", "D"]},
        *({**row, "row": f"Row {n}", "field": "note", "from": "a", "to": "b"} for n in range(200)),
    ]
    [part] = [part for part in view_of(read(changed=changed), UTC_ZONE).parts if part.lists]
    [(title, sentences)] = part.lists
    assert title == "Matches (201)"
    assert sentences[0] == "Köln - Bremen: kick-off 14:30 → 17:30 UTC, form none → W D"
    assert len(sentences) == 201


def test_a_report_without_names_of_rows_shows_their_ids() -> None:
    old = read()
    del old["changed"]
    fields = {"status": {"from": "live", "to": "ended"}}
    old["changes"] = [
        {"table": "match", "created": [], "updated": [{"id": "7d58", "fields": fields}]}
    ]
    [part] = [part for part in view_of(old, UTC_ZONE).parts if part.lists]
    assert part.lists == (("Matches (1)", ("7d58: status live → ended",)),)


def test_a_refused_payload_comes_with_its_difference_and_what_to_type() -> None:
    refused = read(
        outcome=SUSPICIOUS,
        status="failed",
        findings={"refused": [{"subject": "Köln - Bremen", "detail": "Stored and fetched: 2:1."}]},
    )
    parts = {part.id: part for part in view_of(refused, UTC_ZONE).parts}
    assert [typed for _, typed in parts["decide"].commands][:2] == [
        f'dp accept {ID} --reason "why it is right"',
        f'dp refuse {ID} --reason "why it is wrong"',
    ]
    assert parts["refused"].tables[0].rows == (("Köln - Bremen", "2:1."),)


def test_what_was_left_out_comes_before_what_is_only_doubtful() -> None:
    found = {"duplicate": [{"subject": "A - B", "detail": "Twice."}] * 2}
    parts = view_of(read(findings=found, leftOut=found), UTC_ZONE).parts
    assert [part.id for part in parts][-3:] == ["left-out", "noticed", "operations"]
    assert parts[-2].tables[0].rows == (("A - B; A - B", "Twice."),)


def test_a_failure_has_its_sentence_and_its_cause() -> None:
    execution = Execution(Run(ID), "openligadb:bl1:2024", ID, "matches")
    url = "https://api.openligadb.de/getmatchdata/bl1/2024"
    execution.fail(ProviderError("OpenLigaDB is away", url=url, status=502, snippet="<h1>Bad"))
    execution.finish()
    view = view_of(report(execution), UTC_ZONE)
    assert "It failed: OpenLigaDB is away." in view.happened
    [part] = [part for part in view.parts if part.id == "failure"]
    assert part.lists[0][1] == ("Error: ProviderError", f"Address: {url}", "HTTP status: 502")
    assert part.quotes == (("What the provider answered", "<h1>Bad"),)


@pytest.mark.parametrize(("offset", "took", "bar"), [(0, 600, (0, 0.5)), (900, 600, (0.75, 0.25))])
def test_the_bar_of_an_operation_stays_within_its_execution(
    offset: int, took: int, bar: tuple[float, float]
) -> None:
    at = datetime(2026, 11, 28, 14, 5, 0, offset * 1_000, tzinfo=UTC).isoformat()
    shown = view_of(read(operations=[{"startTime": at, "durationMs": took}]), UTC_ZONE).parts[-1]
    assert shown.tables[0].rows[0][3] == DurationBar(*bar)


def test_findings_of_the_first_version_are_shown() -> None:
    execution = read()
    execution["remarks"] = {"kind": [{"subject": "A - B", "detail": "Twice."}]}
    assert view_of(execution, UTC_ZONE).parts[0].id == "noticed"


def test_what_was_not_begun_says_why_what_it_builds_on_had_failed() -> None:
    execution = Execution(Run(ID), "openligadb:bl1:2024", ID, "standings")
    away = "OpenLigaDB is away."
    execution.causes = {"teams": away, "matches": away, "rounds": "There is no round"}
    execution.fail(BlockedDependencyError("Not begun, because `teams` failed in the same run."))
    execution.finish()
    account = report(execution)
    assert (
        "It was not begun, because what it builds on had failed. Reading the teams and the matches "
        f"failed: {away} Reading the rounds failed: There is no round."
    ) in view_of(account, UTC_ZONE).happened
    del account["causes"]
    assert (
        "Not begun, because `teams` failed in the same run." in view_of(account, UTC_ZONE).happened
    )


def test_times_of_stored_sentences_are_shown_in_the_zone_of_the_page() -> None:
    detail = "It came at 2024-05-03 23:30 UTC."
    execution = read(findings={"odd_day": [{"subject": "A - B", "detail": detail}]})
    (noticed,) = (part for part in view_of(execution, BERLIN).parts if part.id == "noticed")
    assert noticed.tables[0].rows == (("A - B", "It came at 2024-05-04 01:30 Europe/Berlin."),)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("sandbox:1:2", " There it was Sunday 6 December 2026 at 05:21 (UTC)."),
        ("openligadb:a:1", ""),
    ],
)
def test_the_clock_of_the_simulated_world_stands_beside_ours(key: str, said: str) -> None:
    execution = Execution(Run(ID), key, ID, "matches", label="A season")
    execution.now = datetime(2026, 12, 6, 5, 21, tzinfo=UTC)
    execution.finish()
    happened = view_of(report(execution), UTC_ZONE).happened
    told = happened.partition(" There it was")[1:]
    assert "".join(told).partition(".")[0] == said.rstrip(".")
