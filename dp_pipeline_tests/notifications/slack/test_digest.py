from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.notifications.slack.digest import Backfill, CountedFailure, Digest, News, Recovery
from dp_pipeline.notifications.slack.notice import Notice
from dp_pipeline_tests.notifications.slack.samples import texts
from dp_pipeline_tests.notifications.slack.slack_limits import check, check_plain

STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CALM = Digest(
    run_group="nightly:openligadb:2026-11-23",
    title="nightly:openligadb:2026-11-23",
    tournaments=300,
    runs=6,
    completed=1_480,
    expected=20,
    partial=0,
    failed=0,
    created=3,
    updated=41,
    unchanged=91_000,
    left_out=0,
    started_at=STARTED,
    completed_at=STARTED + timedelta(minutes=4, seconds=5),
    url="http://localhost:3000/runs/b/abcdefgh",
)
BLOCKED = CountedFailure(12, 12, ("a:b:1", "a:b:2"), ("standings",), "Not begun.", followed=True)
REFUSED = CountedFailure(
    3, 3, ("openligadb:bl1:2024", "openligadb:bl2:2024", "x:y:3"), ("matches",), "403 <no>"
)


def test_a_run_group_without_failures_is_one_green_message_with_its_counts() -> None:
    payload = CALM.payload()
    check(payload)
    check_plain(CALM.plain())
    assert payload["attachments"][0]["color"] == "#2eb67d"
    assert payload["text"] == (
        "✅ Completed: nightly:openligadb:2026-11-23 · 300 tournaments"
        " · 1,480 completed, 20 nothing expected"
    )
    assert texts(payload) == [
        "✅ Completed: nightly:openligadb:2026-11-23",
        "*Tournaments*\n300 in 6 runs",
        "*Operations*\n1,480 completed, 20 nothing expected",
        "*Rows*\n3 created, 41 updated, 91,000 unchanged",
        "*Duration*\n4 min 5 s",
        "<http://localhost:3000/runs/b/abcdefgh|Open it in Dagster>",
        "Run group: `nightly:openligadb:2026-11-23`",
        "<!date^1795399445^{date_short_pretty} {time_secs}|2026-11-23 02:04:05+00:00>",
        "Duration: 4 min 5 s",
    ]


def test_distinct_failures_are_announced_with_how_many_and_where_causes_first() -> None:
    digest = replace(CALM, failed=15, failures=(BLOCKED, REFUSED), more_failures=2)
    payload = digest.payload()
    check(payload)
    assert payload["attachments"][0]["color"] == "#e01e5a"
    shown = texts(payload)
    assert shown[0].startswith("❌ Ended with failures")
    assert shown[5] == (
        "*3 x matches* · 3 tournaments: `openligadb:bl1:2024, openligadb:bl2:2024, x:y:3`"
        "\n```\n403 &lt;no&gt;\n```"
    )
    assert shown[6].startswith("*12 x standings* · 12 tournaments: `a:b:1, a:b:2` and 10 more")
    assert shown[7] == "and 2 more kinds of failure; `dp executions` lists all"


def test_recoveries_are_named() -> None:
    recovery = Recovery("openligadb:bl1:2024", "matches", 3 * 3_600_000)
    digest = replace(CALM, recoveries=(recovery,), more_recoveries=4)
    assert "*Recovered*\n`openligadb:bl1:2024` matches after 3 h 0 min\nand 4 more" in texts(
        digest.payload()
    )


def test_a_digest_is_posted_where_what_it_is_about_is() -> None:
    recovery = Recovery("openligadb:bl1:2024", "matches", 3_600_000)
    assert CALM.kinds == {"digest"}
    assert replace(CALM, news=(News("a:b:1", "2:1"),)).kinds == {"digest", "news"}
    assert replace(CALM, recoveries=(recovery,)).kinds == {"digest", "news"}
    assert replace(CALM, failed=1).kinds == {"digest", "failure"}
    assert replace(CALM, partial=1).kinds == {"digest", "partial"}


NOTHING = replace(
    CALM, title="Backfill abcdefgh", tournaments=0, runs=0, completed=0, expected=0, created=0,
    updated=0, unchanged=0,
)  # fmt: skip


