import string
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.notifications.slack.announcement import (
    Announcement,
    Suppressed,
)
from dp_pipeline.notifications.slack.line import NOT_BEGUN, Line
from dp_pipeline_tests.notifications.slack.samples import RUN, announcement, line, texts
from dp_pipeline_tests.notifications.slack.slack_limits import check, check_plain

SMALL_PRINT = (
    "1. Fußball-Bundesliga 2024/2025"
    " · <!date^1747495803^{date_short_pretty} {time_secs}|2025-05-17 15:30:03+00:00>"
    " · took 3.2 s · `openligadb:bl1:2024`"
    " · Request ID: `11111111-2222-4333-8444-555555555555`"
    " · Tournament ID: `aaaaaaaa-bbbb-5ccc-8ddd-eeeeeeeeeeee`"
)
TEAMS = "✅ *teams* · 18 created · 850 ms · <https://cdn.example.org/reports/teams.json|report>"


def test_a_successful_run_is_announced_in_green_with_a_line_per_domain_in_order() -> None:
    message = announcement(
        line("standings", duration_ms=40),
        line("matches", created=306, duration_ms=1_240),
        line("rounds", created=0, unchanged=34, outcome="unchanged", report_url=None),
        line("teams", updated=2),
        line("tournaments", operation_type="tournament_create", created=1, duration_ms=4),
    )
    payload = message.payload()
    check(payload)
    summary = (
        "✅ Completed: 1. Fußball-Bundesliga 2024/2025 · 5 domains (5 completed)"
        " · 343 created, 2 updated, 34 unchanged"
    )
    assert payload["text"] == summary
    assert payload["attachments"][0]["fallback"] == summary
    assert payload["attachments"][0]["color"] == "#2eb67d"
    to = "<https://cdn.example.org/reports/{}.json|report>".format
    assert texts(payload) == [
        "✅ Completed: 1. Fußball-Bundesliga 2024/2025",
        "*Domains*\n5 domains (5 completed)",
        "*Rows*\n343 created, 2 updated, 34 unchanged",
        "*Duration*\n3.2 s",
        f"✅ *tournaments* · 1 created · 4 ms · {to('tournaments')}",
        f"✅ *teams* · 18 created, 2 updated · 850 ms · {to('teams')}",
        "✅ *rounds* · 34 unchanged · 850 ms · `dp report 00000000`",
        f"✅ *matches* · 306 created · 1.2 s · {to('matches')}",
        f"✅ *standings* · 18 created · 40 ms · {to('standings')}",
        f"<{RUN}|Open the run in Dagster>",
        SMALL_PRINT,
    ]


def test_a_partial_failure_is_announced_in_yellow_and_names_what_was_left_out() -> None:
    payload = Announcement.payload(
        announcement(
            line("teams"),
            line(
                "matches",
                status="partial_failure",
                created=304,
                left_out=2,
                attempt=3,
                report_url=None,
                report_key=None,
                report_error="the object store <s3> is down",
            ),
            run_url=None,
        )
    )
    check(payload)
    assert payload["attachments"][0]["color"] == "#ecb22e"
    assert texts(payload) == [
        "⚠️ Partial failure: 1. Fußball-Bundesliga 2024/2025",
        "*Domains*\n2 domains (1 completed, 1 partial failure)",
        "*Rows*\n322 created, 2 left out",
        "*Duration*\n3.2 s",
        TEAMS,
        (
            "⚠️ *matches* · 304 created, 2 left out · 850 ms"
            " · attempt 3 · report unavailable: the object store &lt;s3&gt; is down"
        ),
        "To see what was left out: `dp checks openligadb:bl1:2024`",
        "Run `11111111-2222-4333-8444-555555555555`",
        SMALL_PRINT,
    ]


