import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database.store import Change, Stored
from dp_pipeline.http.request_log import Request
from dp_pipeline.ledger.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.ledger.execution import LONGEST_ERROR, Execution, Run
from dp_pipeline.ledger.ledger import storable, tournament_id_of
from dp_pipeline.ledger.report import report
from dp_pipeline.providers.errors import BlockedError
from dp_pipeline.providers.fetched import Absence, Fetched, Finding

KEY = "openligadb:bl1:2024"


def an_execution(key: str = KEY, **fields: object) -> Execution:
    return Execution(
        run=Run(uuid4(), url="http://localhost:3000/runs/1"),
        key=storable(key),
        tournament_id=tournament_id_of(key),
        domain="matches",
        **fields,  # ty: ignore[invalid-argument-type]
    )


def stored(created: int = 0, unchanged: int = 0, *changes: Change) -> Stored:
    return Stored("match", tuple(uuid4() for _ in range(created)), tuple(changes), unchanged)


def test_an_execution_that_wrote_is_completed_and_written() -> None:
    execution = an_execution(create=True)
    with execution.step("scraping", "fetch_matches") as data:
        data["found"] = 2
    execution.received(Fetched(items=("a", "b")))
    with execution.step("database", "upsert_matches"):
        execution.wrote(stored(2))
    execution.finish()

    assert (execution.status, execution.outcome) == ("completed", "written")
    assert execution.operation_type == "matches_create"
    summary = execution.summary()
    assert summary["operationsCount"] == summary["totalOperations"] == 3
    assert summary["entityId"] == str(execution.tournament_id)
    assert summary["entityLabel"] == execution.label
    assert summary["successfulOperations"] == 3
    assert summary["failedOperations"] == 0
    assert summary["created"] == 2


def test_an_execution_that_found_everything_equal_is_unchanged() -> None:
    execution = an_execution()
    execution.wrote(stored(0, 306))
    execution.finish()

    assert (execution.status, execution.outcome) == ("completed", "unchanged")
    assert execution.operation_type == "matches_update"
    assert execution.summary()["unchanged"] == 306


def test_an_entity_left_out_makes_a_partial_failure_and_is_named_in_its_bucket() -> None:
    execution = an_execution()
    finding = Finding(
        "unknown_team", "A - B", "Team B is not stored.", left_out=True, data={"id": "b"}
    )
    doubt = Finding("merged_team_name", "B FC", "Also written B.")
    execution.received(Fetched(items=("a",), findings=(finding, doubt)))
    execution.wrote(stored(1))
    execution.finish()

    found = report(execution)
    assert execution.status == "partial_failure"
    assert execution.outcome == "written"
    assert found["leftOut"] == {
        "unknown_team": [
            {"subject": "A - B", "detail": "Team B is not stored.", "data": {"id": "b"}}
        ]
    }
    assert list(found["findings"]) == ["merged_team_name"]
    assert found["summary"]["failedOperations"] == 1


def test_what_is_not_published_yet_is_a_completed_execution_that_says_why() -> None:
    execution = an_execution()
    execution.nothing(Absence("nothing_yet", "There are no matches yet."))
    execution.finish()

    assert (execution.status, execution.outcome) == ("completed", "nothing_yet")
    assert execution.summary()["because"] == "There are no matches yet."


@pytest.mark.parametrize(
    ("error", "outcome", "retryable"),
    [
        (BlockedDependencyError("No team is stored."), "blocked_dependency", False),
        (SuspiciousPayloadError("0 matches where 306 are stored."), "suspicious_payload", False),
        (BlockedError("The provider refused (HTTP 403).", status=403), "failed", False),
        (KeyError("oops"), "failed", False),
    ],
)
def test_an_error_decides_the_outcome_and_says_whether_to_try_again(
    error: Exception, outcome: str, *, retryable: bool
) -> None:
    execution = an_execution()
    execution.fail(error)
    execution.finish()

    assert execution.status == "failed"
    assert execution.outcome == outcome
    assert execution.summary()["failedOperations"] == 1
    assert execution.summary()["error"] == report(execution)["error"]["message"]
    assert report(execution)["error"]["retryable"] is retryable


