"""Charts as files: sound for any name, the same for the same data, readable without colour."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # ty: ignore[missing-module-member] - compiled, without stubs

from dp_pipeline.pages.palette import HIGHLIGHTS, INKS, contrast, in_page
from dp_pipeline.pages.words import one_line
from dp_pipeline.publish.drawing import lines, sheet
from dp_pipeline.publish.drawing.pictures import MOST_BYTES, drawn
from dp_pipeline.publish.drawing.sheet import DrawnChart, fonts_for
from dp_pipeline.publish.figures import charts_of
from dp_pipeline.publish.words import ordinal, shortened, width
from dp_pipeline_tests.publish.seasons import ATTRIBUTION, cup, season, with_everything

CLUBS = ["Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda"]
HOSTILE = [
    "</text><script>alert(1)</script>",
    "$\\frac{1}{0}$ & <b>",
    "a\x07\u202eb\nc\ud800]]>",
    "&amp;#x26;",
    "\u0000",
    "x" * 300,
]
SVG = "{http://www.w3.org/2000/svg}"


def every(names: list[str]) -> list[DrawnChart]:
    """All charts of a league of these names, and a bracket."""
    return [drawn(chart, ATTRIBUTION) for chart in charts_of(with_everything(names))]


def parsed(chart: DrawnChart) -> etree._Element:
    return etree.fromstring(chart.svg.encode())


@pytest.fixture(scope="module")
def charts() -> list[DrawnChart]:
    return every(CLUBS)


def test_equal_data_is_equal_bytes(charts: list[DrawnChart]) -> None:
    assert every(CLUBS) == charts
    assert len({chart.about.slug for chart in charts}) == len(charts) == 5


def test_a_picture_says_what_it_is_to_who_does_not_see_it(charts: list[DrawnChart]) -> None:
    for chart in charts:
        root = parsed(chart)
        assert root.get("role") == "img"
        title, description = root[0], root[1]
        assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text == chart.about.title
        assert len(description.text or "") > 60


def test_the_attribution_stands_in_every_chart(charts: list[DrawnChart]) -> None:
    for chart in charts:
        texts = "".join(text.text or "" for text in parsed(chart).iter(f"{SVG}text"))
        assert ATTRIBUTION.replace(" ", "") in texts.replace(" ", "")


def test_pictures_share_no_id_and_no_style_when_they_stand_in_one_page(
    charts: list[DrawnChart],
) -> None:
    ids = [element.get("id") for chart in charts for element in parsed(chart).iter()]
    given_ids = [each for each in ids if each is not None]
    assert len(given_ids) == len(set(given_ids))
    for chart in charts:
        assert "<style" not in chart.svg
        referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', chart.svg))
        assert referred <= set(given_ids)
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", chart.svg).replace(ATTRIBUTION, "")


def test_small_pictures_are_small(charts: list[DrawnChart]) -> None:
    for chart in charts:
        assert (chart.png is None) is (chart.about.slug == "results")
        assert len(chart.png or b"") <= MOST_BYTES


def test_names_from_anywhere_are_text_and_nothing_else() -> None:
    for chart in every(HOSTILE):
        root = parsed(chart)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            *("svg", "title", "desc", "g", "path", "text", "defs", "clipPath", "rect", "use"),
            *("pattern",),
        }
        assert not re.search("[\x00-\x08\u202e]", chart.svg)


@settings(max_examples=15)
@given(st.lists(st.text(max_size=30), min_size=6, max_size=6), st.integers(0, 30))
def test_any_names_and_any_number_of_results_are_drawn(names: list[str], played: int) -> None:
    for chart in charts_of(season(names, played=played)):
        svg = parsed(drawn(chart, ATTRIBUTION, 0))
        for side in ("width", "height"):
            assert float(svg.get(side)) < 5000


def test_a_table_of_36_and_a_cup_of_64_have_room_for_every_name() -> None:
    names = [f"Sporting Clube {n}" for n in range(36)]
    few = season(names, played=18 * 8)
    for chart in (*charts_of(few), *charts_of(cup(64))):
        svg = parsed(drawn(chart, ATTRIBUTION, 0))
        texts = [
            float(t) for t in re.findall(r"font-size: ([\d.]+)px", etree.tostring(svg).decode())
        ]
        assert min(texts) >= sheet.SMALL
    places = parsed(drawn(charts_of(few)[0], ATTRIBUTION, 0))
    said = [text.text for text in places.iter(f"{SVG}text")]
    assert len([each for each in said if each and "Sporting Clube" in each]) == 36


def test_what_no_font_here_has_is_left_to_the_readers_and_never_a_box() -> None:
    unknown = "\ue000"  # for private use: no font of the list has it
    assert fonts_for("Łódź Ζητα Зенит") == ([], "")
    assert fonts_for(f"A{unknown}")[1] == unknown
    names = [f"{unknown} {name}" for name in CLUBS]
    places = drawn(charts_of(season(names))[0], ATTRIBUTION)
    assert places.png is None
    assert places.without_font == unknown
    assert f"{unknown} Ahlen" in places.svg


def test_highlighted_lines_differ_by_stroke_and_mark() -> None:
    strokes, marks = zip(*lines.STYLES, strict=True)
    assert len(set(map(str, strokes))) == len(set(marks)) == len(HIGHLIGHTS)


@pytest.mark.parametrize("paper", ["light", "dark"])
def test_colours_are_told_from_the_paper(paper: str) -> None:
    ink = {use: getattr(each, paper) for use, each in INKS.items()}
    for use in ("ink", "soft", *HIGHLIGHTS):
        assert contrast(ink[use], ink["paper"]) >= 4.5, use
    assert contrast(ink["line"], ink["paper"]) >= 3
    for field in ("won", "drawn", "lost"):
        assert contrast(ink["ink"], ink[field]) >= 7, field


def test_in_a_page_every_colour_is_one_of_the_pages(charts: list[DrawnChart]) -> None:
    assert all(a.light != b.light for a, b in combinations(INKS.values(), 2))
    for chart in charts:
        assert not re.search(r"#[0-9a-f]{6}\b", in_page(chart.svg))


def test_words() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
    ]
    assert one_line(" a\t\nb\u202ec\x00 ") == "a bc"
    assert shortened("Borussia Mönchengladbach", 10).endswith("…")
    assert width(shortened("上海申花上海申花", 5)) <= 5
    assert shortened("Ajax", 10) == "Ajax"