def test_a_backfill_that_failed_before_its_first_run_is_announced_with_its_error() -> None:
    digest = replace(NOTHING, backfill=Backfill("failed", 300, 0, "No such partition <x>"))
    payload = digest.payload()
    check(payload)
    check_plain(digest.plain())
    assert digest.kinds == {"digest", "failure"}
    assert payload["attachments"][0]["color"] == "#e01e5a"
    assert payload["text"] == (
        "❌ Failed: Backfill abcdefgh · partitions: 0 of 300 done · no execution"
    )
    assert texts(payload)[:5] == [
        "❌ Failed: Backfill abcdefgh",
        "*Executions*\nnone",
        "*Partitions*\n0 of 300 done",
        "*Duration*\n4 min 5 s",
        "```\nNo such partition &lt;x&gt;\n```",
    ]


def test_how_a_backfill_ended_goes_before_what_its_runs_came_to() -> None:
    def header(ended: Any, **counts: int) -> str:
        return texts(replace(CALM, backfill=Backfill(ended, 300, 12), **counts).payload())[0]

    assert header("completed").startswith("✅ Completed: ")
    assert header("completed", failed=1).startswith("❌ Ended with failures: ")
    assert header("incomplete").startswith("❌ Ended with failures: ")
    assert header("failed").startswith("❌ Failed: ")
    assert header("cancelled").startswith("⚠️ Cancelled: ")
    assert header("cancelled", failed=3).startswith("⚠️ Cancelled: ")


def test_a_backfill_that_failed_in_any_way_is_posted_where_failures_are() -> None:
    kinds = {
        ended: replace(CALM, backfill=Backfill(ended)).kinds
        for ended in ("completed", "incomplete", "failed", "cancelled")
    }
    assert kinds == {
        "completed": {"digest"},
        "incomplete": {"digest", "failure"},
        "failed": {"digest", "failure"},
        "cancelled": {"digest"},
    }


def test_partitions_that_dagster_does_not_count_are_not_said_to_be_done() -> None:
    fields = texts(replace(CALM, backfill=Backfill("completed", 1_000)).payload())
    assert "*Partitions*\n1,000 requested" in fields
    fields = texts(replace(CALM, backfill=Backfill("completed")).payload())
    assert not any("Partitions" in field for field in fields)


text = st.text(max_size=300) | st.text("<>&`*_~\\\n\x00é🏆", max_size=6_000)
count = st.integers(0, 10**9)
digests = st.builds(
    Digest,
    run_group=text,
    title=text,
    tournaments=count,
    runs=count,
    completed=count,
    expected=count,
    partial=count,
    failed=count,
    created=count,
    updated=count,
    unchanged=count,
    left_out=count,
    started_at=st.just(STARTED),
    completed_at=st.datetimes(STARTED.replace(tzinfo=None), timezones=st.just(UTC)),
    failures=st.lists(
        st.builds(
            CountedFailure,
            times=count,
            tournaments=count,
            named=st.lists(text, max_size=6).map(tuple),
            domains=st.lists(text, max_size=5).map(tuple),
            error=st.none() | text,
            followed=st.booleans(),
        ),
        max_size=8,
    ).map(tuple),
    more_failures=count,
    recoveries=st.lists(
        st.builds(Recovery, tournament=text, domain=text, after_ms=count), max_size=12
    ).map(tuple),
    more_recoveries=count,
    news=st.lists(st.builds(News, tournament=text, sentence=text), max_size=12).map(tuple),
    more_news=count,
    url=st.none() | text | st.just("http://localhost:3000/runs/b/" + "x" * 500),
    backfill=st.none()
    | st.builds(
        Backfill,
        ended=st.sampled_from(["completed", "incomplete", "failed", "cancelled"]),
        requested=st.none() | count,
        done=st.none() | count,
        error=st.none() | text,
    ),
)


@settings(max_examples=100)
@given(digests)
def test_any_digest_is_one_slack_takes(digest: Digest) -> None:
    check(digest.payload())
    check_plain(digest.plain())


@settings(max_examples=60)
@given(
    st.builds(
        Notice,
        kind=st.sampled_from(["failure", "news"]),
        title=text,
        text=text,
        detail=st.none() | text,
        url=st.none() | text,
    )
)
def test_any_notice_is_one_slack_takes(notice: Any) -> None:
    check(notice.payload())
    check_plain(notice.plain())