def test_a_failure_is_announced_in_red_with_its_error_once_for_all_domains_that_met_it() -> None:
    failed: dict[str, Any] = {
        "status": "failed",
        "outcome": "failed",
        "created": 0,
        "duration_ms": None,
        "report_url": None,
        "report_key": None,
        "error": "OpenLigaDB answered 403 to\n<https://api.example.org/?a=1&b=2>",
    }
    payload = Announcement.payload(
        announcement(
            line("rounds", **failed),
            line("teams"),
            line("matches", **failed),
            line("standings", **{**failed, "outcome": "blocked_dependency", "error": "Waits."}),
        )
    )
    check(payload)
    assert payload["attachments"][0]["color"] == "#e01e5a"
    assert texts(payload)[0] == "❌ Failed: 1. Fußball-Bundesliga 2024/2025"
    assert texts(payload)[4:11] == [
        TEAMS,
        "❌ *rounds* · failed · no report",
        "❌ *matches* · failed · no report",
        f"{NOT_BEGUN} *standings* · not begun",
        (
            "*Error details: rounds, matches*\n"
            "```\nOpenLigaDB answered 403 to\n&lt;https://api.example.org/?a=1&amp;b=2&gt;\n```"
        ),
        "To read it again: `dp ingest openligadb:bl1:2024`",
        f"<{RUN}|Open the run in Dagster>",
    ]


def test_what_is_no_tournament_is_not_to_be_read_again() -> None:
    failed = {"status": "failed", "outcome": "failed", "error": "No such season."}
    blocked = {**failed, "outcome": "blocked_dependency", "error": "Not begun."}
    missing = line("tournaments", **failed, no_tournament=True)
    said = "\n".join(texts(Announcement.payload(announcement(missing, line("teams", **blocked)))))
    assert "To read it again" not in said
    assert "is no tournament: its partition is taken away by itself" in said
    assert "at once by `dp remove openligadb:bl1:2024`." in said


def test_the_plain_text_says_the_same_without_blocks() -> None:
    payload = Announcement.plain(
        announcement(
            line("teams"), line("matches", status="failed", outcome="failed", error="no ```way```")
        )
    )
    check_plain(payload)
    assert payload["text"].replace("\u200b", "") == (
        "❌ Failed: 1. Fußball-Bundesliga 2024/2025 · matches: no ```way```\n"
        "✅ *teams* · 18 created · 850 ms"
        " · <https://cdn.example.org/reports/teams.json|report>\n"
        "❌ *matches* · failed · 18 created · 850 ms"
        " · <https://cdn.example.org/reports/matches.json|report>\n"
        "*Error details: matches*\n```\nno ```way```\n```\n"
        "To read it again: `dp ingest openligadb:bl1:2024`\n"
        f"<{RUN}|Open the run in Dagster>\n"
        "Request ID: `11111111-2222-4333-8444-555555555555`"
    )


def test_a_failure_without_error_text_says_so() -> None:
    payload = Announcement.payload(announcement(line("teams", status="failed", error=None)))
    assert "*Error details: teams*\n```\nNo error text was recorded.\n```" in texts(payload)


def test_a_long_error_keeps_its_head_and_its_tail() -> None:
    error = "Traceback: begins here" + "x" * 100_000 + "KeyError: 'goals'"
    payload = Announcement.payload(announcement(line("matches", status="failed", error=error)))
    check(payload)
    shown = texts(payload)[5]
    assert shown.startswith("*Error details: matches*\n```\nTraceback: begins here")
    assert shown.endswith("KeyError: 'goals'\n```")
    left_out = shown[shown.index("… ") + 2 : shown.index(" characters left out …")]
    assert shown.count("x") + int(left_out.replace(",", "")) == 100_000


