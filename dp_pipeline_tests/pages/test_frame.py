"""The frame of all pages: nothing they show is markup, and nothing is loaded from elsewhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsel import Selector

from dp_pipeline.pages.frame import page, style
from dp_pipeline.pages.palette import INKS, contrast


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "one.html"
    path.write_text(
        '{% extends "base.html" %}{% block body %}<p title="{{ it }}">{{ it }}</p>{% endblock %}'
    )
    return path


@given(st.text())
def test_any_text_is_text(template: Path, text: str) -> None:
    body = Selector(text=page(template, {"it": text})).css("body *")
    assert [each.root.tag for each in body] == ["p"]
    assert list(body[0].attrib) == ["title"]


def test_a_page_loads_nothing(template: Path) -> None:
    whole = page(template, {"it": ""})
    assert "default-src 'none'" in whole
    assert not any(word in whole for word in ("<script", "<link", "src=", "url(", "@import"))


@pytest.mark.parametrize("paper", ["light", "dark"])
def test_text_stands_out_from_paper(paper: str) -> None:
    behind = getattr(INKS["paper"], paper)
    for use in ("ink", "soft", "first"):
        assert contrast(getattr(INKS[use], paper), behind) >= 4.5, use


def test_every_colour_of_the_style_is_one_of_the_palette() -> None:
    assert {part.split(")")[0] for part in style().split("var(--")[1:]} <= set(INKS)
