"""The file of followed competitions: what it says, and every error named with its line."""

import contextlib
import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.competitions.file import (
    MOST_BYTES,
    Competitions,
    CompetitionsError,
    FollowedCompetition,
    load,
    parse,
)
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.settings import Settings, SettingsError

ENTRY = "competitions:\n  - provider: openligadb\n    competition: bl1\n"


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(CompetitionsError) as caught:
        parse(text)
    return [(problem.line, problem.sentence) for problem in caught.value.problems]


def test_nothing_is_followed_until_somebody_says_so() -> None:
    assert load(None) == Competitions()
    assert parse("") == parse("competitions:") == parse("competitions: []") == Competitions()


def test_the_examples_of_the_default_file_are_right_once_they_are_uncommented() -> None:
    text = resources.files("dp_pipeline.competitions").joinpath("competitions.yaml").read_text()
    _, examples = text.split("\ncompetitions:\n")
    followed = parse("competitions:\n" + re.sub(r"(?m)^#", "", examples)).followed
    assert followed[0] == FollowedCompetition("openligadb", "bl1", seasons_back=1, approve=True)
    assert followed[-1] == FollowedCompetition(
        "openfootball", "uefa.cl", seasons_back=0, approve=False
    )
    assert len(followed) == 4


def test_only_provider_and_competition_are_needed() -> None:
    assert parse(ENTRY).followed == (FollowedCompetition("openligadb", "bl1", 0, approve=False),)


@pytest.mark.parametrize("competition", ["17", "no", "1e3", "2024-01-01", "null.1"])
def test_a_competition_is_read_as_it_is_written_whatever_yaml_makes_of_it(
    competition: str,
) -> None:
    text = f"competitions:\n- {{provider: sofascore, competition: {competition}, approve: yes}}"
    assert parse(text).followed == (FollowedCompetition("sofascore", competition, approve=True),)


def test_every_error_is_named_with_its_line() -> None:
    text = """\
competitions:
  - provider: openligadb
    competition: bl1
    seasons_back: two
    approve: maybe
  - provider: openligatb
    competition: bl1
  - competition: BL 1
    provider: openligadb
    aprove: true
  - openligadb
  - provider: openligadb
  - provider: openfootball
    competition: en.1
    competition: en.2
    seasons_back: 101
    approve:
  - provider: [openligadb]
    competition: bl2
follow: yes
"""
    found = problems(text)
    assert [line for line, _ in found] == [4, 5, 6, 8, 10, 11, 12, 15, 16, 17, 18, 20]
    sentences = dict(found)
    assert "whole number from 0 to 100, not 'two'" in sentences[4]
    assert "true or false, not 'maybe'" in sentences[5]
    assert "no provider 'openligatb'" in sentences[6]
    assert all(provider in sentences[6] for provider in BY_NAME)
    assert "'BL 1' cannot be part of a tournament key" in sentences[8]
    assert "'aprove' is not known here; known is `provider`" in sentences[10]
    assert sentences[12] == "`competition` is missing."
    assert sentences[15] == "`competition` is given already, in line 14."
    assert sentences[17] == "`approve` has no value."
    assert sentences[18] == "`provider` must be one value, not a list."


def test_a_competition_that_is_followed_twice_is_an_error_that_names_both_lines() -> None:
    again = f"{ENTRY}  - provider: openligadb\n    competition: bl1\n    approve: true\n"
    assert problems(again) == [(4, "openligadb:bl1 is followed already, in line 2.")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("competitions: 3", 1),
        ("- provider: openligadb", 1),
        ("competitions:\n  - [", 3),
        ("competitions:\n\t- x", 2),
        ("competitions:\n  - provider: *who", 2),
        ("competitions: []\n---\ncompetitions: []", 2),
        ("competitions:\n\n  - provider: \x00", 3),
        (f"competitions:\n{'[' * 100_000}", 2),
        ("competitions: &all\n- *all", 1),
        ("<<: {competitions: []}", 1),
        ("? [competitions]\n: []", 1),
    ],
)
def test_a_file_of_another_form_is_an_error_with_a_line(text: str, line: int) -> None:
    assert [found for found, _ in problems(text)] == [line]


@given(st.text(), st.text(alphabet="[]{}:-&*#'\"\n \tab!|>%@,?"))
def test_any_text_is_read_or_refused(anything: str, marks: str) -> None:
    for text in (anything, marks, ENTRY + marks):
        with contextlib.suppress(CompetitionsError):
            assert isinstance(parse(text), Competitions)


_NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,9}", fullmatch=True).filter(
    lambda name: ".." not in name
)
_COMPETITIONS = st.builds(
    FollowedCompetition,
    st.sampled_from(sorted(BY_NAME)),
    _NAMES,
    st.integers(0, 100),
    st.booleans(),
)


@given(st.lists(_COMPETITIONS, unique_by=lambda c: (c.provider, c.competition)))
def test_what_is_written_is_read(followed: list[FollowedCompetition]) -> None:
    lines = ["competitions:"] + [
        f"  - {{provider: {c.provider}, competition: '{c.competition}', "
        f"seasons_back: {c.seasons_back}, approve: {str(c.approve).lower()}}}"
        for c in followed
    ]
    found = parse("\n".join(lines))
    assert found.followed == tuple(followed)
    assert found.digest == Competitions(tuple(reversed(followed))).digest


def test_comments_do_not_change_the_digest_and_every_value_does() -> None:
    said = parse(ENTRY).digest
    assert parse(f"# a remark\n{ENTRY}").digest == said
    changed = [
        ENTRY.replace("bl1", "bl2"),
        f"{ENTRY}    approve: true\n",
        "",
        f"{ENTRY}    seasons_back: 1",
    ]
    assert len({said, *(parse(text).digest for text in changed)}) == 5


def test_dp_competitions_names_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("\ufeff" + ENTRY, encoding="utf-8")
    monkeypatch.setenv("DP_COMPETITIONS", str(path))
    assert load(Settings.load().competitions_file).followed[0].competition == "bl1"
    path.write_text(ENTRY.replace("bl1", "bl2"))
    assert load(Settings.load().competitions_file).followed[0].competition == "bl2"


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CompetitionsError, match=r"none\.yaml cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(CompetitionsError, match=r"cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("competitions:\n# für\n".encode("latin-1"))
    with pytest.raises(CompetitionsError, match=r"latin\.yaml, line 2: This is not UTF-8"):
        load(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(CompetitionsError, match=r"larger than 2,000,000 bytes"):
        load(tmp_path / "large.yaml")


def test_a_bad_setting_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"^DP_COMPETITIONS starts with the home of an unknown"):
        Settings.load({"DP_COMPETITIONS": "~nobody-at-all/x.yaml"})