def test_of_many_attempts_the_worst_and_latest_are_shown_and_the_rest_counted() -> None:
    domains = ("tournaments", "teams", "rounds", "matches", "standings")
    attempts = [line(domain, attempt=n) for domain in domains for n in range(1, 9)]
    attempts.append(line("teams", status="failed", attempt=1, error="too late"))
    payload = Announcement.payload(announcement(*attempts))
    check(payload)
    shown = texts(payload)[4:15]
    assert shown[-1] == "and 31 more"
    assert [text.split("*")[1] for text in shown[:-1]] == (
        ["tournaments"] + ["teams"] * 3 + ["rounds"] * 2 + ["matches"] * 2 + ["standings"] * 2
    )
    assert shown[1].startswith("❌ *teams*")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://cdn.example.org/report.json",
        "https://",
        "https://[",
        "/runs/1",
        "https://user:password@cdn.example.org/report.json",
        "https://cdn.example.org/" + "a" * 3_000,
        "https://cdn.example.org/\x00",
        "https://cdn.example.org/\ud800",
    ],
)
def test_an_address_that_is_no_link_is_not_linked(url: str) -> None:
    payload = Announcement.payload(announcement(line("teams", report_url=url), run_url=url))
    check(payload)
    assert texts(payload)[4].endswith(" · `dp report 00000000`")
    assert texts(payload)[5] == "Run `11111111-2222-4333-8444-555555555555`"


def test_a_link_cannot_be_broken_out_of() -> None:
    url = "https://cdn.example.org/a b|<!channel>?q=ü&r=%20"
    payload = Announcement.payload(announcement(line("teams", report_url=url)))
    check(payload)
    assert texts(payload)[4].endswith(
        " · <https://cdn.example.org/a%20b%7C%3C!channel%3E?q=%C3%BC&amp;r=%20|report>"
    )


@pytest.mark.parametrize("label", [None, "", " \n", "\u200b\u202e", "\x00"])
def test_a_tournament_without_a_name_is_announced_by_its_key(label: str | None) -> None:
    payload = Announcement.payload(announcement(line("teams"), tournament_label=label))
    check(payload)
    expected = "�" if label == "\x00" else "openligadb:bl1:2024"
    assert texts(payload)[0] == f"✅ Completed: {expected}"