def test_a_failed_step_is_recorded_with_its_error_and_counted_once() -> None:
    execution = an_execution()
    refusal = BlockedError("The provider refused (HTTP 403).", status=403, snippet="{}")

    def fetch() -> None:
        with execution.step("scraping", "fetch_matches"):
            raise refusal

    with pytest.raises(BlockedError):
        fetch()
    execution.fail(refusal)

    (operation,) = report(execution)["operations"]
    assert operation["status"] == "failed"
    assert operation["error"] == "The provider refused (HTTP 403)."
    assert execution.failed_operations == 1


def test_an_unexpected_error_brings_its_trace_without_secrets() -> None:
    execution = an_execution(conceal=lambda text: text.replace("s3cret", "***"))
    try:
        message = "could not use s3cret"
        raise RuntimeError(message)  # noqa: TRY301
    except RuntimeError as error:
        execution.fail(error)

    found = report(execution)
    assert found["error"]["message"] == "RuntimeError: could not use ***"
    assert "Traceback" in found["error"]["trace"]
    assert "s3cret" not in json.dumps(found)


def test_the_report_lists_changes_field_by_field_and_requests_with_status_and_bytes() -> None:
    execution = an_execution()
    change = Change(uuid4(), {"home_score": (None, 2), "status": ("scheduled", "ended")})
    execution.wrote(stored(0, 305, change))
    execution.requests.append(
        Request(
            "https://x.example/getmatchdata/bl1/2024",
            200,
            686_208,
            0.25,
            1,
            reused=False,
            error=None,
        )
    )
    execution.finish()

    found = report(execution)
    assert found["changes"][0]["updated"][0]["fields"] == {
        "home_score": {"from": None, "to": 2},
        "status": {"from": "scheduled", "to": "ended"},
    }
    assert found["requests"][0]["status"] == 200
    assert found["summary"]["bytes"] == 686_208
    assert found["durationMs"] >= 0


def test_messages_do_not_say_what_is_bookkeeping_or_a_first_picture() -> None:
    told = [
        {
            "table": "tournament",
            "row": "Liga",
            "field": "status",
            "from": "upcoming",
            "to": "active",
        },
        {"table": "team", "row": "Köln", "field": "described_in", "from": "a", "to": "b"},
        {"table": "tournament_team", "row": "Köln", "field": "badge", "from": None, "to": "x.png"},
        {
            "table": "tournament_team",
            "row": "Bonn",
            "field": "badge",
            "from": "y.png",
            "to": "z.png",
        },
        {"table": "team", "row": "Bonn", "field": "country", "from": "D", "to": "Germany"},
    ]
    said = ["Bonn: badge is another one", "Bonn: country D -> Germany"]
    for create, more in ((True, []), (False, ["Liga: status upcoming -> active"])):
        execution = an_execution(create=create)
        execution.note_changes(told)
        assert execution.changed == told, "the report has all of it"
        assert execution.noted["changed"] == [*more, *said]


def test_the_place_of_a_report_names_the_tournament_and_cannot_be_guessed() -> None:
    one, other = an_execution(), an_execution()
    assert one.report_file_key.startswith("data-provider-operation-reports/openligadb/bl1/2024/")
    assert one.report_file_key != other.report_file_key
    assert one.report_file_key == one.report_file_key
    assert len(one._token) == 16


@given(key=st.text(max_size=200), text=st.text(max_size=10_000))
def test_any_key_and_any_text_give_a_report_and_a_place_that_can_be_stored(
    key: str, text: str
) -> None:
    execution = an_execution(key)
    execution.add_findings(Finding("odd", text, text, left_out=True, data={"text": text}))
    execution.fail(RuntimeError(text))
    execution.finish()

    body = json.dumps(report(execution), ensure_ascii=False).encode("utf-8", "replace")
    assert b"\\u0000" not in body
    assert len(execution.summary()["error"]) <= LONGEST_ERROR + 100
    parts = execution.report_file_key.split("/")
    assert all(part not in ("", ".", "..") for part in parts)
    assert execution.report_file_key.isascii()
    assert isinstance(execution.tournament_id, UUID)
