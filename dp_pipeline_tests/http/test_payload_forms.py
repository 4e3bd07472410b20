"""A payload in a form that we do not know is named by its first paths."""

import json
import traceback
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import InvalidShapeError, NotFoundError
from dp_pipeline_tests.http.clients import using
from dp_pipeline_tests.http.wire import http, wire


class Score(BaseModel):
    ft: list[int]


class Fixture(BaseModel):
    score: Score


class Season(BaseModel):
    matches: list[Fixture]


def test_a_payload_of_another_form_is_named_by_its_first_paths() -> None:
    good, bad = {"score": {"ft": [1, 2]}}, {"score": {"ft": "hunter2"}}
    payload = {"matches": [good, good, good, *[bad] * 500]}
    with wire(http(body=json.dumps(payload).encode())) as server:

        async def work(requests: Requests) -> InvalidShapeError:
            with pytest.raises(InvalidShapeError) as caught:
                await requests.json("/2024-25/en.1.json", Season.model_validate)
            assert requests.taken()[0].error == "invalid_shape"
            return caught.value

        error = using(server.url, work)
    assert error.message.startswith(
        "openligadb answered /2024-25/en.1.json in a form we do not know: 500 errors, first: "
        "matches[3].score.ft: Input should be a valid list; matches[4].score.ft: "
    )
    rendered = "".join(traceback.format_exception(error))
    assert "hunter2" not in rendered
    assert "matches.3.score.ft" in rendered
    assert len(rendered) < 10_000
    assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize("body", [b"{}", b"", b"null", b"7"])
def test_another_form_altogether_is_named_too(body: bytes) -> None:
    async def work(requests: Requests) -> InvalidShapeError:
        with pytest.raises(InvalidShapeError) as caught:
            await requests.json("/x", TypeAdapter(list[int]).validate_python)
        return caught.value

    with wire(http(body=body)) as server:
        error = using(server.url, work)
    assert "1 error: the whole answer: Input should be a valid list." in error.message


def test_what_parse_says_passes_and_its_bugs_stay_bugs() -> None:
    def nothing(payload: Any) -> None:
        reason = f"no season in {len(payload)} lists"
        raise NotFoundError(reason)

    def bug(payload: Any) -> Any:
        return payload["matches"]

    async def work(requests: Requests) -> None:
        for _ in range(2):
            with pytest.raises(NotFoundError, match="no season in 0 lists") as caught:
                await requests.json("/nothing", nothing)
            assert caught.value.url
            assert caught.value.url.endswith("/nothing")
            with pytest.raises(TypeError):
                await requests.json("/bug", bug)
        assert [line.error for line in requests.taken()] == ["not_found", "TypeError"]

    with wire(http()) as server:
        using(server.url, work)
        assert len(server) == 2