HOSTILE = st.one_of(
    st.text(st.characters(), max_size=60),
    st.text("&<>`|*_~:@#!\\\"'\n\r\t\x00\x1b\u202e\ud83d😀ü ", max_size=60),
    st.sampled_from(
        [
            "<!channel> <@U012345> <https://evil.example|click>",
            "```" * 5,
            "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07",
            "&" * 4_000,
            "😀" * 4_000,
            '"\\' * 4_000,
            "`" * 4_000,
            "\ud83d" * 4_000,
            "\n" * 4_000,
            "long " * 2_000,
            string.printable,
        ]
    ),
)
URLS = st.one_of(st.none(), HOSTILE, HOSTILE.map(lambda tail: f"https://cdn.example.org/{tail}"))
COUNTS = st.one_of(st.just(0), st.integers(0, 2**63))
MOMENTS = st.integers(0, 100_000_000_000).map(
    lambda s: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
LINES = st.builds(
    Line,
    execution_id=st.uuids(),
    domain=HOSTILE | st.sampled_from(["teams", "matches"]),
    operation_type=HOSTILE,
    status=st.sampled_from(["in_progress", "completed", "partial_failure", "failed"]),
    outcome=st.none() | HOSTILE,
    created=COUNTS,
    updated=COUNTS,
    unchanged=COUNTS,
    left_out=COUNTS,
    duration_ms=st.none() | st.integers(-(2**31), 2**63),
    attempt=COUNTS,
    report_url=URLS,
    report_key=st.none() | HOSTILE,
    report_error=st.none() | HOSTILE,
    error=st.none() | HOSTILE,
    news=st.lists(HOSTILE, max_size=60).map(tuple),
    scope=st.sampled_from(["whole", "part", "nothing"]),
)


@settings(max_examples=150)
@given(
    st.builds(
        Announcement,
        request_id=st.uuids(),
        tournament_key=HOSTILE,
        tournament_label=st.none() | HOSTILE,
        tournament_id=st.uuids(),
        lines=st.lists(LINES, min_size=1, max_size=14).map(tuple),
        started_at=st.just(datetime(2025, 1, 1, tzinfo=UTC)),
        completed_at=MOMENTS,
        run_url=URLS,
        suppressed=st.none() | st.builds(Suppressed, polls=COUNTS, rows=COUNTS, since=MOMENTS),
    )
)
def test_slack_takes_the_message_whatever_the_texts_are(message: Announcement) -> None:
    check(message.payload())
    check_plain(message.plain())


@pytest.mark.slow
def test_a_message_full_of_the_heaviest_text_stays_within_the_whole_limit() -> None:
    heavy = '"&<>\\' * 800  # more than Slack's 3,000 characters of a text
    lines = [
        Line(
            execution_id=UUID(int=n),
            domain=heavy,
            operation_type=heavy,
            status="failed",
            outcome=heavy,
            created=2**63,
            updated=2**63,
            unchanged=2**63,
            left_out=2**63,
            duration_ms=2**63,
            attempt=2**63,
            report_url="https://cdn.example.org/" + "a" * 560,
            report_key=heavy,
            report_error=heavy,
            error=f"{n}{heavy}",
            news=(heavy,) * 50,
        )
        for n in range(100)
    ]
    for count in (1, 2, 5, 8, 10, 11, 100):
        message = announcement(
            *lines[:count],
            tournament_key=heavy,
            tournament_label=heavy,
            run_url="https://dagster.example.org/" + "r" * 540,
            completed_at=datetime(2025, 5, 17, tzinfo=UTC) + timedelta(days=365_000),
            suppressed=Suppressed(2**63, 2**63, datetime(9999, 5, 17, tzinfo=UTC)),
        )
        check(message.payload())
        check_plain(message.plain())


def test_the_ends_of_a_whole_matchday_are_all_announced() -> None:
    news = tuple(
        f"Simulated Brightwell {n} - Simulated Juniperton {n} (round-of-32) ended 1:1 (5:4 pens)."
        for n in range(48)
    )
    message = announcement(
        *(line(domain) for domain in ("tournaments", "rounds", "standings")),
        line("matches", news=news),
    )
    payload = message.payload()
    check(payload)
    told = [text for part in texts(payload) for text in part.splitlines()]
    assert [text for text in told if "ended" in text] == list(news)
    assert payload["text"] == (
        "\N{WHITE HEAVY CHECK MARK} News: 1. Fußball-Bundesliga 2024/2025 · "
        "Simulated Brightwell 0 - Simulated Juniperton 0 (round-of-32) ended 1:1 (5:4 pens). "
        "And 47 more."
    )


def test_the_polls_before_the_news_are_counted_above_the_ids() -> None:
    since = datetime(2025, 5, 17, 13, 31, tzinfo=UTC)
    when = "<!date^1747488660^{date_short_pretty} {time_secs}|2025-05-17 13:31:00+00:00>"
    for suppressed, said in (
        (Suppressed(12, 17, since), f"Before it, 12 polls since {when} wrote 17 rows without news"),
        (Suppressed(1, 1, since), f"Before it, 1 poll since {when} wrote 1 row without news"),
    ):
        payload = Announcement.payload(
            announcement(line("matches", news=("It is over.",)), suppressed=suppressed)
        )
        check(payload)
        context = payload["attachments"][0]["blocks"][-1]["elements"]
        assert [element["text"] for element in context] == [said, SMALL_PRINT]


def test_news_without_room_are_counted() -> None:
    news = tuple(f"{n} {'long ' * 50}" for n in range(50))
    payload = Announcement.payload(announcement(line("matches", news=news)))
    check(payload)
    told = [text for part in texts(payload) for text in part.splitlines()]
    shown = sum("long long" in text for text in told)
    assert 20 < shown < 50
    assert f"and {50 - shown} more" in told
