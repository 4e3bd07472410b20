"""`dp seasons` and `dp approve`."""

import pytest
from click.testing import CliRunner, Result

from dp_pipeline.cli.group import main
from dp_pipeline_tests.competitions.place import Place, requested


def typed(place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("DP_DATABASE_URL", place.url)
    return CliRunner().invoke(main, arguments)


def test_a_person_sees_what_waits_and_approves_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    follows_nothing = f"{place.file} follows no competition; take the # from the entries"
    assert follows_nothing in typed(place, monkeypatch, "seasons").output.replace("\n", "")
    place.follow("{provider: openligadb, competition: bl1, seasons_back: 1}")
    assert "is listed yet" in typed(place, monkeypatch, "seasons").output
    newest, before = place.list_seasons("openligadb:bl1", "2026", "2025", approve=False)
    approved = typed(place, monkeypatch, "approve", before)
    assert (approved.exit_code, approved.output) == (0, f"{before} is approved.\n")
    lines = [
        line for line in typed(place, monkeypatch, "seasons").output.splitlines() if ":" in line
    ]
    assert newest in lines[-2]
    assert "to be approved" in lines[-2]
    assert before in lines[-1]
    assert requested(place.tick()) == [before]


def test_a_season_nobody_listed_cannot_be_approved(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = place.list_seasons("openligadb:bl1", "2026", approve=False)
    said = typed(place, monkeypatch, "approve", known, "openligadb:bl2:2026")
    assert said.exit_code == 1
    assert f"{known} is approved." in said.output
    assert "Not listed by any followed competition: openligadb:bl2:2026." in said.output
    assert typed(place, monkeypatch, "approve", "bl1").exit_code == 2


def test_a_file_with_errors_is_said_in_sentences(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.file.write_text("competitions:\n- provider: nobody\n")
    said = typed(place, monkeypatch, "seasons")
    assert said.exit_code == 1
    assert "line 2: `competition` is missing." in said.output
