from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.notifications.slack.digest import (
    Backfill,
    Changed,
    CountedFailure,
    Digest,
    News,
    Recovery,
    Subject,
)
from dp_pipeline.notifications.slack.notice import Notice
from dp_pipeline_tests.notifications.slack.samples import texts
from dp_pipeline_tests.notifications.slack.slack_limits import check, check_plain

STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CALM = Digest(
    run_group="nightly:openligadb:2026-11-23",
    subject=Subject("Nightly refresh of OpenLigaDB"),
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
    changed=(Changed("Bundesliga 2026/27", 1, 40), Changed("DFB-Pokal 2026/27", 2, 1)),
    changed_tournaments=12,
)
MISSING = CountedFailure(12, ("Serie A 2024/25", "La Liga 2024/25"), ("matches",), "There is none.")
REFUSED = CountedFailure(
    3, ("Bundesliga 2024/25", "2. Bundesliga 2024/25", "<Cup>"), ("matches", "teams"), "403 <no>"
)


def test_a_run_group_without_failures_is_one_green_message_with_its_counts() -> None:
    payload = CALM.payload()
    check(payload)
    check_plain(CALM.plain())
    assert payload["attachments"][0]["color"] == "#2eb67d"
    assert payload["text"] == ("✅ Nightly refresh of OpenLigaDB: 300 tournaments, 12 updated")
    assert texts(payload) == [
        "✅ Nightly refresh of OpenLigaDB: 300 tournaments, 12 updated",
        "*Tournaments*\n300 in 6 runs",
        "*Executions*\n1,480 completed, 20 nothing expected",
        "*Rows*\n3 created, 41 updated, 91,000 unchanged",
        "*Duration*\n4 min 5 s",
        (
            "*Updated*\nBundesliga 2026/27 · 1 created, 40 updated"
            "\nDFB-Pokal 2026/27 · 2 created, 1 updated\nand 10 more"
        ),
        "<http://localhost:3000/runs/b/abcdefgh|Open it in Dagster>",
        (
            "<!date^1795399445^{date_short_pretty} {time_secs}|2026-11-23 02:04:05+00:00>"
            " · took 4 min 5 s · Run group: `nightly:openligadb:2026-11-23`"
        ),
    ]


def test_each_reason_has_its_own_tournaments_by_name_the_frequent_ones_first() -> None:
    digest = replace(
        CALM, failed=15, failures=(REFUSED, MISSING), more_failures=2, failed_tournaments=15
    )
    payload = digest.payload()
    check(payload)
    assert payload["attachments"][0]["color"] == "#e01e5a"
    shown = texts(payload)
    assert shown[0] == ("❌ Nightly refresh of OpenLigaDB: 300 tournaments, 12 updated, 15 failed")
    assert payload["text"].endswith("15 failed · There is none."), "what a telephone shows"
    assert shown[5] == (
        "*12 tournaments* failed at matches: Serie A 2024/25, La Liga 2024/25 and 10 more"
        "\n```\nThere is none.\n```"
    )
    assert shown[6] == (
        "*3 tournaments* failed at matches, teams: Bundesliga 2024/25, 2. Bundesliga 2024/25, "
        "&lt;Cup&gt;"
        "\n```\n403 &lt;no&gt;\n```"
    )
    assert shown[7:9] == [
        "and 2 more reasons; `dp executions` lists all",
        "To try again what failed: `dp retry`",
    ]


def test_a_reason_links_the_report_of_one_execution_or_says_what_to_type() -> None:
    report = "https://cdn.example.org/report.html"
    linked = replace(MISSING, execution_id="7d580396-73dc", report_url=report)
    long = replace(
        REFUSED, tournaments=1, execution_id="0b6d0396-73dc", report_url=f"{report}?{'s' * 1_500}"
    )
    payload = replace(CALM, failed=15, failures=(linked, *[long] * 5)).payload()
    check(payload)
    shown = texts(payload)
    assert shown[5].endswith(f"```\nReport of one of them: <{report}|report>")
    assert shown[6].endswith("```\nReport: `dp report 0b6d0396`")


def test_recoveries_are_named() -> None:
    recovery = Recovery("Bundesliga 2024/25", "matches", 3 * 3_600_000)
    digest = replace(CALM, recoveries=(recovery,), more_recoveries=4)
    assert "*Recovered*\nBundesliga 2024/25 · matches after 3 h 0 min\nand 4 more" in texts(
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
    CALM, subject=Subject("Backfill", "filled"), tournaments=0, runs=0, completed=0, expected=0,
    created=0, updated=0, unchanged=0, changed=(), changed_tournaments=0,
)  # fmt: skip


def test_a_backfill_that_failed_before_its_first_run_is_announced_with_its_error() -> None:
    digest = replace(NOTHING, backfill=Backfill("failed", 300, 0, "No such partition <x>"))
    payload = digest.payload()
    check(payload)
    check_plain(digest.plain())
    assert digest.kinds == {"digest", "failure"}
    assert payload["attachments"][0]["color"] == "#e01e5a"
    assert payload["text"] == ("❌ Backfill of 300 tournaments failed: none filled, 300 not begun")
    assert texts(payload)[:5] == [
        "❌ Backfill of 300 tournaments failed: none filled, 300 not begun",
        "*Executions*\nnone",
        "*Partitions*\n0 of 300 done",
        "*Duration*\n4 min 5 s",
        "```\nNo such partition &lt;x&gt;\n```",
    ]


def test_a_backfill_is_called_by_what_it_came_to() -> None:
    def header(ended: Any, **counts: int) -> str:
        backfill = replace(
            CALM,
            subject=Subject("Backfill", "filled"),
            tournaments=counts.pop("tournaments", 30),
            backfill=Backfill(ended, 30, 12),
            **counts,
        )
        return texts(backfill.payload())[0]

    failed = {"failed": 9, "failed_tournaments": 3}
    assert header("completed") == "✅ Backfill of 30 tournaments: 30 filled"
    assert header("incomplete", **failed) == "❌ Backfill of 30 tournaments: 27 filled, 3 failed"
    assert header("completed", passing=9, **failed) == (
        "⚠️ Backfill of 30 tournaments: 27 filled, 3 not done yet"
    )
    assert header("completed", empty_tournaments=2) == (
        "✅ Backfill of 30 tournaments: 28 filled, 2 with nothing to store"
    )
    assert header("cancelled", tournaments=12) == (
        "⚠️ Backfill of 30 tournaments was cancelled: 12 filled, 18 not begun"
    )
    assert header("failed", tournaments=0) == (
        "❌ Backfill of 30 tournaments failed: none filled, 30 not begun"
    )


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
    subject=st.builds(Subject, name=text, does=st.sampled_from(["updated", "filled", "read"])),
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
            tournaments=count,
            named=st.lists(text, max_size=6).map(tuple),
            domains=st.lists(text, max_size=5).map(tuple),
            error=st.none() | text,
            execution_id=st.uuids().map(str),
            report_url=st.none() | text | st.just("https://cdn.example.org/" + "x" * 900),
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
    changed=st.lists(
        st.builds(Changed, tournament=text, created=count, updated=count), max_size=10
    ).map(tuple),
    changed_tournaments=count,
    failed_tournaments=count,
    empty_tournaments=count,
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
